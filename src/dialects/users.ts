// `users`: registration, login, logout and the owner's profile, for browsers with a session cookie.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { type Account, lastLoginOrCreationMs, readIdentifier } from '../core/index.ts';
import { anyone } from '../http/auth/auth.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import * as sessions from '../http/auth/session-actions.ts';
import * as field from '../http/body/fields.ts';
import type { AppEnv } from '../http/context.ts';
import { annotated, named, type Refusal, type Success } from '../http/docs.ts';
import * as drf from '../http/drf.ts';
import { type Dialect, endpoint } from '../http/endpoint.ts';
import { isAllowedOrigin } from '../http/origins.ts';
import type { FieldError } from '../http/problem.ts';
import { respondProblem, send } from '../http/respond.ts';
import { isoMicroseconds } from '../http/times.ts';

const newPassword = () => field.password(field.passwordRule(6, 20, /^(?=[\s\S]*[A-Za-z])(?=[\s\S]*[0-9])/));

const registration = z.object({
  username: field.username(field.atMost(20)),
  email: field.email(field.atMost(255)),
  password: newPassword(),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });
const profile = z.object({
  email: z.optional(field.email(field.atMost(255))),
  address: z.optional(field.lines(field.atMost(200))),
  site_url: z.optional(field.urlOrNothing(field.atMost(200))),
  description: z.optional(field.lines(field.atMost(1023))),
});

const passwordChange = z.object({ old: field.password(), new1: newPassword(), new2: field.password() });

/** As long as any browser sends in full. */
const MAX_CALLBACK_CHARACTERS = 2_000;
const resetRequest = z.object({
  lookup: field.identifier(),
  callback: field.url(field.atMost(MAX_CALLBACK_CHARACTERS)),
});
const reset = z.object({ sign: field.identifier(), new_password: newPassword() });

/** The eight documented keys, in the document's order. */
const show = async (c: Context<AppEnv>, account: Account) => ({
  id: account.id,
  last_login: isoMicroseconds(lastLoginOrCreationMs(account), c.var.httpSettings.utcOffset),
  username: account.username ?? account.email,
  email: account.email,
  avatar_url: await gravatarUrl(account.email),
  address: account.address,
  site_url: account.siteUrl,
  description: account.description,
});

/** @see https://docs.gravatar.com/rest/hash/ whose older form, an MD5, is the document's */
const gravatarUrl = async (address: string): Promise<string> => {
  const bytes = new TextEncoder().encode(address.trim().toLowerCase());
  const hash = new Uint8Array(await crypto.subtle.digest('MD5', bytes)).toHex();
  return `https://www.gravatar.com/avatar/${hash}?s=328&r=g&d=identicon`;
};

const user = () =>
  named(
    'UsersUser',
    z.strictObject({
      id: z.int().check(z.minimum(1)),
      last_login: annotated(
        z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}[+-]\d{2}:\d{2}$/)),
        { format: 'date-time' },
      ),
      username: annotated(z.string(), { description: 'The email, where the account has no username.' }),
      email: z.string(),
      avatar_url: z.url(),
      address: z.string(),
      site_url: z.string(),
      description: z.string(),
    }),
    'The eight keys of an account.',
  );
const done = () => named('UsersDone', z.literal('OK'));

const mailOff: Refusal = { summary: 'the service sends no mail', problem: { reason: 'mail_off' } };
const missing: FieldError[] = [
  { field: 'lookup', code: 'required', limit: null, value: undefined },
  { field: 'callback', code: 'required', limit: null, value: undefined },
];

/** The two new passwords differ. */
const mismatch: FieldError = {
  field: 'non_field_errors',
  code: 'not_a_choice',
  limit: null,
  value: undefined,
};

const mary = {
  id: 1,
  last_login: '2018-09-10T12:26:58.277000+00:00',
  username: 'test',
  email: 'test@test.com',
  avatar_url: 'https://www.gravatar.com/avatar/b642b4217b34b1e8d3bd915fc65c4452?s=328&r=g&d=identicon',
  address: 'Lane 1',
  site_url: 'https://example.com',
  description: 'Tests things.',
};

