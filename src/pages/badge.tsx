// A badge beside a name.
import type { Child } from 'hono/jsx';

/** With a space before it, for screen readers and for line breaks. */
export const Badge = ({ kind, children }: { kind?: 'plain' | 'bad'; children?: Child }) => (
  <>
    {' '}
    <span class={kind === undefined ? 'badge' : `badge ${kind}`}>{children}</span>
  </>
);
