// Reads JSON with exact numbers and a bounded depth.
import type { JsonType } from '../problem.ts';

/** No field is nested. Deeper values could exhaust the stack. */
const MAX_DEPTH = 64;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The text and value of a JSON body; null if it is no UTF-8, no JSON, or nested too deeply. */
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

/** Numbers that JavaScript may not represent exactly. */
const INEXACT = /\d{16}|\d[.eE]/;

/** Parses JSON such that `JSON.stringify` writes every number as it was. */
export const parseExactly = (json: string, value: unknown): unknown =>
  INEXACT.test(json) ? parseWithSources(json, (number, source) => rawJson(source) ?? number) : value;

/** JSON with its numbers as decimal text: whole numbers exact, exponents written out. */
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

/** A number that `JSON.stringify` writes exactly; undefined if the runtime does not support it. */
const rawJson = (source: string): unknown => {
  const make: unknown = Reflect.get(JSON, 'rawJSON');
  return typeof make === 'function' ? Reflect.apply(make, JSON, [source]) : undefined;
};

/** The type of a JSON value that is no object. */
export const jsonType = (value: unknown): JsonType => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal';
  return typeof value === 'boolean' ? 'boolean' : 'string';
};
