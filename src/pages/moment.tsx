// A time, for people and for programs.

/** Created when first needed: it would take a good part of an isolate's start-up. */
const once = (options: Intl.DateTimeFormatOptions) => {
  let format: Intl.DateTimeFormat | null = null;
  return (ms: number): string => {
    format ??= new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
    return format.format(ms);
  };
};

const words = once({ dateStyle: 'medium', timeStyle: 'short' });
const day = once({ dateStyle: 'long' });

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Beyond this, the date is clearer than a number of days. */
const MAX_DAYS = 30;

const ago = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'} ago`;

/**
 * A relative time: `just now`, `5 minutes ago`, `3 days ago`; the date if it is longer ago than 30 days. A time in the
 * future is `just now`, because the clocks of two locations differ a little.
 */
export const agoWords = (ms: number, nowMs: number): string => {
  const passedMs = nowMs - ms;
  if (passedMs < MINUTE_MS) return 'just now';
  if (passedMs < HOUR_MS) return ago(Math.floor(passedMs / MINUTE_MS), 'minute');
  if (passedMs < DAY_MS) return ago(Math.floor(passedMs / HOUR_MS), 'hour');
  const days = Math.floor(passedMs / DAY_MS);
  return days <= MAX_DAYS ? ago(days, 'day') : day(ms);
};

/** `21 Nov 2026, 04:47 UTC`. */
export const exactWords = (ms: number): string => `${words(ms)} UTC`;

/** A relative time; the exact one is in the tooltip. */
export const Moment = ({ ms }: { ms: number }) => (
  <time datetime={new Date(ms).toISOString()} title={exactWords(ms)}>
    {agoWords(ms, Date.now())}
  </time>
);

/** `21 November 2026`. */
export const Day = ({ ms }: { ms: number }) => (
  <time datetime={new Date(ms).toISOString().slice(0, 10)}>{day(ms)}</time>
);
