// The audit log of an account, as its owner and admins read it.
import { and, desc, eq, lt } from 'drizzle-orm';
import { events } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** Who reads. An owner sees that an admin did something, but not the admin's network or browser. */
export type AuditLogReader = 'owner' | 'admin';

/** One event of an account. */
export type EventView = Omit<typeof events.$inferSelect, 'userId'>;

export interface AuditLog {
  /** At most `limit` events of an account, newest first, before the event `beforeId` if one is given. */
  list(
    accountId: number,
    page: { beforeId: number | null; limit: number; reader: AuditLogReader },
  ): Promise<EventView[]>;
}

export const createAuditLog = (store: Store): AuditLog => ({
  async list(accountId, { beforeId, limit, reader }) {
    const { value } = await store.primary((db) =>
      db
        .select({
          id: events.id,
          actorId: events.actorId,
          type: events.type,
          dialect: events.dialect,
          addressPrefix: events.addressPrefix,
          userAgent: events.userAgent,
          createdAtMs: events.createdAtMs,
        })
        .from(events)
        .where(and(eq(events.userId, accountId), beforeId === null ? undefined : lt(events.id, beforeId)))
        .orderBy(desc(events.id))
        .limit(limit)
        .all(),
    );
    return reader === 'admin' ? value : value.map(withoutAdmin);
  },
});

const withoutAdmin = (event: EventView): EventView =>
  event.actorId === null ? event : { ...event, addressPrefix: null, userAgent: null };
