// A dialect with two routes, `POST /mine/login` and `GET /mine/me`, which docs/architecture.md explains.
import * as z from 'zod/mini';
import { readIdentifier } from '../src/core/index.ts';
import { anyone } from '../src/http/auth/auth.ts';
import * as sessions from '../src/http/auth/session-actions.ts';
import * as field from '../src/http/body/fields.ts';
import { named } from '../src/http/docs.ts';
import { type Dialect, endpoint } from '../src/http/endpoint.ts';
import type { Reply } from '../src/http/problem.ts';
import { send } from '../src/http/respond.ts';

const credentials = z.object({ username: field.identifier(), password: field.password() });

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  // A login hashes a password, which is expensive.
  limit: 'login',
  body: { schema: credentials, numbers: 'text' },
  handle: async (c) => {
    const { username, password } = c.req.valid('json');
    const loggedIn = await sessions.logIn(c, readIdentifier(username), password, 'jwt');
    if (!loggedIn.ok) return sessions.refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: { key: loggedIn.value.token } });
  },
  docs: DOCS && {
    id: 'mineLogin',
    summary: 'Log in',
    sent: { username: 'mary', password: 'four walls and a door' },
    successes: [
      {
        status: 200,
        description: 'The key of the session.',
        schema: () => named('MineKey', z.strictObject({ key: z.string() })),
        headers: ['Set-Cookie'],
        example: { key: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2ln' },
      },
    ],
  },
});

const showMe = endpoint({
  method: 'GET',
  path: '/me',
  auth: { via: ['token'], reads: 'nearest' },
  handle: (c) => send(c, { status: 200, body: { email: c.var.principal.account.email } }),
  docs: DOCS && {
    id: 'mineMe',
    summary: 'Show the account',
    successes: [
      {
        status: 200,
        description: 'The account.',
        schema: () => named('MineAccount', z.strictObject({ email: z.string() })),
        example: { email: 'mary@example.com' },
      },
    ],
  },
});

const failed = (status: Reply['status'], error: string): Reply => ({ status, body: { error } });

export const mine: Dialect = {
  name: 'mine',
  basePath: '/mine',
  endpoints: [logIn, showMe],
  docs: DOCS && {
    title: 'mine',
    description: 'Log in for a key, and show the account.',
    hasSlash: false,
    refusalSchemas: () => [() => named('MineFailure', z.strictObject({ error: z.string() }))],
  },
  problem(problem) {
    switch (problem.reason) {
      case 'fields':
      case 'taken':
        return failed(400, problem.errors.map(({ field, code }) => `${field}: ${code}`).join(', '));
      case 'wrong_credentials':
        return failed(400, 'wrong username or password');
      case 'malformed':
      case 'not_an_object':
      case 'proof':
        return failed(400, 'the body is not valid');
      case 'credentials':
        return failed(401, 'log in first');
      case 'unverified_email':
        return failed(403, 'confirm your email address first');
      case 'https_required':
        return failed(403, 'use https');
      case 'forbidden':
      case 'cross_site':
      case 'cookie_blocked':
      case 'reauthenticate':
      case 'factor_required':
      case 'factor':
        return failed(403, 'not allowed');
      case 'not_found':
      case 'mail_off':
      case 'access_tokens_off':
      case 'oauth':
        return failed(404, 'not found');
      case 'method_not_allowed':
        return failed(405, `no ${problem.method} here`);
      case 'last_admin':
        return failed(409, 'not possible');
      case 'too_large':
        return failed(413, 'the body is too large');
      case 'unsupported_media_type':
        return failed(415, 'send JSON or a form');
      case 'throttled':
        return failed(429, `wait ${problem.retryAfterSeconds} s`);
      case 'unavailable':
        return failed(503, 'try again later');
      case 'internal_error':
        return failed(500, 'something went wrong');
    }
  },
};
