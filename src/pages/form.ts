// HTML forms: read, validated, and turned into errors to show beside the fields.
import type { Context } from 'hono';
import type * as z from 'zod/mini';
import type { SessionError } from '../http/auth/session-actions.ts';
import { readBody } from '../http/body/body.ts';
import { fieldMessage } from '../http/body/field-messages.ts';
import { passwordError } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import type { BodySpec } from '../http/endpoint.ts';
import type { FieldError, FieldErrorCode } from '../http/problem.ts';
import { respondProblem } from '../http/respond.ts';
import { type FieldName, isFieldName, placeOf } from './labels.ts';

export type Typed = Readonly<Record<string, string>>;

/** `field` is null if the error concerns the form as a whole. */
export interface FormError {
  field: FieldName | null;
  text: string;
}

/** A form as shown: the values of its fields, and their errors. */
export interface Form {
  values: Typed;
  errors: readonly FormError[];
}

/** A form with its errors in the order of its fields, the first of each field. */
export const formWith = (values: Typed, errors: readonly FormError[] = []): Form => ({
  values,
  errors: errors
    .filter(({ field }, at) => field === null || errors.findIndex((other) => other.field === field) === at)
    .toSorted((a, b) => placeOf(a.field) - placeOf(b.field)),
});

/**
 * Fields of several lines. Browsers send CR LF: unless it is converted, saving an unchanged profile would change it.
 * Every other field, above all a password, is kept as sent.
 */
const SEVERAL_LINES: ReadonlySet<string> = new Set(['address', 'description', 'redirectUris', 'signOutUris']);

/** The texts among the fields of a body. A form has only texts. */
const toTyped = (fields: Readonly<Record<string, unknown>>): Typed =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      typeof value === 'string'
        ? [[name, SEVERAL_LINES.has(name) ? value.replaceAll('\r\n', '\n') : value]]
        : [],
    ),
  );

/** What was typed, for a form that is shown again. After the body was read. */
export const typedOf = (c: Context<AppEnv>): Typed => toTyped(c.var.rawBody);

/** Reads the fields if no endpoint has read them, or returns the refusal of the body. */
export const readTyped = async (c: Context<AppEnv>): Promise<Typed | Response> => {
  const read = await readBody(c, 'text');
  return read.problem ? respondProblem(c, read.problem) : toTyped(read.sent);
};

interface FormOptions {
  /** Shows the form again. */
  show: (c: Context<AppEnv>, errors: FormError[]) => Response | Promise<Response>;
  /** Fields that count as not filled in when they are left empty. */
  optional?: readonly FieldName[];
  /** Checks a new password, so that its errors appear beside those of the other fields. */
  checkMore?: (c: Context<AppEnv>, typed: Typed) => Promise<FormError[]>;
  /** A last change to the fields before they are checked. */
  prepare?: (typed: Typed) => Readonly<Record<string, unknown>>;
}

/** The body of a form: its schema, and how it is shown again with errors. */
export const form = <S extends z.ZodMiniObject>(
  schema: S,
  { show, checkMore = async () => [], optional = [], prepare = (typed) => typed }: FormOptions,
): BodySpec<S> => ({
  schema,
  numbers: 'text',
  prepare: (fields) => ({ ...prepare(withoutEmpty(toTyped(fields), optional)) }),
  onErrors: async (c, errors) => show(c, [...errors.map(toFormError), ...(await checkMore(c, typedOf(c)))]),
});

const toFormError = (error: FieldError): FormError => ({
  field: isFieldName(error.field) ? error.field : null,
  text: fieldMessage(error),
});

const errorAt = (field: FieldName, code: FieldErrorCode): FormError => ({
  field,
  text: fieldMessage({ code, limit: null }),
});

/** What is wrong with a new password besides its length. */
export const checkPassword = async (
  c: Context<AppEnv>,
  field: FieldName,
  password: string,
  names: readonly (string | null | undefined)[],
): Promise<FormError[]> => {
  const known = [...names, c.var.httpSettings.serviceName];
  const code = passwordError(password, known, await c.var.commonPasswords());
  return code ? [errorAt(field, code)] : [];
};

const withoutEmpty = (typed: Typed, names: readonly FieldName[]): Typed =>
  Object.fromEntries(
    Object.entries(typed).filter(
      ([name, value]) => value.trim() !== '' || !names.some((one) => one === name),
    ),
  );

export interface Refusal {
  status: 400 | 401 | 409 | 429;
  errors: FormError[];
}

type RefusedError = Exclude<
  SessionError,
  { reason: 'gone' | 'last_admin' | 'factor' | 'proof' | 'reauthenticate' }
>;

const UNVERIFIED_EMAIL =
  'Confirm your email address first. We have sent you a mail with a link: open it, then sign in.';

const seconds = (count: number): string => (count === 1 ? '1 second' : `${count} seconds`);

/** Converts a refusal of the core to errors of a form; `field` is its password field. */
export const toRefusal = (
  c: Context<AppEnv>,
  error: RefusedError,
  wrong: FormError & { status: 400 | 401 },
): Refusal => {
  switch (error.reason) {
    case 'taken':
      return { status: 409, errors: error.fields.map((field) => errorAt(field, 'taken')) };
    case 'wrong_credentials':
      return { status: wrong.status, errors: [{ field: wrong.field, text: wrong.text }] };
    case 'cookie_blocked':
      return {
        status: 400,
        errors: [{ field: null, text: 'Open this page in the browser, and try again.' }],
      };
    case 'unverified_email':
      return { status: 400, errors: [{ field: null, text: UNVERIFIED_EMAIL }] };
    case 'throttled': {
      c.header('Retry-After', String(error.retryAfterSeconds));
      const text = `Too many tries. Wait ${seconds(error.retryAfterSeconds)}, then try again.`;
      return { status: 429, errors: [{ field: null, text }] };
    }
  }
};