const register = endpoint({
  method: 'POST',
  path: '/register',
  auth: anyone,
  limit: 'registration',
  body: { schema: registration, numbers: 'text', unique: ['username', 'email'] },
  handle: async (c) => {
    const made = await sessions.register(c, c.req.valid('json'), 'cookie');
    if (!made.ok) return sessions.refuseError(c, made.error);
    return send(c, { status: 200, body: await show(c, made.value.account) });
  },
  docs: DOCS && {
    id: 'usersRegister',
    summary: 'Register, and be logged in',
    successes: [
      { status: 200, description: 'The account, and its session.', schema: user, headers: ['Set-Cookie'] },
    ],
  },
});

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  limit: 'login',
  body: { schema: credentials, numbers: 'text' },
  handle: async (c) => {
    const { username, password } = c.req.valid('json');
    const loggedIn = await sessions.logIn(c, readIdentifier(username), password, 'cookie');
    if (!loggedIn.ok) return sessions.refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: await show(c, loggedIn.value.account) });
  },
  docs: DOCS && {
    id: 'usersLogin',
    summary: 'Log in',
    description: '`username` takes the username or the email.',
    successes: [
      { status: 200, description: 'The account, and its session.', schema: user, headers: ['Set-Cookie'] },
    ],
  },
});

const showMe = endpoint({
  method: 'GET',
  path: '/me',
  auth: { via: ['token', 'cookie'], reads: 'nearest', anonymous: { reason: 'not_found' } },
  handle: async (c) => send(c, { status: 200, body: await show(c, c.get('principal').account) }),
  docs: DOCS && {
    id: 'usersMe',
    summary: 'Who is logged in',
    description: 'Anonymous requests get a 404.',
    successes: [{ status: 200, description: 'The account.', schema: user, example: mary }],
  },
});

const changeMe = endpoint({
  method: 'PATCH',
  path: '/me',
  auth: { via: ['token', 'cookie'], reads: 'primary' },
  // A new email sends a mail.
  limit: 'login',
  body: { schema: profile, numbers: 'text' },
  handle: async (c) => {
    const { email, address, site_url: siteUrl, description } = c.req.valid('json');
    const changes = { email, address, siteUrl, description };
    const { core, principal, client } = c.var;
    // This API has no field for the password. An old session, which may be stolen, must not change where resets are
    // mailed.
    if (
      email !== undefined &&
      email !== principal.account.email &&
      !core.sessions.isRecent(principal.session)
    )
      return respondProblem(c, { reason: 'reauthenticate' });
    const changed = await core.accounts.update(principal.account, changes, 'profile_changed', client);
    if (!changed.ok) return sessions.refuseError(c, changed.error);
    return send(c, { status: 200, body: await show(c, changed.value) });
  },
  docs: DOCS && {
    id: 'usersChangeMe',
    summary: 'Change the profile',
    description:
      'Fields that are not sent stay as they are. A new `email` asks for a login within the last ten minutes. If the ' +
      'service sends mail, it holds as soon as the new address is confirmed, and until then the old one is shown.',
    sent: { address: mary.address, site_url: mary.site_url, description: mary.description },
    successes: [{ status: 200, description: 'The account.', schema: user, example: mary }],
    refusals: [{ summary: 'a new email without a recent login', problem: { reason: 'reauthenticate' } }],
  },
});

const CHANGE_PASSWORD = '/change_password';

