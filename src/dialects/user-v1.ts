// `user-v1`: registration, login and logout in one envelope, with a session cookie.
import * as z from 'zod/mini';
import { readIdentifier } from '../core/index.ts';
import { anyone } from '../http/auth/auth.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import * as sessions from '../http/auth/session-actions.ts';
import * as field from '../http/body/fields.ts';
import { annotated, named } from '../http/docs.ts';
import { type Dialect, endpoint } from '../http/endpoint.ts';
import type { Reply } from '../http/problem.ts';
import { send } from '../http/respond.ts';

const registration = z.object({
  username: field.username(field.atLeast(8), field.atMost(16)),
  password: field.password(field.passwordRule(8, 16)),
  email: field.email(field.atMost(255)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });

/** The error codes, with one text for each. */
const DESCRIPTIONS = {
  101: 'login required',
  102: 'user name or password incorrect',
  103: 'incorrect data format',
  104: 'unexpected error',
  112: 'operation not allowed',
  113: 'service unavailable',
  114: 'username or email already exists',
} as const;

const failed = (
  status: Reply['status'],
  code: keyof typeof DESCRIPTIONS,
  desc: string = DESCRIPTIONS[code],
): Reply => ({ status, body: { status: 'failed', desc, error_code: code } });

const succeeded = () => z.literal('success');
const anId = () => z.int().check(z.minimum(1));

const register = endpoint({
  method: 'POST',
  path: '/register',
  auth: anyone,
  limit: 'registration',
  body: { schema: registration, numbers: 'refuse' },
  handle: async (c) => {
    const made = await sessions.register(c, c.req.valid('json'), null);
    if (!made.ok) return sessions.refuseError(c, made.error);
    return send(c, { status: 200, body: { status: 'success', user_id: made.value.account.id } });
  },
  docs: DOCS && {
    id: 'userV1Register',
    summary: 'Register',
    description: 'Logs nobody in. JSON numbers are not taken as text.',
    successes: [
      {
        status: 200,
        description: 'Registered, or refused: see the envelope.',
        schema: () => named('UserV1Registered', z.strictObject({ status: succeeded(), user_id: anId() })),
      },
    ],
  },
});

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  limit: 'login',
  body: { schema: credentials, numbers: 'refuse' },
  handle: async (c) => {
    const sent = c.req.valid('json');
    const loggedIn = await sessions.logIn(c, readIdentifier(sent.username), sent.password, 'cookie');
    if (!loggedIn.ok) return sessions.refuseError(c, loggedIn.error);
    const { id, username, email } = loggedIn.value.account;
    // `uid` is a string here and a number at logout, as in the document.
    const shown = { status: 'success', username: username ?? email, email, uid: String(id) };
    return send(c, { status: 200, body: shown });
  },
  docs: DOCS && {
    id: 'userV1Login',
    summary: 'Log in',
    description: '`username` takes the username or the email.',
    successes: [
      {
        status: 200,
        description: 'Logged in, or refused: see the envelope.',
        headers: ['Set-Cookie'],
        schema: () =>
          named(
            'UserV1LoggedIn',
            z.strictObject({
              status: succeeded(),
              username: annotated(z.string(), {
                description: 'The email, where the account has no username.',
              }),
              email: z.string(),
              uid: z.string().check(z.regex(/^[1-9][0-9]*$/)),
            }),
          ),
      },
    ],
  },
});

const logOut = endpoint({
  method: 'POST',
  path: '/logout',
  auth: { via: ['token', 'cookie'], reads: 'primary' },
  handle: async (c) => {
    await c.var.core.sessions.logOut(c.var.principal, c.var.client);
    clearSessionCookie(c);
    return send(c, { status: 200, body: { status: 'success', uid: c.var.principal.account.id } });
  },
  docs: DOCS && {
    id: 'userV1Logout',
    summary: 'Log out',
    successes: [
      {
        status: 200,
        description: 'The session has ended.',
        schema: () => named('UserV1LoggedOut', z.strictObject({ status: succeeded(), uid: anId() })),
        headers: ['Set-Cookie'],
      },
    ],
  },
});

const failure = () =>
  named(
    'UserV1Failure',
    z.strictObject({ status: z.literal('failed'), desc: z.string(), error_code: z.int() }),
    '101 login required, 102 wrong name or password, 103 a body or field that is not good, 104 what no other ' +
      'code says, 112 not allowed, 113 throttled or unavailable, 114 taken.',
  );

export const userV1: Dialect = {
  name: 'user-v1',
  basePath: '/api/v1/user',
  endpoints: [register, logIn, logOut],
  docs: DOCS && {
    title: 'user-v1',
    description:
      'Register, log in and out in one envelope, with a session cookie. Refusals are in the envelope, with status 200.',
    hasSlash: true,
    refusalSchemas: () => [failure],
    code: 'error_code',
  },
  // The document refuses logins and registrations with status 200: clients read the envelope.
  problem(problem) {
    switch (problem.reason) {
      case 'fields':
        return failed(200, 103);
      case 'taken':
        return failed(200, 114);
      case 'wrong_credentials':
        return failed(200, 102);
      case 'unverified_email':
        return failed(200, 112, 'email address is not verified');
      case 'credentials':
        return failed(401, 101);
      case 'malformed':
      case 'not_an_object':
      case 'proof':
        return failed(400, 103);
      case 'too_large':
        return failed(413, 103);
      case 'unsupported_media_type':
        return failed(415, 103);
      case 'forbidden':
      case 'reauthenticate':
      case 'factor_required':
      case 'factor':
      case 'cookie_blocked':
        return failed(
          403,
          112,
          'operation not allowed: use one host name for page and service (localhost and 127.0.0.1 are two)',
        );
      case 'https_required':
      case 'cross_site':
        return failed(403, 112);
      case 'last_admin':
        return failed(409, 112);
      case 'not_found':
      case 'mail_off':
      case 'access_tokens_off':
      case 'oauth':
        return failed(404, 104);
      case 'method_not_allowed':
        return failed(405, 104);
      case 'throttled':
        return failed(429, 113);
      case 'unavailable':
        return failed(503, 113);
      case 'internal_error':
        return failed(500, 104);
    }
  },
};
