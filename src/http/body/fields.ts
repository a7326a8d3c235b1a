// The fields of bodies: zod schemas made of rules, whose errors have a code that a dialect words.
import * as z from 'zod/mini';
import { canBeEmail, isEmail, isUsername, isWebUrl, MAX_MATCHED_BYTES } from '../../core/index.ts';
import { annotated, type JsonObject } from '../docs.ts';
import type { FieldError, FieldErrorCode, FieldKind } from '../problem.ts';

/**
 * A rule for a text, as data: the code and limit of its error, its JSON Schema, and the test.
 * @example { code: 'blank', limit: null, schema: { minLength: 1 }, isBroken: (value) => value === '' }
 */
export interface Rule {
  code: FieldErrorCode;
  /** In the unit that the code names; null for none. */
  limit: number | null;
  /** Lengths are in Unicode code points, in JSON Schema too. Empty if JSON Schema cannot express the rule. */
  schema: JsonObject;
  isBroken: (value: string) => boolean;
}

/** Nobody types more, and every byte is hashed. */
const MAX_PASSWORD_BYTES = 1024;

const utf8 = new TextEncoder();

/** The documents count characters, which are Unicode code points. */
const countCharacters = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const CONTROL = /\p{Cc}/u;
/** A line ends with LF, or with CR LF, which browsers send from forms. */
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t\r]|\r(?!\n)/u;

const rule = (
  code: FieldErrorCode,
  isBroken: Rule['isBroken'],
  schema: JsonObject = {},
  limit: number | null = null,
): Rule => ({ code, limit, schema, isBroken });

const wellFormed = rule('not_text', (value) => !value.isWellFormed());
const noNul = rule('nul', (value) => value.includes('\0'));
const noControl = rule('not_text', (value) => CONTROL.test(value));
const noControlButLines = rule('not_text', (value) => CONTROL_BUT_LINES.test(value));
const notBlank = rule('blank', (value) => value === '', { minLength: 1 });

/** At most so many characters. */
export const atMost = (limit: number): Rule =>
  rule('too_many_characters', (value) => countCharacters(value) > limit, { maxLength: limit }, limit);

/** At least so many characters. */
export const atLeast = (limit: number): Rule =>
  rule('too_few_characters', (value) => countCharacters(value) < limit, { minLength: limit }, limit);

/** For a text of one line, which may be empty. */
export const oneLine = noControl;

const inAlphabet = rule('not_username', (value) => !isUsername(value), { pattern: '^[A-Za-z0-9_.+-]+$' });

/** A dialect's own rule for emails, besides the common one. */
export const emailRule = (isGood: (email: string) => boolean, schema: JsonObject = {}): Rule =>
  rule('not_email', (value) => !isGood(value), schema);

const EMAIL_SCHEMA = { format: 'email', maxLength: MAX_MATCHED_BYTES };

const webUrl = rule('not_url', (value) => value !== '' && !isWebUrl(value), {
  pattern: '^(?:[Hh][Tt][Tt][Pp][Ss]?://.+)?$',
});

const bounded = rule(
  'too_many_bytes',
  (value) => utf8.encode(value).byteLength > MAX_PASSWORD_BYTES,
  // A text has no more characters than bytes.
  { maxLength: MAX_PASSWORD_BYTES, format: 'password' },
  MAX_PASSWORD_BYTES,
);

/** A dialect's own rule for new passwords, with one error for both: a length in characters, and a pattern. */
export const passwordRule = (min: number, max: number, pattern = /^/): Rule =>
  rule(
    'weak_password',
    (value) => {
      const length = countCharacters(value);
      return length < min || length > max || !pattern.test(value);
    },
    { minLength: min, maxLength: max, ...(pattern.source !== '^' && { pattern: pattern.source }) },
  );

/** The JSON Schema of several rules: the narrowest of their bounds. */
const schemaOf = (rules: readonly Rule[]): JsonObject => {
  const merged: JsonObject = {};
  for (const { schema } of rules) {
    for (const [key, value] of Object.entries(schema)) {
      const known = merged[key];
      const isNumber = typeof known === 'number' && typeof value === 'number';
      merged[key] = isNumber ? (key === 'minLength' ? Math.max : Math.min)(known, value) : value;
    }
  }
  return merged;
};

/**
 * A text. Only the first broken gate is reported, and then no rule. Otherwise all broken rules are reported. Numbers
 * were converted to text before.
 */