const changePassword = endpoint({
  method: 'POST',
  path: CHANGE_PASSWORD,
  auth: { via: ['token', 'cookie'], reads: 'primary' },
  limit: 'login',
  body: { schema: passwordChange, numbers: 'text' },
  handle: async (c) => {
    const { old, new1, new2 } = c.req.valid('json');
    // Checked before the old password, because a refusal without a hash must not count as an attempt.
    if (new1 !== new2) return respondProblem(c, { reason: 'fields', errors: [mismatch] });
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changePassword(principal, { current: old, next: new1 }, client);
    if (!changed.ok) return sessions.refuseError(c, changed.error);
    // A cookie is renewed. This answer has no place for a token, so a client with a token logs in again.
    sessions.renew(c, changed.value);
    return send(c, { status: 200, body: 'OK' });
  },
  docs: DOCS && {
    id: 'usersChangePassword',
    summary: 'Change the password',
    description: 'Ends every other session, and renews the cookie of this one.',
    sent: { old: 'test1234', new1: 'another1234', new2: 'another1234' },
    successes: [
      {
        status: 200,
        description: 'The password is changed.',
        schema: done,
        headers: ['Set-Cookie'],
        example: 'OK',
      },
    ],
    refusals: [{ summary: 'new passwords that differ', problem: { reason: 'fields', errors: [mismatch] } }],
  },
});

const RESET_PASSWORD = '/reset_password';

/**
 * Whether the token of a reset may be sent to a page: one of ours, or of an allowed origin. Anyone can request a mail,
 * and must not choose whose page its link opens.
 */
const isOwnPage = (c: Context<AppEnv>, callback: string): boolean => {
  const { origin } = new URL(callback);
  return origin === c.var.core.mail.settings?.publicUrl || isAllowedOrigin(c, origin);
};

const requestReset = endpoint({
  method: 'GET',
  path: RESET_PASSWORD,
  auth: anyone,
  limit: 'login',
  handle: async (c) => {
    const { core, client } = c.var;
    if (!core.mail.settings) return respondProblem(c, { reason: 'mail_off' });
    const sent = c.req.query();
    const read = z.safeParse(resetRequest, sent);
    if (!read.success)
      return respondProblem(c, { reason: 'fields', errors: field.readFieldErrors(read.error.issues, sent) });
    const { lookup, callback } = read.data;
    await core.passwordReset.request(
      readIdentifier(lookup),
      client,
      isOwnPage(c, callback) ? callback : null,
    );
    return send(c, { status: 200, body: 'OK' });
  },
  docs: DOCS && {
    id: 'usersRequestReset',
    summary: 'Mail a link that sets a new password',
    description:
      'The answer is the same whether there is such an account or not. The link leads to `callback`, with the token as ' +
      '`sign`, if that is a page of the service or of `ALLOWED_ORIGINS`; else to a page of the service.',
    query: [
      {
        name: 'lookup',
        in: 'query',
        required: true,
        description: 'The username or the email.',
        schema: { type: 'string' },
        example: 'test',
      },
      {
        name: 'callback',
        in: 'query',
        required: true,
        description: 'The page that takes the new password.',
        schema: { type: 'string', format: 'uri' },
        example: 'https://app.example.com/reset',
      },
    ],
    successes: [
      {
        status: 200,
        description: 'A mail is on its way, if there is anybody to send it to.',
        schema: done,
        example: 'OK',
      },
    ],
    refusals: [mailOff, { summary: 'fields missing', problem: { reason: 'fields', errors: missing } }],
  },
});

