// Conditions on accounts that the statements of several rooms share.
import {
  and,
  eq,
  exists,
  isNotNull,
  isNull,
  ne,
  notLike,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm';
import { MAX_CLOCK_LEAD_MS } from '../model.ts';
import { factors, sessions, users } from './schema.ts';
import type { Database } from './store.ts';

/** A time lies within the last `ms` milliseconds. Not if a wrong clock wrote it: it would do so until that time. */
export const whereWithinLast = (timeMs: SQLWrapper, ms: number, nowMs: number): SQL =>
  sql`(${timeMs} > ${nowMs - ms} AND ${timeMs} <= ${nowMs + MAX_CLOCK_LEAD_MS})`;

/** An account as its password was checked. */
export interface CheckedAccount {
  id: number;
  passwordHash: string;
}

/**
 * The account is as it was when its password was checked. A change that was made during the hash is not overwritten.
 */
export const whereUnchanged = ({ id, passwordHash }: CheckedAccount): SQL | undefined =>
  and(eq(users.id, id), eq(users.passwordHash, passwordHash), isNull(users.disabledAtMs));

/** The account has a session of this id. */
export const whereHasSession = (sessionId: string): SQL =>
  sql`EXISTS (SELECT 1 FROM ${sessions} WHERE id = ${sessionId} AND user_id = ${users.id})`;

/**
 * The condition on `users` finds an account. For the statements of a batch that are about other tables; no condition
 * if none is given.
 */
export const whereAccountExists = (db: Database, condition: SQL | undefined): SQL | undefined =>
  condition && exists(db.select({ id: users.id }).from(users).where(condition));

/** A hash with this prefix matches no password: an import writes it, and an undone email change. */
const UNUSABLE = '!%';

/**
 * The account is not an admin, or another admin who can log in remains. Otherwise nobody could grant admin rights
 * again.
 */
export const whereNotLastAdmin = (db: Database, id: number): SQL | undefined =>
  or(eq(users.isAdmin, false), exists(otherAdmins(db, id)));

/** The passkeys of the account of the outer query: with one, an admin needs no password. */
const passkeysOf = (db: Database) =>
  db
    .select({ id: factors.id })
    .from(factors)
    .where(and(eq(factors.userId, users.id), eq(factors.kind, 'passkey'), isNotNull(factors.confirmedAtMs)));

// `= 1` as a literal, not a parameter: SQLite finds the partial index by its exact condition.
const otherAdmins = (db: Database, id: number) =>
  db
    .select({ id: users.id })
    .from(users)
    .where(
      and(
        sql`${users.isAdmin} = 1`,
        isNull(users.disabledAtMs),
        ne(users.id, id),
        or(notLike(users.passwordHash, UNUSABLE), exists(passkeysOf(db))),
      ),
    )
    .limit(1);
