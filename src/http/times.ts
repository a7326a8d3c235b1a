// How the dialects write times. Inside, every time is milliseconds since the epoch.

const two = (value: number): string => String(value).padStart(2, '0');

/** Minutes that an offset `+HH:MM` is ahead of UTC; null if it has another form. */
export const parseOffset = (offset: string): number | null => {
  const [, sign, hours, minutes] = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/.exec(offset) ?? [];
  if (sign === undefined) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
};

/** ISO 8601 with microseconds and an offset, as Python writes it: `2018-09-10T20:26:58.277522+08:00`. */
export const isoMicroseconds = (ms: number, offset: string): string => {
  const local = new Date(ms + (parseOffset(offset) ?? 0) * 60_000).toISOString();
  return `${local.slice(0, -1)}000${offset}`;
};

/** The day in UTC as `DD-MM-YYYY`. */
export const dayMonthYear = (ms: number): string => {
  const date = new Date(ms);
  return `${two(date.getUTCDate())}-${two(date.getUTCMonth() + 1)}-${date.getUTCFullYear()}`;
};
