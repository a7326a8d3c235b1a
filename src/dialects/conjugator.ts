// 002 `conjugator`: register, log in for a token, one's own names, and the admins' list of users.
import { Hono } from 'hono';
import * as z from 'zod/mini';
import { type Account, readEmailIdentifier, readIdentifier } from '../core/index.ts';
import { requireAdmin, requireLogin } from '../http/auth/authenticate.ts';
import { guard } from '../http/auth/flood-guard.ts';
import { logIn, refuseError, register } from '../http/auth/session-actions.ts';
import { body } from '../http/body/body.ts';
import * as field from '../http/body/fields.ts';
import type { AppEnv } from '../http/context.ts';
import * as drf from '../http/drf.ts';
import type { Dialect } from '../http/endpoint.ts';
import { cutPage, linkNext, readAfterId, readPage } from '../http/pagination.ts';
import { respondProblem, send } from '../http/respond.ts';

const MAX_CHARACTERS = 255;

const registration = z.object({
  first_name: field.line(field.atMost(MAX_CHARACTERS)),
  last_name: field.line(field.atMost(MAX_CHARACTERS)),
  email: field.email(field.atMost(MAX_CHARACTERS)),
  password: field.password(field.atMost(MAX_CHARACTERS)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });
/** This API's own client sends `email` in the place of `username`. */
const emailForUsername = { name: 'email', standsFor: 'username' };
const names = z.object({
  first_name: z.optional(field.line(field.atMost(MAX_CHARACTERS))),
  last_name: z.optional(field.line(field.atMost(MAX_CHARACTERS))),
});

/** The four keys of a user, in the document's order. */
const show = ({ id, firstName, lastName, email }: Account) => ({
  id,
  first_name: firstName,
  last_name: lastName,
  email,
});

const requireToken = requireLogin({ bare: true });
const requireFreshToken = requireLogin({ bare: true, fresh: true });

const routes = new Hono<AppEnv>()
  .post('/register', guard('registration'), body(registration, { numbers: 'text' }), async (c) => {
    const { first_name: firstName, last_name: lastName, email, password } = c.req.valid('json');
    const made = await register(c, { username: null, email, password, firstName, lastName }, null);
    if (!made.ok) return refuseError(c, made.error);
    // The document shows the hash here. Nothing ever hands one out: see SECURITY.md.
    return send(c, { status: 201, body: { ...show(made.value.account), password: '********' } });
  })
  .post(
    '/login',
    guard('login'),
    body(credentials, { numbers: 'text', alias: emailForUsername }),
    async (c) => {
      const { username, password } = c.req.valid('json');
      const read = Object.hasOwn(c.var.rawBody, 'username') ? readIdentifier : readEmailIdentifier;
      const loggedIn = await logIn(c, read(username), password, 'derived');
      if (!loggedIn.ok) return refuseError(c, loggedIn.error);
      return send(c, { status: 200, body: { token: loggedIn.value.token } });
    },
  )
  .get('/user', requireToken, (c) => send(c, { status: 200, body: show(c.var.principal.account) }))
  .put('/user', requireFreshToken, body(names, { numbers: 'text' }), async (c) => {
    const { first_name: firstName, last_name: lastName } = c.req.valid('json');
    const { account } = c.var.principal;
    const changed = await c.var.core.accounts.update(
      account.id,
      { firstName, lastName },
      'profile_changed',
      c.var.client,
    );
    if (!changed.ok) return refuseError(c, changed.error);
    return send(c, { status: 200, body: show(changed.value) });
  })
  .get('/accounts/:id{[0-9]+}', requireFreshToken, async (c) => {
    const id = Number(c.req.param('id'));
    const { account } = c.var.principal;
    if (account.id === id) return send(c, { status: 200, body: show(account) });
    const other = account.isAdmin ? await c.var.core.accounts.get(id) : null;
    return other ? send(c, { status: 200, body: show(other) }) : respondProblem(c, { reason: 'not_found' });
  })
  .get('/admin/users', requireFreshToken, requireAdmin, async (c) => {
    const { limit, after } = readPage(c);
    const found = await c.var.core.accounts.list({ afterId: readAfterId(after), limit: limit + 1 });
    const { rows, next } = cutPage(found, limit);
    linkNext(c, limit, next);
    return send(c, { status: 200, body: rows.map(show) });
  });

export const conjugator: Dialect = {
  name: 'conjugator',
  basePath: '/api',
  endpoints: [],
  usesCookie: false,
  routes,
  problem(problem, { origin }) {
    switch (problem.reason) {
      case 'fields':
        return { status: 400, body: drf.fieldErrors(problem.errors) };
      case 'taken':
        // The document's own status and headers: a refusal, though it looks like a fault.
        return {
          status: 500,
          statusText: 'SEE OTHER',
          headers: { Location: `${origin}/api/accounts/${problem.ownerId}/` },
          body: {},
        };
      case 'not_an_object':
        return { status: 400, body: drf.notAnObject(problem.got) };
      case 'wrong_credentials':
        return { status: 400, body: drf.nonFieldErrors('Unable to login with provided credentials.') };
      case 'credentials':
        return drf.credentialsReply(problem.why);
      default:
        return drf.sharedReply(problem);
    }
  },
};
