// Statements for the batches that redeem proofs: their effects on other accounts, and on other ways into the account.
import { and, eq, exists, inArray, or, type SQL, sql } from 'drizzle-orm';
import { noteEventOf } from '../events/events.ts';
import type { Client } from '../model.ts';
import { endSessions } from '../sessions/sessions.ts';
import {
  appConsents,
  appPasswords,
  factors,
  proofs,
  recoveryCodes,
  sessions,
  users,
} from '../store/schema.ts';
import type { Database } from '../store/store.ts';

/** The accounts that a condition finds, for statements about other tables. */
const idsOf = (db: Database, account: SQL | undefined) =>
  db.select({ id: users.id }).from(users).where(account);

/**
 * The statement that cancels pending changes of other accounts to the address that a proof proves: the first to prove an
 * address gets it. It changes nothing unless the proof is valid.
 * @param holds the condition that it is good, of `holdsProof`
 */
export const withdrawOtherClaims = (db: Database, proofId: string, holds: SQL) =>
  db
    .update(users)
    .set({ pendingEmail: null })
    .where(
      sql`${users.id} IN (
          SELECT other.user_id FROM ${proofs} AS other JOIN ${proofs} AS mine ON mine.address_key = other.address_key
          WHERE mine.id = ${proofId} AND other.purpose = 'change_email' AND other.user_id <> mine.user_id)
        AND EXISTS (
          SELECT 1 FROM ${proofs} AS other JOIN ${proofs} AS mine ON mine.address_key = other.address_key
          WHERE mine.id = ${proofId} AND other.user_id = ${users.id} AND other.purpose = 'change_email'
            AND other.address = ${users.pendingEmail})
        AND EXISTS ${idsOf(db, holds)}`,
    );

/** The statements that end every session and token of the one account that a condition finds: `endSessions`. */
export const endAllSessions = (db: Database, account: SQL | undefined) =>
  endSessions(db, eq(sessions.userId, idsOf(db, account)));

/**
 * The statements that remove every other way into an account besides its password and its sessions, for a reset that
 * must lock somebody out for good. Every new way to log in must be added here.
 * @param sinceMs only what was added since; all of it if that is null
 */
export const removeOtherWaysIn = (
  db: Database,
  account: SQL | undefined,
  sinceMs: SQL | null,
  client: Client,
  nowMs: number,
) => {
  const isNew = (column: SQL): SQL | undefined =>
    sinceMs === null ? undefined : sql`${column} >= ${sinceMs}`;
  const has = (table: typeof factors | typeof appPasswords): SQL =>
    exists(
      db
        .select({ one: sql`1` })
        .from(table)
        .where(and(eq(table.userId, users.id), isNew(sql`${table.createdAtMs}`))),
    );
  return [
    noteEventOf(db, 'factors_removed', and(account, or(has(factors), has(appPasswords))), client, nowMs),
    db
      .delete(factors)
      .where(and(inArray(factors.userId, idsOf(db, account)), isNew(sql`${factors.createdAtMs}`))),
    db
      .delete(appPasswords)
      .where(and(inArray(appPasswords.userId, idsOf(db, account)), isNew(sql`${appPasswords.createdAtMs}`))),
    // Recovery codes have no date. Anyone who added a factor has seen them.
    db.delete(recoveryCodes).where(inArray(recoveryCodes.userId, idsOf(db, account))),
    // Lets nobody in, but an app that the other person chose would learn who the owner is without a question.
    db
      .delete(appConsents)
      .where(and(inArray(appConsents.userId, idsOf(db, account)), isNew(sql`${appConsents.createdAtMs}`))),
  ] as const;
};
