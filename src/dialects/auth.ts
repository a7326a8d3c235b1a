// `auth`: registration and login for a JSON Web Token, with express-validator's errors.
import * as z from 'zod/mini';
import { readEmailIdentifier } from '../core/index.ts';
import { anyone } from '../http/auth/auth.ts';
import * as sessions from '../http/auth/session-actions.ts';
import * as field from '../http/body/fields.ts';
import { named, type Success } from '../http/docs.ts';
import { type Dialect, endpoint } from '../http/endpoint.ts';
import type { FieldError, Json, Reply } from '../http/problem.ts';
import { send } from '../http/respond.ts';

const MIN_PASSWORD_CHARACTERS = 8;
const MAX_CHARACTERS = 255;

/** Bytes of UTF-8 before the `@`. */
const MAX_LOCAL_BYTES = 64;
/** A top-level domain of letters, or one in Punycode; no address literal, no `localhost`. */
const EXPRESS_DOMAIN =
  /\.(?:[a-z\u00a1-\u00a8\u00aa-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]{2,}|xn[a-z0-9-]{2,})$/i;
/** Full-width forms after the `@`, and characters beyond the first plane before it. */
const EXPRESS_NEVER = /@.*[\uff01-\uff5e]|[\u{10000}-\u{10ffff}].*@/u;

/**
 * The emails that every dialect accepts and validator 13's `isEmail`, which express-validator 6 uses, does not.
 * @see https://github.com/validatorjs/validator.js/blob/13.15.26/src/lib/isEmail.js
 */
const isExpressEmail = (email: string): boolean =>
  EXPRESS_DOMAIN.test(email) &&
  !EXPRESS_NEVER.test(email) &&
  new TextEncoder().encode(email.slice(0, email.lastIndexOf('@'))).byteLength <= MAX_LOCAL_BYTES;

const registration = z.object({
  name: field.line(field.atMost(MAX_CHARACTERS)),
  email: field.email(
    field.atMost(MAX_CHARACTERS),
    field.emailRule(isExpressEmail, { pattern: `^.{1,${MAX_LOCAL_BYTES}}@` }),
  ),
  password: field.password(field.atLeast(MIN_PASSWORD_CHARACTERS)),
});
const credentials = z.object({ email: field.loginEmail(), password: field.password() });

const token = () =>
  named(
    'AuthToken',
    z.strictObject({
      status: z.literal('success'),
      token: z.string().check(z.regex(/^[\w-]+\.[\w-]+\.[\w-]{43}$/)),
    }),
    'A JSON Web Token, HS256.',
  );

const issued: Success = { status: 200, description: 'A token.', schema: token, headers: ['Set-Cookie'] };

const register = endpoint({
  method: 'POST',
  path: '/register',
  auth: anyone,
  limit: 'registration',
  body: { schema: registration, numbers: 'text', unique: ['email'] },
  handle: async (c) => {
    const made = await sessions.register(c, { username: null, ...c.req.valid('json') }, 'jwt');
    if (!made.ok) return sessions.refuseError(c, made.error);
    return send(c, { status: 200, body: { status: 'success', token: made.value.token } });
  },
  docs: DOCS && { id: 'authRegister', summary: 'Register, and get a token', successes: [issued] },
});

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  limit: 'login',
  body: { schema: credentials, numbers: 'text' },
  handle: async (c) => {
    const { email, password } = c.req.valid('json');
    const loggedIn = await sessions.logIn(c, readEmailIdentifier(email), password, 'jwt');
    if (!loggedIn.ok) return sessions.refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: { status: 'success', token: loggedIn.value.token } });
  },
  docs: DOCS && { id: 'authLogin', summary: 'Log in for a token', successes: [issued] },
});

const LABELS: Readonly<Record<string, string>> = { name: 'Name', email: 'Email', password: 'Password' };

const fieldErrorText = ({ field: name, code, limit }: FieldError): string => {
  const label = (Object.hasOwn(LABELS, name) ? LABELS[name] : null) ?? name;
  switch (code) {
    case 'required':
    case 'null':
    case 'blank':
      return `${label} is required!`;
    case 'not_text':
    case 'nul':
    case 'not_email':
    case 'not_username':
    case 'not_url':
    case 'weak_password':
    case 'common_password':
    case 'resembling_password':
    case 'not_a_choice':
      return `${label} format invalid!`;
    case 'too_few_characters':
      return `${label} min length ${limit} char`;
    case 'too_many_characters':
      return `${label} max length ${limit} char`;
    case 'too_many_bytes':
      return `${label} max length ${limit} byte`;
    case 'taken':
      return `${label} already exist!`;
  }
};

