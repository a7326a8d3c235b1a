// The shapes and texts of Django REST framework, which three dialects share.
import * as z from 'zod/mini';
import { annotated, named } from './docs.ts';
import type { FieldError, JsonType, Problem, Reply } from './problem.ts';

/** DRF's shape for what concerns the request as a whole. */
export const detail = (status: Reply['status'], text: string): Reply => ({ status, body: { detail: text } });

/** DRF's shape for errors of a body as a whole. */
export const nonFieldErrors = (text: string) => ({ non_field_errors: [text] });

/** The refusals that the three dialects word alike. */
export type OwnProblem = Extract<
  Problem,
  { reason: 'fields' | 'not_an_object' | 'taken' | 'wrong_credentials' | 'credentials' }
>;
export type SharedProblem = Exclude<Problem, OwnProblem>;

/** DRF's email and URL fields have their own text for a value that is no string. */
const NOT_TEXT = {
  text: 'Not a valid string.',
  email: 'Enter a valid email address.',
  url: 'Enter a valid URL.',
} as const;

/**
 * DRF's text for an error. A dialect overrides those that its document words.
 * @see https://github.com/encode/django-rest-framework/blob/main/rest_framework/fields.py
 */
export const fieldErrorText = ({ code, limit, kind }: FieldError): string => {
  switch (code) {
    case 'required':
      return 'This field is required.';
    case 'null':
      return 'This field may not be null.';
    case 'blank':
      return 'This field may not be blank.';
    case 'not_text':
      return NOT_TEXT[kind ?? 'text'];
    case 'nul':
      return 'Null characters are not allowed.';
    case 'too_many_characters':
    case 'too_many_bytes':
      return `Ensure this field has no more than ${limit} characters.`;
    case 'too_few_characters':
      return `Ensure this field has at least ${limit} characters.`;
    case 'not_email':
      return NOT_TEXT.email;
    case 'not_username':
      return 'Enter a valid username. This value may contain only letters, numbers, and ./+/-/_ characters.';
    case 'weak_password':
      return 'This password is too weak.';
    case 'common_password':
      return 'This password is too common.';
    case 'resembling_password':
      return 'The password is too similar to the username or email.';
    case 'not_url':
      return NOT_TEXT.url;
    case 'taken':
      return 'This field must be unique.';
    case 'not_a_choice':
      return 'This is not a valid choice.';
  }
};

/** The errors of all fields: `{field: [text, …]}`. */
export const fieldErrors = (
  faulty: readonly FieldError[],
  text: (error: FieldError) => string = fieldErrorText,
): Record<string, string[]> => {
  const errors = new Map<string, string[]>();
  for (const error of faulty) errors.set(error.field, [...(errors.get(error.field) ?? []), text(error)]);
  return Object.fromEntries(errors);
};

const PYTHON_TYPES: Record<Exclude<JsonType, 'null'>, string> = {
  boolean: 'bool',
  integer: 'int',
  decimal: 'float',
  string: 'str',
  array: 'list',
};

/** DRF's error for a body that is no object. */
export const notAnObject = (got: JsonType) =>
  nonFieldErrors(
    got === 'null'
      ? 'No data provided'
      : `Invalid data. Expected a dictionary, but got ${PYTHON_TYPES[got]}.`,
  );

const CREDENTIALS_TEXTS = {
  missing: 'Authentication credentials were not provided.',
  invalid: 'Invalid token.',
  empty: 'Invalid token header. No credentials provided.',
  spaces: 'Invalid token header. Token string should not contain spaces.',
} as const;

/** 401 with the challenge that DRF's token authentication sends. */
export const credentialsReply = (why: keyof typeof CREDENTIALS_TEXTS): Reply => ({
  ...detail(401, CREDENTIALS_TEXTS[why]),
  headers: { 'WWW-Authenticate': 'Token' },
});

/** 403 with the text for missing credentials, as in DRF if session authentication comes first. */
export const forbiddenAnonymous = (): Reply => detail(403, CREDENTIALS_TEXTS.missing);

/** The reply to a problem that all DRF dialects word alike. */
export const sharedReply = (problem: SharedProblem): Reply => {
  switch (problem.reason) {
    case 'not_found':
    case 'mail_off':
    case 'access_tokens_off':
    case 'oauth':
      return detail(404, 'Not found.');
    case 'method_not_allowed':
      return detail(405, `Method "${problem.method}" not allowed.`);
    case 'forbidden':
    // A dialect without a second factor meets these only if a client uses a session of `id`.
    case 'reauthenticate':
    case 'factor_required':
    case 'factor':
      return detail(403, 'You do not have permission to perform this action.');
    case 'unverified_email':
      return { status: 400, body: nonFieldErrors('Email address is not verified.') };
    case 'proof':
      return { status: 400, body: nonFieldErrors('The link or code is not valid.') };
    case 'last_admin':
      return detail(409, 'This account is the last admin.');
    case 'cookie_blocked':
      return detail(
        403,
        'The browser would drop the session cookie: the page is of another site. ' +
          'Use one host name for both (localhost and 127.0.0.1 are two).',
      );
    case 'https_required':
      return detail(403, 'Use https.');
    case 'cross_site':
      return detail(403, 'CSRF Failed: cross-site request.');
    case 'unsupported_media_type':
      return detail(415, `Unsupported media type "${problem.mediaType}" in request.`);
    case 'too_large':
      return detail(413, 'Request body too large.');
    case 'malformed':
      // Never the parser's message, which quotes the body and with it a password.
      return detail(
        400,
        problem.format === 'json'
          ? 'JSON parse error - The body is not valid JSON.'
          : 'Multipart form parse error - The body is not a valid form.',
      );
    case 'throttled':
      return detail(
        429,
        `Request was throttled. Expected available in ${problem.retryAfterSeconds} ${problem.retryAfterSeconds === 1 ? 'second' : 'seconds'}.`,
      );
    case 'unavailable':
      return detail(503, 'Service temporarily unavailable, try again later.');
    case 'internal_error':
      return detail(500, 'A server error occurred.');
  }
};

const texts = () => z.array(z.string()).check(z.minLength(1));

/** The shapes of refusals, for the reference. */
const detailShape = () =>
  named('Detail', z.strictObject({ detail: z.string() }), 'What concerns the request as a whole.');

export const nonFieldErrorsShape = () =>
  named(
    'NonFieldErrors',
    z.strictObject({ non_field_errors: texts() }),
    'What is wrong with a body, but with none of its fields.',
  );

/** Texts by field. */
export const fieldErrorsShape = (fields: readonly string[]) => () =>
  annotated(z.strictObject(Object.fromEntries(fields.map((field) => [field, z.optional(texts())]))), {
    minProperties: 1,
  });

/** The most specific first: otherwise the errors of fields would also match a body without known fields. */
export const refusalSchemas = (fields: readonly string[]) => [
  detailShape,
  nonFieldErrorsShape,
  ...(fields.length > 0 ? [fieldErrorsShape(fields)] : []),
];
