// `id`: registering, logging in and out, and everything an owner does with the account itself.
import { type Context, Hono } from 'hono';
import { readIdentifier } from '../../core/index.ts';
import { requireLogin } from '../../http/auth/authenticate.ts';
import { clearSessionCookie } from '../../http/auth/cookies.ts';
import { guard, guardFlood } from '../../http/auth/flood-guard.ts';
import { logIn, register, renew } from '../../http/auth/session-actions.ts';
import { body } from '../../http/body/body.ts';
import type { AppEnv } from '../../http/context.ts';
import { originOf } from '../../http/respond.ts';
import * as fields from './fields.ts';
import { refuse, refuseError } from './refusal.ts';
import { showAccount } from './views.ts';

const toRead = requireLogin({ cookie: true });
const toChange = requireLogin({ cookie: true, fresh: true });
const numbers = 'text';

/** Refuses a new password that is common or close to the account's names; null where it is good. */
const refusePassword = async (
  c: Context<AppEnv>,
  name: string,
  password: string,
  names: readonly (string | null | undefined)[],
): Promise<ReturnType<typeof refuse> | null> => {
  const code = fields.passwordError(password, names, await c.var.commonPasswords());
  if (!code) return null;
  return refuse(c, { reason: 'fields', errors: [{ field: name, code, limit: null, value: undefined }] });
};

export const me = new Hono<AppEnv>()
  .post(
    '/register',
    guard('registration'),
    body(fields.registration, { numbers, unique: ['username', 'email'] }),
    async (c) => {
      const { username = null, email, password, name = '', session = 'cookie' } = c.req.valid('json');
      const refused = await refusePassword(c, 'password', password, [username, email]);
      if (refused) return refused;
      const open = session === 'cookie' ? 'cookie' : 'jwt';
      const made = await register(c, { username, email, password, name }, open);
      if (!made.ok) return refuseError(c, made.error);
      const account = showAccount(made.value.account, originOf(c));
      return session === 'cookie'
        ? c.json({ account }, 201)
        : c.json({ account, token: made.value.token }, 201);
    },
  )
  .post('/login', guard('login'), body(fields.credentials, { numbers }), async (c) => {
    const { identifier, password, session = 'cookie' } = c.req.valid('json');
    const open = session === 'cookie' ? 'cookie' : 'jwt';
    const loggedIn = await logIn(c, readIdentifier(identifier), password, open);
    if (!loggedIn.ok) return refuseError(c, loggedIn.error);
    const account = showAccount(loggedIn.value.account, originOf(c));
    return session === 'cookie'
      ? c.json({ account }, 200)
      : c.json({ account, token: loggedIn.value.token }, 200);
  })
  .post('/logout', toChange, async (c) => {
    await c.var.core.sessions.logOut(c.var.principal, c.var.client);
    if (c.var.principal.session.kind === 'cookie') clearSessionCookie(c);
    return c.body(null, 204);
  })
  .get('/me', toRead, (c) => c.json({ account: showAccount(c.var.principal.account, originOf(c)) }, 200))
  .patch('/me', toChange, body(fields.profile, { numbers }), async (c) => {
    const { pictureId, ...texts } = c.req.valid('json');
    const changes = { ...texts, pictureId: typeof pictureId === 'string' ? Number(pictureId) : pictureId };
    const { account } = c.var.principal;
    if (Object.values(changes).every((value) => value === undefined))
      return c.json({ account: showAccount(account, originOf(c)) }, 200);
    const changed = await c.var.core.accounts.update(account.id, changes, 'profile_changed', c.var.client);
    if (!changed.ok) return refuseError(c, changed.error);
    return c.json({ account: showAccount(changed.value, originOf(c)) }, 200);
  })
  .delete('/me', toChange, guardFlood('login'), body(fields.confirmation, { numbers }), async (c) => {
    const { core, principal, client } = c.var;
    const confirmed = await core.credentials.checkPassword(principal, c.req.valid('json').password, client);
    if (!confirmed.ok) return refuseError(c, confirmed.error);
    const removed = await core.accounts.remove(principal.account.id, client, { keepsLastAdmin: true });
    if (!removed.ok) return refuseError(c, removed.error);
    if (principal.session.kind === 'cookie') clearSessionCookie(c);
    return c.body(null, 204);
  })
  .put('/me/password', toChange, guardFlood('login'), body(fields.passwordChange, { numbers }), async (c) => {
    const { currentPassword: current, newPassword: next } = c.req.valid('json');
    const { core, principal, client } = c.var;
    const { username, email } = principal.account;
    const refused = await refusePassword(c, 'newPassword', next, [username, email]);
    if (refused) return refused;
    const changed = await core.credentials.changePassword(principal, { current, next }, client);
    if (!changed.ok) return refuseError(c, changed.error);
    const { endedSessions } = changed.value;
    return c.json({ endedSessions, ...renew(c, changed.value) }, 200);
  })
  .put('/me/email', toChange, guardFlood('login'), body(fields.emailChange, { numbers }), async (c) => {
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changeEmail(principal, c.req.valid('json'), client);
    if (!changed.ok) return refuseError(c, changed.error);
    const account = showAccount(changed.value.account, originOf(c));
    return c.json({ account, ...renew(c, changed.value) }, 200);
  })
  .put('/me/username', toChange, guardFlood('login'), body(fields.usernameChange, { numbers }), async (c) => {
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changeUsername(principal, c.req.valid('json'), client);
    if (!changed.ok) return refuseError(c, changed.error);
    const account = showAccount(changed.value.account, originOf(c));
    return c.json({ account, ...renew(c, changed.value) }, 200);
  });
