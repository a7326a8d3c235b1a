// 001 `user-v1`: register, log in and out in one envelope, with a session cookie.
import { Hono } from 'hono';
import * as z from 'zod/mini';
import { readIdentifier } from '../core/index.ts';
import { requireLogin } from '../http/auth/authenticate.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { guard } from '../http/auth/flood-guard.ts';
import { logIn, refuseError, register } from '../http/auth/session-actions.ts';
import { body } from '../http/body/body.ts';
import * as field from '../http/body/fields.ts';
import type { AppEnv } from '../http/context.ts';
import type { Dialect } from '../http/endpoint.ts';
import type { Reply } from '../http/problem.ts';
import { send } from '../http/respond.ts';

const has8To16 = field.hasLength(8, 16);

const registration = z.object({
  username: field.username(field.atLeast(8), field.atMost(16)),
  password: field.password(field.passwordRule(has8To16)),
  email: field.email(field.atMost(255)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });

/** The document's one error code list, with one text for each. */
const DESCRIPTIONS = {
  101: 'login required',
  102: 'user name or password incorrect',
  103: 'incorrect data format',
  104: 'unexpected error',
  112: 'operation not allowed',
  113: 'service unavailable',
  114: 'username or email already exists',
} as const;

const failed = (status: Reply['status'], code: keyof typeof DESCRIPTIONS): Reply => ({
  status,
  body: { status: 'failed', desc: DESCRIPTIONS[code], error_code: code },
});

const routes = new Hono<AppEnv>()
  .post('/register', guard('registration'), body(registration, { numbers: 'refuse' }), async (c) => {
    const made = await register(c, c.req.valid('json'), null);
    if (!made.ok) return refuseError(c, made.error);
    return send(c, { status: 200, body: { status: 'success', user_id: made.value.account.id } });
  })
  .post('/login', guard('login'), body(credentials, { numbers: 'refuse' }), async (c) => {
    const sent = c.req.valid('json');
    const loggedIn = await logIn(c, readIdentifier(sent.username), sent.password, 'cookie');
    if (!loggedIn.ok) return refuseError(c, loggedIn.error);
    const { id, username, email } = loggedIn.value.account;
    // Text here and a number at logout: the document has it so.
    const shown = { status: 'success', username: username ?? email, email, uid: String(id) };
    return send(c, { status: 200, body: shown });
  })
  .post('/logout', requireLogin({ cookie: true, fresh: true }), async (c) => {
    await c.var.core.sessions.logOut(c.var.principal, c.var.client);
    clearSessionCookie(c);
    return send(c, { status: 200, body: { status: 'success', uid: c.var.principal.account.id } });
  });

export const userV1: Dialect = {
  name: 'user-v1',
  basePath: '/api/v1/user',
  endpoints: [],
  usesCookie: true,
  routes,
  // Refusals of a login or registration go out with status 200: the envelope tells.
  problem(problem) {
    switch (problem.reason) {
      case 'fields':
        return failed(200, 103);
      case 'taken':
        return failed(200, 114);
      case 'wrong_credentials':
        return failed(200, 102);
      case 'credentials':
        return failed(401, 101);
      case 'malformed':
      case 'not_an_object':
        return failed(400, 103);
      case 'too_large':
        return failed(413, 103);
      case 'unsupported_media_type':
        return failed(415, 103);
      case 'forbidden':
      case 'cross_site':
        return failed(403, 112);
      case 'last_admin':
        return failed(409, 112);
      case 'not_found':
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
