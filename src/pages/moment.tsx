// A moment, as people read it and as programs do.

/** Made when one is first needed: it would take a good part of every isolate's start. */
const once = (options: Intl.DateTimeFormatOptions) => {
  let format: Intl.DateTimeFormat | null = null;
  return (ms: number): string => {
    format ??= new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
    return format.format(ms);
  };
};

const words = once({ dateStyle: 'medium', timeStyle: 'short' });
const day = once({ dateStyle: 'long' });

/** `21 Nov 2026, 04:47 UTC`. */
export const Moment = ({ ms }: { ms: number }) => (
  <time datetime={new Date(ms).toISOString()}>{`${words(ms)} UTC`}</time>
);

/** `21 November 2026`. */
export const Day = ({ ms }: { ms: number }) => (
  <time datetime={new Date(ms).toISOString().slice(0, 10)}>{day(ms)}</time>
);
