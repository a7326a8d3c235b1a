// The fields of the dialects' bodies, as zod schemas whose faults carry a code that a dialect words.
import * as z from 'zod/mini';
import { canBeEmail, isEmail, isUsername, isWebUrl } from '../../core/index.ts';
import type { FieldError, FieldErrorCode, FieldKind } from '../problem.ts';

/** A fault without its field: what a rule finds. */
interface Finding {
  code: FieldErrorCode;
  limit?: number;
}

type Rule = (value: string) => Finding[];

/** PBKDF2 would take more; nobody types more, and each byte is hashed. */
const MAX_PASSWORD_BYTES = 1024;

const utf8 = new TextEncoder();

/** Characters as the documents count them: Unicode code points. */
const countCharacters = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const CONTROL = /\p{Cc}/u;
/** A line ends with LF, or with CR LF as browsers send what was typed into a form. */
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t\r]|\r(?!\n)/u;

const apply = (value: string, rules: readonly Rule[]) => rules.flatMap((rule) => rule(value));

/** A string on which rules have their say; numbers were made text before. */
const ruled = (rules: readonly Rule[], base = z.string()) =>
  base.check((context) => {
    for (const { code, limit } of apply(context.value, rules)) {
      context.issues.push({ code: 'custom', input: context.value, params: { fault: code, limit } });
    }
  });

/** Stops at the first rule that finds something: what comes after it has nothing to say about such a text. */
const first =
  (...rules: Rule[]): Rule =>
  (value) => {
    for (const rule of rules) {
      const findings = rule(value);
      if (findings.length > 0) return findings;
    }
    return [];
  };

const every =
  (...rules: Rule[]): Rule =>
  (value) =>
    apply(value, rules);

const when = (code: FieldErrorCode, isBroken: (value: string) => boolean, limit?: number): Rule => {
  const finding = limit === undefined ? { code } : { code, limit };
  return (value) => (isBroken(value) ? [finding] : []);
};

const wellFormed = when('not_text', (value) => !value.isWellFormed());
const noNul = when('nul', (value) => value.includes('\0'));
const noControl = when('not_text', (value) => CONTROL.test(value));
const noControlButLines = when('not_text', (value) => CONTROL_BUT_LINES.test(value));
const notBlank = when('blank', (value) => value === '');

/** At most so many characters. */
export const atMost = (limit: number): Rule =>
  when('too_many_characters', (value) => countCharacters(value) > limit, limit);

/** At least so many characters. */
export const atLeast = (limit: number): Rule =>
  when('too_few_characters', (value) => countCharacters(value) < limit, limit);

const trimmed = z.string().check(z.trim());
/** A text of a kind: zod carries the kind in its message, and `readFaults` finds it there. */
const trimmedOf = (kind: FieldKind) => z.string({ error: kind }).check(z.trim());

const lineOf = (base: z.ZodMiniString<string>, rules: readonly Rule[]) =>
  ruled([first(wellFormed, notBlank, noNul, noControl, every(...rules))], base);

/** A line of text, trimmed: a name. */
export const line = (...rules: Rule[]) => lineOf(trimmed, rules);

/** A text that may be empty and have several lines. */
export const lines = (...rules: Rule[]) =>
  ruled([first(wellFormed, noNul, noControlButLines, every(...rules))], trimmed);

/** For a text that may be empty but has one line. */
export const oneLine = noControl;

/** A username of the one alphabet. Never holds `@`, so that it cannot be taken for an email. */
export const username = (...rules: Rule[]) =>
  line(
    when('not_username', (value) => !isUsername(value)),
    ...rules,
  );

/** A dialect's own rule for emails, beside that of all dialects. */
export const emailRule = (isGood: (email: string) => boolean): Rule =>
  when('not_email', (value) => !isGood(value));

/** An email, shown as entered. */
export const email = (...rules: Rule[]) => lineOf(trimmedOf('email'), [...rules, emailRule(isEmail)]);

/** A username or an email to log in with: no rule but that it is there. */
export const identifier = () => line();

/** An email to log in with: whatever an account of any dialect, or of an import, can have. */
export const loginEmail = () => lineOf(trimmedOf('email'), [emailRule(canBeEmail)]);

/** A whole number in decimal; as in DRF, `1.0` is one. */
const WHOLE_NUMBER = /^[0-9]{1,9}(?:\.0{1,9})?$/;

/** One of a fixed set, by its decimal number. */
export const choice = (isOffered: (text: string) => boolean) =>
  ruled([when('not_a_choice', (value) => !WHOLE_NUMBER.test(value) || !isOffered(value))]);

/** An http or https URL, or nothing. */
export const urlOrNothing = (...rules: Rule[]) =>
  ruled([first(wellFormed, noNul, noControl, every(...rules, webUrl))], trimmedOf('url'));

const webUrl = when('not_url', (value) => value !== '' && !isWebUrl(value));

/**
 * A password. Nothing is trimmed, every character is allowed but a lone surrogate; the rules of one dialect
 * hold at registration, none at login but that it is there and at most 1,024 bytes.
 */
export const password = (...rules: Rule[]) => ruled([first(wellFormed, notBlank, bounded, every(...rules))]);

const bounded = when(
  'too_many_bytes',
  (value) => utf8.encode(value).byteLength > MAX_PASSWORD_BYTES,
  MAX_PASSWORD_BYTES,
);

/** A dialect's own rule for new passwords, worded as one sentence. */
export const passwordRule = (isGood: (password: string) => boolean): Rule =>
  when('weak_password', (value) => !isGood(value));

/** Between these many characters, both included. */
export const hasLength = (min: number, max: number) => (text: string) => {
  const length = countCharacters(text);
  return length >= min && length <= max;
};

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

/** Reads zod's issues as faults, in the order in which the schema names the fields. */
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
      const fault = { field, code: missingCode(value), limit: null, value };
      return isFieldKind(issue.message) ? { ...fault, kind: issue.message } : fault;
    }
    const code: unknown = issue.params?.['fault'];
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
