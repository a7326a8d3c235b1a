// The documented form of a body: JSON with placeholders ("holes") for parts that differ between runs.

const HOLE: unique symbol = Symbol('hole');

/** A placeholder: a regular expression for its JSON text, including quotes, and its displayed name. */
export type Hole = { readonly [HOLE]: string; readonly shown: string };

export type Shape = string | number | boolean | null | Hole | Shape[] | { readonly [key: string]: Shape };

const hole = (shown: string, pattern: string): Hole => ({ [HOLE]: pattern, shown: `‹${shown}›` });

const ID = '[1-9][0-9]*';

/** A UTC date as `DD-MM-YYYY`. */
const writeDay = (date: Date): string => date.toISOString().slice(0, 10).split('-').reverse().join('-');

const DAY_MS = 86_400_000;

export const anId = hole('id', ID);
export const anIdAsText = hole('"id"', `"${ID}"`);
export const aToken = hole('40 lower-case hex', '"[0-9a-f]{40}"');

/** Any token except the given one; any token if none is given. */
export const aTokenOtherThan = (old: Shape): Shape =>
  typeof old === 'string' ? hole('another 40 lower-case hex', `"(?!${old})[0-9a-f]{40}"`) : aToken;

/** ISO 8601 with microseconds and an offset. */
export const aMoment = hole(
  'ISO 8601, microseconds, offset',
  '"[0-9]{4}-(?:0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}[+-][0-2][0-9]:[0-5][0-9]"',
);

/** Today as `DD-MM-YYYY`, or the day before or after it, because clocks differ and midnight may pass. */
export const today = (nowMs: number): Hole => {
  const days = [-1, 0, 1].map((offset) => writeDay(new Date(nowMs + offset * DAY_MS)));
  return hole(`today, ${days[1]}`, `"(?:${days.join('|')})"`);
};

/**
 * A JWT with HS256: the header is the base64url of `{"alg":"HS256","typ":"JWT"}`, the signature has 32 bytes.
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-3
 */
export const aJwt = hole(
  'eyJhbGciOiJIU…',
  '"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}"',
);

export const aName = hole('a name', '"[^"\\\\]+"');
export const anAbsoluteUrl = hole('absolute url', '"https?://[^"\\\\\\s]+"');

const isHole = (shape: Shape): shape is Hole => typeof shape === 'object' && shape !== null && HOLE in shape;

/** The compact JSON text of a shape, split at its placeholders. */
const cut = (shape: Shape): (string | Hole)[] => {
  if (typeof shape !== 'object' || shape === null) return [JSON.stringify(shape)];
  if (isHole(shape)) return [shape];
  if (Array.isArray(shape)) {
    return ['[', ...shape.flatMap((item, i) => [i === 0 ? '' : ',', ...cut(item)]), ']'];
  }
  const members = Object.entries(shape).flatMap(([key, value], i) => [
    `${i === 0 ? '' : ','}${JSON.stringify(key)}:`,
    ...cut(value),
  ]);
  return ['{', ...members, '}'];
};

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Shows a shape as JSON text with the names of the placeholders. */
export const showShape = (shape: Shape): string =>
  cut(shape)
    .map((part) => (typeof part === 'string' ? part : part.shown))
    .join('');

/** Whether a text is exactly the compact JSON of a shape, with the same keys in the same order. */
export const fitsShape = (shape: Shape, text: string): boolean => {
  const pattern = cut(shape)
    .map((part) => (typeof part === 'string' ? escapePattern(part) : part[HOLE]))
    .join('');
  return new RegExp(`^${pattern}$`, 'u').test(text);
};

/** The value at a path in a JSON text; undefined if there is none. */
export const valueAt = (text: string, ...path: readonly (string | number)[]): unknown => {
  try {
    return path.reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      JSON.parse(text),
    );
  } catch {
    return undefined;
  }
};
