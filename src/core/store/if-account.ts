// A condition on the table of accounts, for the statements of a batch that are about other tables.
import { exists, type SQL } from 'drizzle-orm';
import { users } from './schema.ts';
import type { Database } from './store.ts';

/** True where the condition finds an account; no condition where there is none. */
export const ifAccount = (db: Database, condition: SQL | undefined): SQL | undefined =>
  condition && exists(db.select({ id: users.id }).from(users).where(condition));
