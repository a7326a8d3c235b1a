// `id`: pages of an account's sessions and of its audit log.
import type { Context } from 'hono';
import type { AuditLogReader } from '../../core/index.ts';
import type { AppEnv } from '../../http/context.ts';
import {
  cutPage,
  linkNext,
  readIdCursor,
  readPage,
  readSessionCursor,
  writeSessionCursor,
} from '../../http/pagination.ts';
import { showEvent, showSession } from './views.ts';

/** The requested page of live sessions, the most recently used first, with a `Link` to the next one. */
export const readSessionPage = async (c: Context<AppEnv>, accountId: number) => {
  const { limit, after } = readPage(c);
  const page = { after: readSessionCursor(after), limit };
  const { sessions, next } = await c.var.core.sessions.list(accountId, page);
  linkNext(c, limit, next && writeSessionCursor(next));
  return sessions.map((session) => showSession(session, c.var.principal.session.id));
};

/** The requested page of events, newest first, with a `Link` to the next one. */
export const readEventPage = async (c: Context<AppEnv>, accountId: number, reader: AuditLogReader) => {
  const { limit, after } = readPage(c);
  const beforeId = readIdCursor(after);
  const found = await c.var.core.auditLog.list(accountId, { beforeId, limit: limit + 1, reader });
  const { rows, next } = cutPage(found, limit);
  linkNext(c, limit, next);
  return rows.map(showEvent);
};
