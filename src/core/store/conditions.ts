// Conditions on accounts that the statements of several rooms share.
import { and, eq, exists, isNull, ne, or, type SQL, sql } from 'drizzle-orm';
import { users } from './schema.ts';
import type { Database } from './store.ts';

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

/**
 * The condition on `users` finds an account. For the statements of a batch that are about other tables; no condition
 * if none is given.
 */
export const whereAccountExists = (db: Database, condition: SQL | undefined): SQL | undefined =>
  condition && exists(db.select({ id: users.id }).from(users).where(condition));

/** The account is no admin, or another admin who can log in remains. Without one nobody could grant admin again. */
export const whereNotLastAdmin = (db: Database, id: number): SQL | undefined =>
  or(eq(users.isAdmin, false), exists(otherAdmins(db, id)));

// `= 1` as a literal, not a parameter: the partial index is found by its exact condition.
const otherAdmins = (db: Database, id: number) =>
  db
    .select({ id: users.id })
    .from(users)
    .where(and(sql`${users.isAdmin} = 1`, isNull(users.disabledAtMs), ne(users.id, id)))
    .limit(1);
