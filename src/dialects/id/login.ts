// `id`: register, log in, log out.
import type { Context } from 'hono';
import { readIdentifier } from '../../core/index.ts';
import { anyone } from '../../http/auth/auth.ts';
import { clearSessionCookie } from '../../http/auth/cookies.ts';
import * as sessions from '../../http/auth/session-actions.ts';
import type { AppEnv } from '../../http/context.ts';
import type { Refusal as DocumentedRefusal, Success } from '../../http/docs.ts';
import { endpoint } from '../../http/endpoint.ts';
import { originOf } from '../../http/respond.ts';
import * as answers from './answers.ts';
import { toChange } from './auth.ts';
import * as examples from './examples.ts';
import * as fields from './fields.ts';
import { type Refusal, refuse, refuseError } from './refusal.ts';
import { showAccount } from './views.ts';

/** Refuses a new password that is common or close to the account's names; null if it is good. */
export const refusePassword = async (
  c: Context<AppEnv>,
  name: string,
  password: string,
  names: readonly (string | null | undefined)[],
): Promise<Refusal | null> => {
  const known = [...names, c.var.httpSettings.serviceName];
  const code = fields.passwordError(password, known, await c.var.commonPasswords());
  if (!code) return null;
  return refuse(c, { reason: 'fields', errors: [{ field: name, code, limit: null, value: undefined }] });
};

/** The refusals of `refusePassword`, for the reference. */
export const passwordRefusals = (field: string): DocumentedRefusal[] => [
  {
    summary: 'a password that too many people have',
    problem: {
      reason: 'fields',
      errors: [{ field, code: 'common_password', limit: null, value: undefined }],
    },
  },
  {
    summary: 'a password that is the name',
    problem: {
      reason: 'fields',
      errors: [{ field, code: 'resembling_password', limit: null, value: undefined }],
    },
  },
];

const loggedIn = (status: number): Success => ({
  status,
  description: 'The account, and its session: a cookie, or a token if one was requested.',
  schema: answers.loggedIn,
  headers: ['Set-Cookie'],
  example: { account: examples.account },
});

const register = endpoint({
  method: 'POST',
  path: '/register',
  auth: anyone,
  limit: 'registration',
  body: { schema: fields.registration, numbers: 'text', unique: ['username', 'email'] },
  handle: async (c) => {
    const { username = null, email, password, name = '', session = 'cookie' } = c.req.valid('json');
    const refused = await refusePassword(c, 'password', password, [username, email]);
    if (refused) return refused;
    const open = session === 'cookie' ? 'cookie' : 'jwt';
    const made = await sessions.register(c, { username, email, password, name }, open);
    if (!made.ok) return refuseError(c, made.error);
    const account = showAccount(made.value.account, originOf(c));
    return session === 'cookie'
      ? c.json({ account }, 201)
      : c.json({ account, token: made.value.token }, 201);
  },
  docs: DOCS && {
    id: 'idRegister',
    summary: 'Register, and be logged in',
    description: '`session` is `cookie` by default; `token` returns a token in the response.',
    sent: {
      username: 'mary',
      email: examples.account.email,
      password: examples.password,
      name: examples.account.name,
    },
    successes: [loggedIn(201)],
    refusals: passwordRefusals('password'),
  },
});

const passwordMissing: DocumentedRefusal = {
  summary: 'no password',
  problem: {
    reason: 'fields',
    errors: [{ field: 'password', code: 'required', limit: null, value: undefined }],
  },
};

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  limit: 'login',
  body: {
    schema: fields.credentials,
    numbers: 'text',
    alias: { name: 'code', standsFor: 'password' },
  },
  handle: async (c) => {
    const { identifier: typed, password, session = 'cookie' } = c.req.valid('json');
    const open = session === 'cookie' ? 'cookie' : 'jwt';
    const identifier = readIdentifier(typed);
    const { emailCode } = c.var.core;
    const isCode = !Object.hasOwn(c.var.rawBody, 'password');
    if (isCode && !emailCode) return refuse(c, passwordMissing.problem);
    const signedIn =
      isCode && emailCode
        ? await sessions.signInWithCode(c, emailCode, { identifier, code: password, open })
        : await sessions.signIn(c, identifier, password, { open, takesAppPasswords: true });
    if (!signedIn.ok) return refuseError(c, signedIn.error);
    if ('secondFactor' in signedIn.value) return c.json(signedIn.value, 200);
    const { account, ...more } = signedIn.value;
    return c.json({ account: showAccount(account, originOf(c)), ...more }, 200);
  },
  docs: DOCS && {
    id: 'idLogin',
    summary: 'Log in',
    description:
      '`identifier` takes the username or the email. `session` as for registering. If the account has a passkey or an ' +
      'authenticator app, the answer is `secondFactor`, and no session is open yet. An app password needs none. With ' +
      '`EMAIL_SIGN_IN`, `code` takes the code that `/id/login/code` mails, with the cookie `login_step` that it sets.',
    sent: { identifier: 'mary', password: examples.password },
    successes: [{ ...loggedIn(200), schema: answers.loggedInOrNeedsFactor }],
    refusals: [passwordMissing, { summary: 'a wrong code', problem: { reason: 'proof', why: 'wrong_code' } }],
  },
});

const requestCode = endpoint({
  method: 'POST',
  path: '/login/code',
  auth: anyone,
  limit: 'login',
  body: { schema: fields.forgotten, numbers: 'text' },
  handle: async (c) => {
    const { emailCode } = c.var.core;
    if (!emailCode) return refuse(c, { reason: 'not_found' });
    await sessions.requestCode(c, emailCode, readIdentifier(c.req.valid('json').identifier));
    return c.body(null, 202);
  },
  docs: DOCS && {
    id: 'idRequestLoginCode',
    summary: 'Mail a code that logs in, if `EMAIL_SIGN_IN` is set',
    description:
      'The answer and the work are the same whether there is such an account or not. Only proven addresses get a code. It ' +
      'is good for ten minutes, with the cookie `login_step` of this answer.',
    sent: { identifier: examples.account.email },
    successes: [
      {
        status: 202,
        description: 'A mail is on its way, if there is anybody to send it to.',
        schema: null,
        headers: ['Set-Cookie'],
      },
    ],
    refusals: [{ summary: 'codes do not log in here', problem: { reason: 'not_found' } }],
  },
});

const logOut = endpoint({
  method: 'POST',
  path: '/logout',
  auth: toChange,
  handle: async (c) => {
    await c.var.core.sessions.logOut(c.var.principal, c.var.client);
    if (c.var.principal.session.kind === 'cookie') clearSessionCookie(c);
    return c.body(null, 204);
  },
  docs: DOCS && {
    id: 'idLogout',
    summary: 'Log out',
    successes: [
      { status: 204, description: 'The session has ended.', schema: null, headers: ['Set-Cookie'] },
    ],
  },
});

export const login = [register, logIn, requestCode, logOut] as const;