/** express-validator's shape, keys in its order. A password is never shown. */
const shown = (error: FieldError): Json => {
  const { field: name, value } = error;
  const described = { msg: fieldErrorText(error), param: name, location: 'body' };
  return name === 'password' || !isJson(value) ? described : { value, ...described };
};

const isJson = (value: unknown): value is Json => value !== undefined;

/** One error for each field, the first. */
const firstErrors = (errors: readonly FieldError[]): Record<string, Json> => {
  const first = new Map<string, Json>();
  for (const error of errors) if (!first.has(error.field)) first.set(error.field, shown(error));
  return Object.fromEntries(first);
};

const failed = (status: Reply['status'], errors: Json): Reply => ({
  status,
  body: { status: 'fail', errors },
});
const failedAsAWhole = (status: Reply['status'], msg: string): Reply => failed(status, { main: { msg } });

const failure = () =>
  named(
    'AuthFailure',
    z.strictObject({
      status: z.literal('fail'),
      errors: z.strictObject({
        main: z.strictObject({ value: z.optional(z.unknown()), msg: z.string() }),
      }),
    }),
    'What concerns the request as a whole.',
  );

/** One error for each field, the first. `value` is what was sent, except for a password. */
const fieldFailures = (fields: readonly string[]) => () => {
  const shape = (name: string) =>
    z.strictObject({
      ...(name !== 'password' && { value: z.optional(z.unknown()) }),
      msg: z.string(),
      param: z.literal(name),
      location: z.literal('body'),
    });
  const errors = fields.map((name) => [name, z.optional(shape(name))]);
  return z.strictObject({
    status: z.literal('fail'),
    errors: z.strictObject(Object.fromEntries(errors)),
  });
};

export const auth: Dialect = {
  name: 'auth',
  basePath: '/api/auth',
  endpoints: [register, logIn],
  docs: DOCS && {
    title: 'auth',
    description: 'Register and log in for a JSON Web Token, with the errors of express-validator.',
    hasSlash: true,
    refusalSchemas: (fields) => [failure, fieldFailures(fields)],
  },
  problem(problem) {
    switch (problem.reason) {
      case 'fields':
      case 'taken':
        return failed(400, firstErrors(problem.errors));
      case 'wrong_credentials':
        return problem.known || !isJson(problem.email)
          ? failedAsAWhole(400, 'user password incorrect')
          : failed(400, { main: { value: problem.email, msg: "User doesn't exist" } });
      case 'unverified_email':
        return failedAsAWhole(400, 'Email is not verified!');
      case 'proof':
        return failedAsAWhole(400, 'Invalid link or code!');
      case 'not_an_object':
        return failedAsAWhole(400, 'Invalid request body!');
      case 'malformed':
        return failedAsAWhole(400, problem.format === 'json' ? 'Malformed JSON!' : 'Malformed form!');
      case 'credentials':
        return failedAsAWhole(401, 'Unauthorized!');
      case 'forbidden':
      case 'reauthenticate':
      case 'factor_required':
      case 'factor':
      case 'cross_site':
        return failedAsAWhole(403, 'Forbidden!');
      case 'cookie_blocked':
        return failedAsAWhole(403, 'Forbidden!');
      case 'https_required':
        return failedAsAWhole(403, 'Use https!');
      case 'last_admin':
        return failedAsAWhole(409, 'Last admin!');
      case 'not_found':
      case 'mail_off':
      case 'access_tokens_off':
      case 'oauth':
        return failedAsAWhole(404, 'Not found!');
      case 'method_not_allowed':
        return failedAsAWhole(405, 'Method not allowed!');
      case 'too_large':
        return failedAsAWhole(413, 'Request body too large!');
      case 'unsupported_media_type':
        return failedAsAWhole(415, 'Unsupported media type!');
      case 'throttled':
        return failedAsAWhole(429, 'Too many requests!');
      case 'unavailable':
        return failedAsAWhole(503, 'Service unavailable!');
      case 'internal_error':
        return failedAsAWhole(500, 'Server error!');
    }
  },
};
