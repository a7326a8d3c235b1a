// `id`: the trail of an account, a page of it or all.
import type { Context } from 'hono';
import type { Core, EventView } from '../../core/index.ts';
import type { AppEnv } from '../../http/context.ts';
import { cutPage, linkNext, readIdCursor, readPage } from '../../http/pagination.ts';
import { showEvent } from './views.ts';

/** The page that is asked for, newest first; `Link` names the next one. */
export const readTrailPage = async (c: Context<AppEnv>, accountId: number) => {
  const { limit, after } = readPage(c);
  const beforeId = readIdCursor(after);
  const found = await c.var.core.auditLog.list(accountId, { beforeId, limit: limit + 1 });
  const { rows, next } = cutPage(found, limit);
  linkNext(c, limit, next);
  return rows.map(showEvent);
};

/** Events a question to D1: few enough for one answer of it, whatever their browsers are called. */
const EXPORTED_EVENTS_AT_ONCE = 5_000;

/** The whole trail of an account. */
export const readTrail = async (core: Core, accountId: number): Promise<EventView[]> => {
  const trail: EventView[] = [];
  for (let isFull = true; isFull; ) {
    const page = { beforeId: trail.at(-1)?.id ?? null, limit: EXPORTED_EVENTS_AT_ONCE };
    const events = await core.auditLog.list(accountId, page);
    trail.push(...events);
    isFull = events.length === EXPORTED_EVENTS_AT_ONCE;
  }
  return trail;
};
