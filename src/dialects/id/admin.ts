// `id`: what admins do with accounts: list, search, look at, disable, make admins of, remove.
import { type Context, Hono } from 'hono';
import type { AccountError, AdminAction } from '../../core/index.ts';
import { requireAdmin, requireLogin } from '../../http/auth/authenticate.ts';
import type { AppEnv } from '../../http/context.ts';
import { findAccounts, linkNext, readPage } from '../../http/pagination.ts';
import { originOf } from '../../http/respond.ts';
import { refuse, refuseError } from './refusal.ts';
import { readTrailPage } from './trail.ts';
import { showEvent, showSession, showToAdmin } from './views.ts';

/** Reading asks the primary too: an admin decides by what is shown. */
const toRead = requireLogin({ cookie: true, fresh: true, anyOrigin: true });
const toChange = requireLogin({ cookie: true, fresh: true });

const SHOWN_EVENTS = 50;
const ONE = '/admin/accounts/:id{[0-9]+}';

const idOf = (c: Context<AppEnv>): number => Number(c.req.param('id'));

/** To an admin, an account that is not there is something that was not found, not a login that is gone. */
const refuseChange = (c: Context<AppEnv>, error: AccountError) =>
  error.reason === 'gone' ? refuse(c, { reason: 'not_found' }) : refuseError(c, error);

const applyAction = (action: AdminAction) => async (c: Context<AppEnv>) => {
  const { core, principal, client } = c.var;
  const changed = await core.admin.apply(idOf(c), action, principal.account.id, client);
  if (changed.ok) return c.json({ account: showToAdmin(changed.value, originOf(c)) }, 200);
  return refuseChange(c, changed.error);
};

export const admin = new Hono<AppEnv>()
  .get('/admin/accounts', toRead, requireAdmin, async (c) => {
    const asked = readPage(c);
    const search = c.req.query('search')?.trim() ?? '';
    const { rows, next } = await findAccounts(c.var.core, search, asked);
    linkNext(c, asked.limit, next);
    const origin = originOf(c);
    return c.json({ accounts: rows.map((account) => showToAdmin(account, origin)) }, 200);
  })
  .get(ONE, toRead, requireAdmin, async (c) => {
    const id = idOf(c);
    const account = await c.var.core.accounts.get(id);
    if (!account) return refuse(c, { reason: 'not_found' });
    const live = await c.var.core.sessions.list(id);
    const events = await c.var.core.auditLog.list(id, { beforeId: null, limit: SHOWN_EVENTS });
    return c.json(
      {
        account: showToAdmin(account, originOf(c)),
        sessions: live.map((session) => showSession(session, c.var.principal.session.id)),
        events: events.map(showEvent),
      },
      200,
    );
  })
  .get(`${ONE}/events`, toRead, requireAdmin, async (c) => {
    const account = await c.var.core.accounts.get(idOf(c));
    if (!account) return refuse(c, { reason: 'not_found' });
    return c.json({ events: await readTrailPage(c, account.id) }, 200);
  })
  .post(`${ONE}/disable`, toChange, requireAdmin, applyAction('disabled'))
  .post(`${ONE}/enable`, toChange, requireAdmin, applyAction('enabled'))
  .post(`${ONE}/grant-admin`, toChange, requireAdmin, applyAction('admin_granted'))
  .post(`${ONE}/revoke-admin`, toChange, requireAdmin, applyAction('admin_revoked'))
  .delete(`${ONE}/sessions`, toChange, requireAdmin, async (c) => {
    const { core, principal, client } = c.var;
    if (!(await core.accounts.get(idOf(c)))) return refuse(c, { reason: 'not_found' });
    const ended = await core.sessions.endAll(idOf(c), null, client, principal.account.id);
    return c.json({ endedSessions: ended }, 200);
  })
  .delete(ONE, toChange, requireAdmin, async (c) => {
    const { core, principal, client } = c.var;
    const removal = { actorId: principal.account.id, keepsLastAdmin: true };
    const removed = await core.accounts.remove(idOf(c), client, removal);
    return removed.ok ? c.body(null, 204) : refuseChange(c, removed.error);
  });
