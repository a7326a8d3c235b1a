// 003 `account`: register and log in for the account's one token, profile, pictures, deletion.
import { type Context, Hono } from 'hono';
import * as z from 'zod/mini';
import { findPicture, readIdentifier } from '../core/index.ts';
import { requireLogin } from '../http/auth/authenticate.ts';
import { guard } from '../http/auth/flood-guard.ts';
import { logIn, originOf, picturesAt, refuseError, register } from '../http/auth/session-actions.ts';
import { body } from '../http/body/body.ts';
import * as field from '../http/body/fields.ts';
import type { AppEnv } from '../http/context.ts';
import * as drf from '../http/drf.ts';
import type { Dialect } from '../http/endpoint.ts';
import type { FieldError, Json, Reply } from '../http/problem.ts';
import { send } from '../http/respond.ts';
import { dayMonthYear } from '../http/times.ts';

const registration = z.object({
  username: field.username(field.atMost(32)),
  email: field.email(field.atMost(256)),
  password: field.password(field.atMost(128)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });
const choice = z.object({ id: field.choice((text) => findPicture(Number(text)) !== null) });

const succeed = (c: Context<AppEnv>, more: Record<string, Json> = {}): Response =>
  send(c, { status: 200, body: { success: true, ...more } });

const requireToken = requireLogin();
const requireFreshToken = requireLogin({ fresh: true });

const routes = new Hono<AppEnv>()
  .post(
    '/register',
    guard('registration'),
    body(registration, { numbers: 'text', unique: ['username', 'email'] }),
    async (c) => {
      const made = await register(c, c.req.valid('json'), 'derived');
      if (!made.ok) return refuseError(c, made.error);
      return succeed(c, { token: made.value.token });
    },
  )
  .post('/login', guard('login'), body(credentials, { numbers: 'text' }), async (c) => {
    const { username, password } = c.req.valid('json');
    const loggedIn = await logIn(c, readIdentifier(username), password, 'derived');
    if (!loggedIn.ok) return refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: { token: loggedIn.value.token } });
  })
  .post('/logout', requireFreshToken, async (c) => {
    await c.var.core.sessions.logOut(c.var.principal, c.var.client);
    return succeed(c);
  })
  .get('/profile', requireToken, (c) => {
    const { id, username, email, createdAtMs, pictureId } = c.var.principal.account;
    const data = { id, username: username ?? email, email, created: dayMonthYear(createdAtMs) };
    const picture = findPicture(pictureId);
    return succeed(c, { data: picture ? { ...data, picture: originOf(c) + picture.path } : data });
  })
  .post('/delete', requireFreshToken, async (c) => {
    const removed = await c.var.core.accounts.remove(c.var.principal.account.id, c.var.client);
    return removed.ok ? succeed(c) : refuseError(c, removed.error);
  })
  .get('/get_pictures', requireToken, (c) => succeed(c, { data: picturesAt(originOf(c)) }));

const setPicture = new Hono<AppEnv>().post(
  '/set_picture',
  requireFreshToken,
  body(choice, { numbers: 'text' }),
  async (c) => {
    const pictureId = Number(c.req.valid('json').id);
    const { id } = c.var.principal.account;
    const changed = await c.var.core.accounts.update(id, { pictureId }, 'picture_changed', c.var.client);
    return changed.ok ? succeed(c) : refuseError(c, changed.error);
  },
);

/** The document's own sentences, before DRF's. */
const text = (fault: FieldError): string => {
  if (fault.field === 'id') return 'Invalid picture id.';
  return fault.code === 'taken' ? `user with this ${fault.field} already exists.` : drf.fieldErrorText(fault);
};

/** Where the document puts faults in `errors`; at login they stand bare. */
const WRAPPING_PATHS = new Set(['/register', '/set_picture']);

const faulty = (path: string, errors: Json): Reply => ({
  status: 400,
  body: WRAPPING_PATHS.has(path) ? { success: false, errors } : errors,
});

export const account: Dialect = {
  name: 'account',
  basePath: '/account',
  endpoints: [],
  usesCookie: false,
  routes: routes.route('/', setPicture),
  problem(problem, { path }) {
    switch (problem.reason) {
      case 'fields':
      case 'taken':
        return faulty(path, drf.fieldErrors(problem.errors, text));
      case 'not_an_object':
        return faulty(path, drf.notAnObject(problem.got));
      case 'wrong_credentials':
        return {
          status: 400,
          body: drf.nonFieldErrors('Unable to log in with provided credentials.'),
        };
      case 'credentials':
        return drf.credentialsReply(problem.why);
      default:
        return drf.sharedReply(problem);
    }
  },
};

/** The document misspells one path; clients were written against what it says. */
export const misspeltAccount: Dialect = { ...account, basePath: '/acount', routes: setPicture };
