// A word beside a name that says what is special about it.
import type { Child } from 'hono/jsx';

/** With a space before it, for readers and for the line to break at. */
export const Badge = ({ kind, children }: { kind?: 'plain' | 'bad'; children?: Child }) => (
  <>
    {' '}
    <span class={kind === undefined ? 'badge' : `badge ${kind}`}>{children}</span>
  </>
);
