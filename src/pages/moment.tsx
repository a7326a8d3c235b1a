// A moment, as people read it and as programs do.

const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** `21 Nov 2026, 04:47 UTC`. */
export const Moment = ({ ms }: { ms: number }) => (
  <time datetime={new Date(ms).toISOString()}>{`${words.format(ms)} UTC`}</time>
);

/** `21 November 2026`. */
export const Day = ({ ms }: { ms: number }) => (
  <time datetime={new Date(ms).toISOString().slice(0, 10)}>{day.format(ms)}</time>
);
