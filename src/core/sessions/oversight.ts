// What owners and admins do with the sessions of an account: list them and end them.
import { and, desc, eq, gt } from 'drizzle-orm';
import { noteEvent, noteEventOf } from '../events/events.ts';
import type { Client, Principal, SessionKind } from '../model.ts';
import { sessions, users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { deleteSession, deleteSessionsOf } from './rows.ts';
import type { Sessions } from './sessions.ts';

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

export interface SessionControl {
  /** The live sessions of an account, the one seen last first. */
  list(accountId: number): Promise<SessionView[]>;
  /** Ends one session of the account; false where it has no such session. */
  end(accountId: number, sessionId: string, client: Client): Promise<boolean>;
  /**
   * Ends all sessions of an account, but for one where one is named. Gives how many there were.
   * @param actorId the admin who does it, null where it is the owner
   */
  endAll(
    accountId: number,
    keptSessionId: string | null,
    client: Client,
    actorId: number | null,
  ): Promise<number>;
  /** Ends the one session, at once and everywhere. */
  logOut(principal: Principal, client: Client): Promise<void>;
}

export interface SessionControlOptions {
  store: Store;
  sessions: Sessions;
  nowMs: () => number;
}

export const createSessionControl = ({
  store,
  sessions: sessionStore,
  nowMs,
}: SessionControlOptions): SessionControl => {
  return {
    async list(accountId) {
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

    async end(accountId, sessionId, client) {
      const isIt = and(eq(sessions.userId, accountId), eq(sessions.id, sessionId));
      const { value } = await store.primary((db) => {
        const owners = db.select({ id: sessions.userId }).from(sessions).where(isIt);
        return db.batch([
          noteEventOf(db, 'session_ended', eq(users.id, owners), client, nowMs()),
          db.delete(sessions).where(isIt).returning({ id: sessions.id }),
        ]);
      });
      sessionStore.forget(value[1].map(({ id }) => id));
      return value[1].length > 0;
    },

    async endAll(accountId, keptSessionId, client, actorId) {
      const { value } = await store.primary((db) =>
        db.batch([
          deleteSessionsOf(db, accountId, undefined, keptSessionId),
          noteEventOf(db, 'sessions_ended', eq(users.id, accountId), client, nowMs(), actorId),
        ]),
      );
      sessionStore.forget(value[0].map(({ id }) => id));
      return value[0].length;
    },

    async logOut({ account, session }, client) {
      await store.primary((db) =>
        db.batch([deleteSession(db, session.id), noteEvent(db, 'logout', account.id, client, nowMs())]),
      );
      sessionStore.forget([session.id]);
    },
  };
};
