// Reads the values of files: numbers, booleans and times, which each format writes in its own way.
import { isRow, type Row } from '../wrangler.ts';

/** Unwraps a value of MongoDB's exports. https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/ */
export const unwrap = (value: unknown): unknown => {
  if (!isRow(value)) return value;
  for (const name of ['$date', '$numberLong', '$numberInt', '$numberDouble', '$oid']) {
    if (Object.hasOwn(value, name)) return unwrap(value[name]);
  }
  return value;
};

/**
 * The value of a column of a record. `profile.email` is the column of that name if there is one, else `email` within
 * `profile`. `emails.0.address` is the address of the first email.
 */
export const valueAt = (record: Row, column: string): unknown => {
  if (Object.hasOwn(record, column)) return record[column];
  let value: unknown = record;
  for (const name of column.split('.')) {
    if (Array.isArray(value)) value = value[Number(name)];
    else if (isRow(value) && Object.hasOwn(value, name)) value = value[name];
    else return undefined;
  }
  return value;
};

/** A text or number as trimmed text; '' if missing, null for other types. */
export const readText = (value: unknown): string | null => {
  const inner = unwrap(value);
  if (inner === undefined || inner === null) return '';
  if (typeof inner === 'number') return String(inner);
  return typeof inner === 'string' ? inner.trim() : null;
};

const TRUE = new Set(['true', 't', '1', 'yes', 'y', 'on']);
const FALSE = new Set(['false', 'f', '0', 'no', 'n', 'off']);

/** A boolean; null if missing, undefined if it cannot be read. */
export const readFlag = (value: unknown): boolean | null | undefined => {
  if (typeof value === 'boolean') return value;
  const text = readText(value)?.toLowerCase();
  if (text === '') return null;
  if (text !== undefined && TRUE.has(text)) return true;
  return text !== undefined && FALSE.has(text) ? false : undefined;
};

/** A positive whole number; null if missing, undefined if it cannot be read. */
export const readNumber = (value: unknown): number | null | undefined => {
  const text = readText(value);
  if (text === '') return null;
  return text !== null && /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : undefined;
};

/** Numbers below are seconds since the epoch, up to the year 5138. Numbers above are milliseconds. */
const FIRST_MILLISECONDS = 100_000_000_000;
const LAST_MS = Date.UTC(9999, 11, 31);

/** MySQL's value for no time. https://dev.mysql.com/doc/refman/8.4/en/datetime.html */
const NO_TIME = /^0000-00-00(?:[T ]00:00(?::00(?:\.0+)?)?)?$/;

/** Dates without separators, such as `20230116133344`, would otherwise be read as seconds since the epoch. */
const COMPACT_TIME =
  /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?$/;

const TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,3})\d*)?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * A time in milliseconds since the epoch; null if there is none, undefined if it cannot be read. Takes
 * ISO 8601 as Django, SQLite and JavaScript write it, and seconds or milliseconds since the epoch. A time without
 * an offset is UTC, as Django stores it.
 */
export const readTime = (value: unknown): number | null | undefined => {
  // In XML that an editor formatted, a time may span two lines.
  const text = readText(value)?.replaceAll(/\s+/g, ' ') ?? null;
  if (text === '' || (text !== null && NO_TIME.test(text))) return null;
  if (text === null || COMPACT_TIME.test(text)) return undefined;
  const ms = /^\d{1,15}(\.\d+)?$/.test(text) ? fromNumber(Number(text)) : fromIso(text);
  return ms !== null && ms >= 0 && ms <= LAST_MS ? ms : undefined;
};

const fromNumber = (number: number): number =>
  Math.floor(number < FIRST_MILLISECONDS ? number * 1000 : number);

const fromIso = (text: string): number | null => {
  const [, day, minute = '00:00', second = ':00', fraction = '0', zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined) return null;
  const ms = Date.parse(`${day}T${minute}${second}.${fraction.padEnd(3, '0')}${toOffset(zone)}`);
  // Date.parse turns 31 February into 3 March.
  const midnight = Date.parse(`${day}T00:00Z`);
  if (Number.isNaN(ms) || Number.isNaN(midnight)) return null;
  return new Date(midnight).toISOString().startsWith(day) ? ms : null;
};

const toOffset = (zone: string): string => {
  if (/^[zu]/i.test(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
};
