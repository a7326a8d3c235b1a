// The statements on the table of sessions, for the batches that need them.
import { and, eq, ne, type SQL, sql } from 'drizzle-orm';
import { trimUserAgent } from '../events/events.ts';
import type { Client, SessionKind } from '../model.ts';
import { ifAccount } from '../store/if-account.ts';
import { sessions, users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';
import type { SessionDraft } from './tokens.ts';

/** A session as D1 stored it: for a derived token, the one that was live already. */
export interface StoredSession {
  id: string;
  nonce: string | null;
}

/**
 * The statement that stores a session for the account that the condition finds; it returns no row where it
 * finds none. An account has one derived token: where one is live it stays, with its expiry pushed on, because
 * the document of 003 has a second login give the same token. One that was imported is left alone: it cannot be
 * given, since nobody has it but its client, and that client has not asked to be logged out.
 */
export const insertSession = (
  db: Database,
  draft: SessionDraft,
  account: SQL | undefined,
  client: Client,
) => {
  const isLive = sql`${sessions.expiresAtMs} > ${draft.createdAtMs}`;
  return db
    .insert(sessions)
    .select(
      db
        .select({
          id: sql<string>`${draft.id}`.as('id'),
          userId: users.id,
          kind: sql<SessionKind>`${draft.kind}`.as('kind'),
          nonce: sql<string | null>`${draft.nonce}`.as('nonce'),
          createdAtMs: sql<number>`${draft.createdAtMs}`.as('created_at'),
          lastSeenAtMs: sql<number>`${draft.createdAtMs}`.as('last_seen_at'),
          expiresAtMs: sql<number>`${draft.expiresAtMs}`.as('expires_at'),
          userAgent: sql<string | null>`${trimUserAgent(client)}`.as('user_agent'),
          country: sql<string | null>`${client.country}`.as('country'),
          authenticatedAtMs: sql<number | null>`NULL`.as('authenticated_at'),
          appPasswordId: sql<number | null>`NULL`.as('app_password_id'),
          factor: sql<null>`NULL`.as('factor'),
        })
        .from(users)
        .where(account),
    )
    .onConflictDoUpdate({
      target: sessions.userId,
      targetWhere: sql`kind = 'derived'`,
      set: {
        id: sql`CASE WHEN ${isLive} THEN ${sessions.id} ELSE excluded.id END`,
        nonce: sql`CASE WHEN ${isLive} THEN ${sessions.nonce} ELSE excluded.nonce END`,
        createdAtMs: sql`excluded.created_at`,
        lastSeenAtMs: sql`excluded.last_seen_at`,
        expiresAtMs: sql`excluded.expires_at`,
        userAgent: sql`excluded.user_agent`,
        country: sql`excluded.country`,
      },
    })
    .returning({ id: sessions.id, nonce: sessions.nonce });
};

/** The statement that ends one session; null ends none. `onlyIf` is a condition on the table of accounts. */
export const deleteSession = (db: Database, id: string | null, onlyIf?: SQL) =>
  db.delete(sessions).where(and(eq(sessions.id, id ?? ''), ifAccount(db, onlyIf)));

/** The statement that puts a new derived token in the place of one that nobody can compute again. */
export const replaceSession = (db: Database, stored: StoredSession, draft: SessionDraft) =>
  db
    .update(sessions)
    .set({ id: draft.id, nonce: draft.nonce })
    .where(eq(sessions.id, stored.id))
    .returning({ id: sessions.id, nonce: sessions.nonce });

/**
 * The statement that puts a session on under a new token, with all of its time before it again; it returns no row
 * where the session is gone or the condition on the table of accounts finds none.
 */
export const renewSession = (db: Database, id: string, draft: SessionDraft, onlyIf: SQL | undefined) =>
  db
    .update(sessions)
    .set({
      id: draft.id,
      nonce: draft.nonce,
      createdAtMs: draft.createdAtMs,
      lastSeenAtMs: draft.createdAtMs,
      expiresAtMs: draft.expiresAtMs,
    })
    .where(and(eq(sessions.id, id), ifAccount(db, onlyIf)))
    .returning({ id: sessions.id, nonce: sessions.nonce });

/**
 * The statement that ends all sessions of an account, but for one where one is named; of no account where that is
 * null. `onlyIf` is a condition on the table of accounts.
 */
export const deleteSessionsOf = (
  db: Database,
  userId: number | null,
  onlyIf?: SQL,
  keptId: string | null = null,
) =>
  db
    .delete(sessions)
    .where(
      and(
        eq(sessions.userId, userId ?? 0),
        keptId === null ? undefined : ne(sessions.id, keptId),
        ifAccount(db, onlyIf),
      ),
    )
    .returning({ id: sessions.id });

/** The account's one derived session. */
export const findDerived = (db: Database, userId: number) =>
  db
    .select({ id: sessions.id, nonce: sessions.nonce })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), eq(sessions.kind, 'derived')));
