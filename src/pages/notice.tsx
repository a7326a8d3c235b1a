// A message above the content, about a change or an error. Screen readers announce it.
import type { Child } from 'hono/jsx';

export const Notice = ({ kind, children }: { kind: 'good' | 'bad'; children?: Child }) => (
  <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);
