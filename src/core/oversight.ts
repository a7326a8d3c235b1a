// What an owner sees of the account: its sessions and its trail; and ending sessions, for owners and admins.
import { and, desc, eq, gt, lt } from 'drizzle-orm';
import { type EventType, noteEventOf } from './events.ts';
import type { Client, SessionKind } from './model.ts';
import { events, sessions, users } from './schema.ts';
import { deleteSessionsOf } from './session-rows.ts';
import type { Sessions } from './sessions.ts';
import type { Store } from './store.ts';

/** A live session as its owner sees it. Its id is a hash: it opens nothing. */
export interface SessionView {
  id: string;
  kind: SessionKind;
  createdAtMs: number;
  lastSeenAtMs: number;
  expiresAtMs: number;
  userAgent: string | null;
  country: string | null;
}

/** One row of the trail. */
export type EventView = Omit<typeof events.$inferSelect, 'userId'>;

export interface Oversight {
  /** The live sessions of an account, the one seen last first. */
  listSessions(accountId: number): Promise<SessionView[]>;
  /** Ends one session of the account; false where it has no such session. */
  endSession(accountId: number, sessionId: string, client: Client): Promise<boolean>;
  /**
   * Ends all sessions of an account, but for one where one is named. Gives how many there were.
   * @param actorId the admin who does it, null where it is the owner
   */
  endSessions(
    accountId: number,
    keptSessionId: string | null,
    client: Client,
    actorId: number | null,
  ): Promise<number>;
  /** The trail of an account, newest first: `limit` rows at most, from before the row `beforeId` if one is named. */
  listEvents(accountId: number, page: { beforeId: number | null; limit: number }): Promise<EventView[]>;
}

export interface OversightOptions {
  store: Store;
  sessions: Sessions;
  nowMs: () => number;
}

export const createOversight = ({ store, sessions: sessionStore, nowMs }: OversightOptions): Oversight => {
  return {
    async listSessions(accountId) {
      const { value } = await store.primary((db) =>
        db
          .select({
            id: sessions.id,
            kind: sessions.kind,
            createdAtMs: sessions.createdAtMs,
            lastSeenAtMs: sessions.lastSeenAtMs,
            expiresAtMs: sessions.expiresAtMs,
            userAgent: sessions.userAgent,
            country: sessions.country,
          })
          .from(sessions)
          .where(and(eq(sessions.userId, accountId), gt(sessions.expiresAtMs, nowMs())))
          .orderBy(desc(sessions.lastSeenAtMs))
          .all(),
      );
      return value;
    },

    async endSession(accountId, sessionId, client) {
      const isIt = and(eq(sessions.userId, accountId), eq(sessions.id, sessionId));
      const type: EventType = 'session_ended';
      const { value } = await store.primary((db) => {
        const owners = db.select({ id: sessions.userId }).from(sessions).where(isIt);
        return db.batch([
          noteEventOf(db, type, eq(users.id, owners), client, nowMs()),
          db.delete(sessions).where(isIt).returning({ id: sessions.id }),
        ]);
      });
      sessionStore.forget(value[1].map(({ id }) => id));
      return value[1].length > 0;
    },

    async endSessions(accountId, keptSessionId, client, actorId) {
      const { value } = await store.primary((db) =>
        db.batch([
          deleteSessionsOf(db, accountId, undefined, keptSessionId),
          noteEventOf(db, 'sessions_ended', eq(users.id, accountId), client, nowMs(), actorId),
        ]),
      );
      sessionStore.forget(value[0].map(({ id }) => id));
      return value[0].length;
    },

    async listEvents(accountId, { beforeId, limit }) {
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
      return value;
    },
  };
};
