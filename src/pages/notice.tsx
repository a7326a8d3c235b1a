// A message above the content: something was done, or something went wrong. Read aloud when it appears.
import type { Child } from 'hono/jsx';

export const Notice = ({ kind, children }: { kind: 'good' | 'bad'; children?: Child }) => (
  <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);