const ruled = (gates: readonly Rule[], rules: readonly Rule[], base = z.string()) => {
  const field = base.check((context) => {
    const gate = gates.find(({ isBroken }) => isBroken(context.value));
    const broken = gate ? [gate] : rules.filter(({ isBroken }) => isBroken(context.value));
    for (const { code, limit } of broken)
      context.issues.push({ code: 'custom', input: context.value, params: { code, limit } });
  });
  return DOCS ? annotated(field, schemaOf([...gates, ...rules])) : field;
};

const trimmed = z.string().check(z.trim());
/** A text of a kind, which travels in zod's message to `readFieldErrors`. */
const trimmedOf = (kind: FieldKind) => z.string({ error: kind }).check(z.trim());

const lineOf = (base: z.ZodMiniString<string>, rules: readonly Rule[]) =>
  ruled([wellFormed, notBlank, noNul, noControl], rules, base);

/** A line of text, trimmed: a name. */
export const line = (...rules: Rule[]) => lineOf(trimmed, rules);

/** A text that may be empty and have several lines. */
export const lines = (...rules: Rule[]) => ruled([wellFormed, noNul, noControlButLines], rules, trimmed);

/** A username of the common alphabet. It has no `@`, so that it cannot be confused with an email. */
export const username = (...rules: Rule[]) => line(inAlphabet, ...rules);

/** An email, stored and shown as entered. */
export const email = (...rules: Rule[]) =>
  lineOf(trimmedOf('email'), [...rules, emailRule(isEmail, EMAIL_SCHEMA)]);

/** A username or an email to log in with: required, no other rule. */
export const identifier = () => line();

/** An email to log in with: every email that an account of any dialect or import can have. */
export const loginEmail = () => lineOf(trimmedOf('email'), [emailRule(canBeEmail, EMAIL_SCHEMA)]);

/** A whole number in decimal; as in DRF, `1.0` is one. */
const WHOLE_NUMBER = /^[0-9]{1,9}(?:\.0{1,9})?$/;

/** One of consecutive numbers, in decimal. */
export const choice = (min: number, max: number) =>
  ruled(
    [],
    [
      rule(
        'not_a_choice',
        (value) => !WHOLE_NUMBER.test(value) || Number(value) < min || Number(value) > max,
        { type: 'integer', minimum: min, maximum: max },
      ),
    ],
  );

/** An http or https URL. */
export const url = (...rules: Rule[]) => lineOf(trimmedOf('url'), [...rules, webUrl]);

/** An http or https URL, or nothing. */
export const urlOrNothing = (...rules: Rule[]) =>
  ruled([wellFormed, noNul, noControl], [...rules, webUrl], trimmedOf('url'));

/**
 * A password. Nothing is trimmed, and every character except a lone surrogate is allowed. A dialect adds its rules at
 * registration; at login a password is required and has at most 1,024 bytes.
 */
export const password = (...rules: Rule[]) => ruled([wellFormed, notBlank, bounded], rules);

const FIELD_ERROR_CODES: ReadonlySet<string> = new Set<FieldErrorCode>([
  'required',
  'null',
  'blank',
  'not_text',
  'nul',
  'too_many_characters',
  'too_few_characters',
  'too_many_bytes',
  'not_email',
  'not_username',
  'weak_password',
  'common_password',
  'resembling_password',
  'not_url',
  'taken',
  'not_a_choice',
]);

const isFieldErrorCode = (code: unknown): code is FieldErrorCode =>
  typeof code === 'string' && FIELD_ERROR_CODES.has(code);

const isFieldKind = (text: string): text is FieldKind => text === 'email' || text === 'url';

/** Converts zod's issues to errors, in the order of the schema's fields. */
export const readFieldErrors = (
  issues: readonly z.core.$ZodIssue[],
  sent: Record<string, unknown>,
): FieldError[] =>
  issues.map((issue) => {
    const field = String(issue.path[0] ?? '');
    const value = Object.hasOwn(sent, field) ? sent[field] : undefined;
    if (issue.code === 'invalid_value' && typeof value === 'string')
      return { field, code: 'not_a_choice', limit: null, value };
    if (issue.code !== 'custom') {
      const error = { field, code: missingCode(value), limit: null, value };
      return isFieldKind(issue.message) ? { ...error, kind: issue.message } : error;
    }
    const code: unknown = issue.params?.['code'];
    const limit: unknown = issue.params?.['limit'];
    return {
      field,
      code: isFieldErrorCode(code) ? code : 'not_text',
      limit: typeof limit === 'number' ? limit : null,
      value,
    };
  });

const missingCode = (value: unknown): FieldErrorCode => {
  if (value === undefined) return 'required';
  return value === null ? 'null' : 'not_text';
};
