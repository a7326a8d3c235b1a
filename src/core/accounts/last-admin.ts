// The last admin: nobody could make another one from within, so that admin stays.
import { and, eq, exists, isNull, ne, or, type SQL, sql } from 'drizzle-orm';
import { users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';

// `= 1` to the letter, no parameter: the partial index is found by its very condition.
const otherAdmins = (db: Database, id: number) =>
  db
    .select({ id: users.id })
    .from(users)
    .where(and(sql`${users.isAdmin} = 1`, isNull(users.disabledAtMs), ne(users.id, id)))
    .limit(1);

/** The condition on the table of accounts that another admin who can log in is left without the account. */
export const isNotLastAdmin = (db: Database, id: number): SQL | undefined =>
  or(eq(users.isAdmin, false), exists(otherAdmins(db, id)));
