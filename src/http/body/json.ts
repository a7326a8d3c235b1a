// JSON as it was sent: its numbers to the last digit, its depth bounded.
import type { JsonType } from '../problem.ts';

/** No field is nested; what is deeper than this would only exhaust the stack of whatever walks over it. */
const MAX_DEPTH = 64;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The text of a JSON body, and its value; null where it is no UTF-8, no JSON, or nested without reason. */
export const decodeJson = (bytes: Uint8Array): { json: string; value: unknown } | null => {
  try {
    const json = strictUtf8.decode(bytes);
    return isTooDeep(json) ? null : { json, value: JSON.parse(json) };
  } catch {
    return null;
  }
};

const isTooDeep = (json: string): boolean => {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '\\') at += 1;
    else if (character === '"') isInText = !isInText;
    else if (isInText) continue;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
};

/** What may be a number that JavaScript does not keep as it was written. */
const INEXACT = /\d{16}|\d[.eE]/;

/** The value of a JSON text such that writing it again gives every number as it was. */
export const parseExactly = (json: string, value: unknown): unknown =>
  INEXACT.test(json) ? parseWithSources(json, (number, source) => rawJson(source) ?? number) : value;

/** The JSON text with its numbers as text, in decimal: whole ones to the last digit, exponents written out. */
export const withNumbersAsText = (json: string): string =>
  /\d/.test(json) ? JSON.stringify(parseWithSources(json, decimalText)) : json;

const decimalText = (value: number, source: string): string => {
  if (/^-?\d+(\.\d+)?$/.test(source) || !Number.isFinite(value)) return source;
  return Number.isInteger(value) ? String(BigInt(value)) : String(value);
};

/** @see https://github.com/tc39/proposal-json-parse-with-source */
const parseWithSources = (json: string, onNumber: (value: number, source: string) => unknown): unknown =>
  JSON.parse(json, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? onNumber(value, context?.source ?? String(value)) : value,
  );

/** A number that `JSON.stringify` writes as it was; undefined where the runtime has no such thing. */
const rawJson = (source: string): unknown => {
  const make: unknown = Reflect.get(JSON, 'rawJSON');
  return typeof make === 'function' ? Reflect.apply(make, JSON, [source]) : undefined;
};

/** What a JSON value is, where an object was asked for. */
export const jsonType = (value: unknown): JsonType => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal';
  return typeof value === 'boolean' ? 'boolean' : 'string';
};
