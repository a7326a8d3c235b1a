// 000 `users`: register, log in and out, and one's own profile, for browsers with a session cookie.
import { type Context, Hono } from 'hono';
import * as z from 'zod/mini';
import { type Account, readIdentifier } from '../core/index.ts';
import { requireLogin } from '../http/auth/authenticate.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { guard } from '../http/auth/flood-guard.ts';
import { logIn, refuseError, register } from '../http/auth/session-actions.ts';
import { body } from '../http/body/body.ts';
import * as field from '../http/body/fields.ts';
import type { AppEnv, Dialect } from '../http/context.ts';
import * as drf from '../http/drf.ts';
import type { FieldError } from '../http/problem.ts';
import { send } from '../http/respond.ts';
import { isoMicroseconds } from '../http/times.ts';

const hasGoodLength = field.hasLength(6, 20);
const isGoodPassword = (text: string): boolean =>
  hasGoodLength(text) && /[0-9]/.test(text) && /[A-Za-z]/.test(text);

const registration = z.object({
  username: field.username(field.atMost(20)),
  email: field.email(field.atMost(255)),
  password: field.password(field.passwordRule(isGoodPassword)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });
const profile = z.object({
  address: z.optional(field.lines(field.atMost(200))),
  site_url: z.optional(field.urlOrNothing(field.atMost(200))),
  description: z.optional(field.lines(field.atMost(1023))),
});

/** The eight documented keys, in the document's order. */
const show = async (c: Context<AppEnv>, account: Account) => ({
  id: account.id,
  last_login: isoMicroseconds(account.lastLoginAtMs, c.var.httpSettings.utcOffset),
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

const logOut = async (c: Context<AppEnv>): Promise<Response> => {
  await c.var.core.sessions.logOut(c.var.principal, c.var.client);
  clearSessionCookie(c);
  return send(c, { status: 200, body: 'OK' });
};

const toLogOut = requireLogin({ cookie: true, fresh: true });

const routes = new Hono<AppEnv>()
  .post(
    '/register',
    guard('registration'),
    body(registration, { numbers: 'text', unique: ['username', 'email'] }),
    async (c) => {
      const made = await register(c, c.req.valid('json'), 'cookie');
      if (!made.ok) return refuseError(c, made.error);
      return send(c, { status: 200, body: await show(c, made.value.account) });
    },
  )
  .post('/login', guard('login'), body(credentials, { numbers: 'text' }), async (c) => {
    const sent = c.req.valid('json');
    const loggedIn = await logIn(c, readIdentifier(sent.username), sent.password, 'cookie');
    if (!loggedIn.ok) return refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: await show(c, loggedIn.value.account) });
  })
  .get('/me', requireLogin({ cookie: true, anonymous: { reason: 'not_found' } }), async (c) =>
    send(c, { status: 200, body: await show(c, c.var.principal.account) }),
  )
  .patch(
    '/me',
    requireLogin({ cookie: true, fresh: true }),
    body(profile, { numbers: 'text' }),
    async (c) => {
      const { address, site_url: siteUrl, description } = c.req.valid('json');
      const changes = { address, siteUrl, description };
      const changed = await c.var.core.accounts.update(
        c.var.principal.account.id,
        changes,
        'profile_changed',
        c.var.client,
      );
      if (!changed.ok) return refuseError(c, changed.error);
      return send(c, { status: 200, body: await show(c, changed.value) });
    },
  )
  .post('/logout', toLogOut, logOut)
  .get('/logout', toLogOut, logOut);

/** The document's own sentences, before DRF's. */
const text = (fault: FieldError): string => {
  if (fault.code === 'weak_password')
    return 'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';
  if (fault.code !== 'taken') return drf.fieldErrorText(fault);
  return fault.field === 'email'
    ? 'user with this email address already exists.'
    : 'A user with that username already exists.';
};

export const users: Dialect = {
  name: 'users',
  basePath: '/api/users',
  usesCookie: true,
  routes,
  problem(problem) {
    switch (problem.reason) {
      case 'fields':
      case 'taken':
        return { status: 400, body: drf.fieldErrors(problem.errors, text) };
      case 'not_an_object':
        return { status: 400, body: drf.notAnObject(problem.got) };
      case 'wrong_credentials':
        return { status: 400, body: drf.nonFieldErrors('Username or password is incorrect.') };
      case 'credentials':
        return problem.why === 'missing' ? drf.forbiddenAnonymous() : drf.credentialsReply(problem.why);
      default:
        return drf.sharedReply(problem);
    }
  },
};