const resetPassword = endpoint({
  method: 'POST',
  path: RESET_PASSWORD,
  auth: anyone,
  limit: 'login',
  body: { schema: reset, numbers: 'text' },
  handle: async (c) => {
    const { core, client } = c.var;
    if (!core.mail.settings) return respondProblem(c, { reason: 'mail_off' });
    const { sign, new_password: password } = c.req.valid('json');
    const found = await core.passwordReset.read(sign);
    if (!found.ok) return sessions.refuseError(c, found.error);
    const changed = await core.passwordReset.complete(sign, password, client);
    if (!changed.ok) return sessions.refuseError(c, changed.error);
    return send(c, { status: 200, body: 'OK' });
  },
  docs: DOCS && {
    id: 'usersResetPassword',
    summary: 'Set a new password with the token of the link',
    description: 'Ends every session and token of the account, and opens none.',
    sent: { sign: 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k', new_password: 'another1234' },
    successes: [{ status: 200, description: 'The password is set.', schema: done, example: 'OK' }],
    refusals: [
      mailOff,
      { summary: 'not one of ours', problem: { reason: 'proof', why: 'invalid' } },
      { summary: 'used, replaced or too old', problem: { reason: 'proof', why: 'expired' } },
    ],
  },
});

const logOut = async (c: Context<AppEnv>): Promise<Response> => {
  await c.var.core.sessions.logOut(c.var.principal, c.var.client);
  clearSessionCookie(c);
  return send(c, { status: 200, body: 'OK' });
};

const ended: Success = {
  status: 200,
  description: 'The session has ended.',
  schema: done,
  headers: ['Set-Cookie'],
  example: 'OK',
};

const logOutByPost = endpoint({
  method: 'POST',
  path: '/logout',
  auth: { via: ['token', 'cookie'], reads: 'primary' },
  handle: logOut,
  docs: DOCS && { id: 'usersLogout', summary: 'Log out', successes: [ended] },
});

const logOutByGet = endpoint({
  method: 'GET',
  path: '/logout',
  auth: {
    via: ['token', 'cookie'],
    reads: 'primary',
    csrf: { check: true, reason: 'Clients of this API log out by GET: an image in a foreign page must not.' },
  },
  handle: logOut,
  docs: DOCS && { id: 'usersLogoutByGet', summary: 'Log out, by a link', successes: [ended] },
});

/** The document's sentences first, then DRF's. */
const text = (error: FieldError): string => {
  // Only `mismatch` has this code: no field of this dialect is a choice.
  if (error.code === 'not_a_choice') return 'New passwords mismatched!';
  if (error.code === 'weak_password')
    return 'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';
  if (error.code !== 'taken') return drf.fieldErrorText(error);
  return error.field === 'email'
    ? 'user with this email address already exists.'
    : 'A user with that username already exists.';
};

/** A change of the password reports the rule for passwords in `non_field_errors`. */
const asWhole = (error: FieldError): FieldError =>
  error.code === 'weak_password' ? { ...error, field: 'non_field_errors' } : error;

export const users: Dialect = {
  name: 'users',
  basePath: '/api/users',
  endpoints: [
    register,
    logIn,
    showMe,
    changeMe,
    changePassword,
    requestReset,
    resetPassword,
    logOutByPost,
    logOutByGet,
  ],
  docs: DOCS && {
    title: 'users',
    description: 'Register, log in and out, and edit the profile, for browsers with a session cookie.',
    hasSlash: true,
    // A change of the password reports errors both by field and in `non_field_errors`.
    refusalSchemas: (fields) => [
      ...drf.refusalSchemas(fields.includes('new1') ? [...fields, 'non_field_errors'] : fields),
      // For a query.
      ...(fields.length === 0 ? [drf.fieldErrorsShape(['lookup', 'callback'])] : []),
    ],
  },
  problem(problem, { path }) {
    const isPasswordChange = path === CHANGE_PASSWORD;
    switch (problem.reason) {
      case 'fields':
      case 'taken':
        return {
          status: 400,
          body: drf.fieldErrors(isPasswordChange ? problem.errors.map(asWhole) : problem.errors, text),
        };
      case 'not_an_object':
        return { status: 400, body: drf.notAnObject(problem.got) };
      case 'wrong_credentials':
        return {
          status: 400,
          body: isPasswordChange
            ? { old: ['Old password mismatched!'] }
            : drf.nonFieldErrors('Username or password is incorrect.'),
        };
      case 'proof':
        return path === RESET_PASSWORD
          ? {
              status: 400,
              body: { sign: [problem.why === 'invalid' ? 'Bad signature.' : 'Signature expired.'] },
            }
          : drf.sharedReply(problem);
      case 'reauthenticate':
        return path === '/me'
          ? { status: 403, body: { detail: 'Log in again, then change the email.' } }
          : drf.sharedReply(problem);
      case 'credentials':
        return problem.why === 'missing' ? drf.forbiddenAnonymous() : drf.credentialsReply(problem.why);
      default:
        return drf.sharedReply(problem);
    }
  },
};
