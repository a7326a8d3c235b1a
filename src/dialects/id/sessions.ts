// `id`: an account's sessions and its trail, and everything that is held about it in one file.
import { Hono } from 'hono';
import { requireLogin } from '../../http/auth/authenticate.ts';
import type { AppEnv } from '../../http/context.ts';
import { originOf } from '../../http/respond.ts';
import { refuse } from './refusal.ts';
import { readTrail, readTrailPage } from './trail.ts';
import { showAccount, showEvent, showSession } from './views.ts';

const toRead = requireLogin({ cookie: true, fresh: false });
const toChange = requireLogin({ cookie: true, fresh: true });

export const sessions = new Hono<AppEnv>()
  .get('/sessions', toRead, async (c) => {
    const { account, session } = c.var.principal;
    const live = await c.var.core.sessions.list(account.id);
    return c.json({ sessions: live.map((one) => showSession(one, session.id)) }, 200);
  })
  .delete('/sessions', toChange, async (c) => {
    const { account, session } = c.var.principal;
    const ended = await c.var.core.sessions.endAll(account.id, session.id, c.var.client, null);
    return c.json({ endedSessions: ended }, 200);
  })
  .delete('/sessions/:id{[0-9a-f]{64}}', toChange, async (c) => {
    const { account } = c.var.principal;
    const isEnded = await c.var.core.sessions.end(account.id, c.req.param('id'), c.var.client);
    return isEnded ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  })
  .get('/events', toRead, async (c) =>
    c.json({ events: await readTrailPage(c, c.var.principal.account.id) }, 200),
  )
  .get('/export', requireLogin({ cookie: true, fresh: true, anyOrigin: true }), async (c) => {
    const { account, session } = c.var.principal;
    const live = await c.var.core.sessions.list(account.id);
    const events = await readTrail(c.var.core, account.id);
    c.header('Content-Disposition', `attachment; filename="latchkey-account-${account.id}.json"`);
    return c.json(
      {
        account: showAccount(account, originOf(c)),
        sessions: live.map((one) => showSession(one, session.id)),
        events: events.map(showEvent),
      },
      200,
    );
  });
