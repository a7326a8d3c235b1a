// `id`: an account's sessions and its trail, and everything that is held about it in one file.
import { Hono } from 'hono';
import type { Core, EventView } from '../../core/index.ts';
import { originOf } from '../../http/account.ts';
import type { AppEnv } from '../../http/context.ts';
import { requireLogin } from '../../http/credentials.ts';
import { linkNext, readBeforeId, readPage } from '../../http/pages.ts';
import { refuse } from './refusal.ts';
import { showAccount, showEvent, showSession } from './views.ts';

const toRead = requireLogin({ cookie: true, fresh: false });
const toChange = requireLogin({ cookie: true, fresh: true });

/** Events a question to D1: few enough for one answer of it, whatever their browsers are called. */
const EXPORTED_EVENTS_AT_ONCE = 5_000;

/** The whole trail of an account. */
const readTrail = async ({ listEvents }: Core, accountId: number): Promise<EventView[]> => {
  const trail: EventView[] = [];
  for (let isFull = true; isFull; ) {
    const page = { beforeId: trail.at(-1)?.id ?? null, limit: EXPORTED_EVENTS_AT_ONCE };
    const events = await listEvents(accountId, page);
    trail.push(...events);
    isFull = events.length === EXPORTED_EVENTS_AT_ONCE;
  }
  return trail;
};

export const sessions = new Hono<AppEnv>()
  .get('/sessions', toRead, async (c) => {
    const { account, session } = c.var.principal;
    const live = await c.var.core.listSessions(account.id);
    return c.json({ sessions: live.map((one) => showSession(one, session.id)) }, 200);
  })
  .delete('/sessions', toChange, async (c) => {
    const { account, session } = c.var.principal;
    const ended = await c.var.core.endSessions(account.id, session.id, c.var.client, null);
    return c.json({ endedSessions: ended }, 200);
  })
  .delete('/sessions/:id{[0-9a-f]{64}}', toChange, async (c) => {
    const { account } = c.var.principal;
    const isEnded = await c.var.core.endSession(account.id, c.req.param('id'), c.var.client);
    return isEnded ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  })
  .get('/events', toRead, async (c) => {
    const { limit, after } = readPage(c);
    const beforeId = readBeforeId(after);
    const found = await c.var.core.listEvents(c.var.principal.account.id, { beforeId, limit: limit + 1 });
    const page = found.slice(0, limit);
    linkNext(c, limit, found.length > limit ? String(page.at(-1)?.id) : null);
    return c.json({ events: page.map(showEvent) }, 200);
  })
  .get('/export', requireLogin({ cookie: true, fresh: true, anyOrigin: true }), async (c) => {
    const { account, session } = c.var.principal;
    const live = await c.var.core.listSessions(account.id);
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
