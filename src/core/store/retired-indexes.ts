// Indexes that older Workers need and this one does not.

/**
 * No migration drops these, because the Worker before this one still runs after the migration: each of its logins names
 * `sessions_one_derived` in an ON CONFLICT clause, and its admins search names by `users_name_key`. This Worker works
 * with them and without them. Its clean-up drops them, which runs only after the deployment. Each entry of an index is
 * a written row, which D1 bills.
 */
const RETIRED_INDEXES = ['sessions_one_derived', 'users_name_key'] as const;

export const DROP_RETIRED_INDEXES: readonly string[] = RETIRED_INDEXES.map(
  (name) => `DROP INDEX IF EXISTS ${name}`,
);
