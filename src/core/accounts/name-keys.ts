// Fills in the name keys that a migration, an import or an older version of the Worker left out.
import { isNull, sql } from 'drizzle-orm';
import { nameKey } from '../names.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** Accounts per statement: with the longest names, their keys are one parameter of under 2 MB, which is D1's limit. */
const BATCH_ACCOUNTS = 500;
/** So that a run takes at most a second of CPU. The next run continues. */
const MAX_BATCHES = 40;

/**
 * Fills in missing name keys, so that searches find these accounts by name. SQLite cannot fold case beyond ASCII.
 * @returns how many were filled in
 */
export const fillNameKeys = async (store: Store): Promise<number> => {
  let filled = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const { value: missing } = await store.primary((db) =>
      db
        .select({ id: users.id, name: users.name, firstName: users.firstName, lastName: users.lastName })
        .from(users)
        .where(isNull(users.nameKey))
        .limit(BATCH_ACCOUNTS)
        .all(),
    );
    if (missing.length > 0) {
      const keys = JSON.stringify(missing.map((account) => [account.id, nameKey(account)]));
      // A name that was changed meanwhile already has its key. The `+` keeps the planner from the index of that column:
      // it would read all keys of this batch for each account without one, 40 million pairs for 80,000 accounts.
      await store.primary((db) =>
        db.run(
          sql`UPDATE ${users} SET name_key = value ->> 1 FROM json_each(${keys}) WHERE ${users.id} = value ->> 0 AND +${users.nameKey} IS NULL`,
        ),
      );
    }
    filled += missing.length;
    if (missing.length < BATCH_ACCOUNTS) break;
  }
  return filled;
};
