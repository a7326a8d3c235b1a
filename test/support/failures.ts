// Reads and sets the counters of failed logins in the database.
import { testEnv } from './worker.ts';

/** The account's counter; null if it has none. */
export const countOf = async (id: number): Promise<{ count: number; pending: number } | null> => {
  const row = await testEnv.DB.prepare(
    `SELECT json_extract(login_failures, '$.account[0]') AS count, json_extract(login_failures, '$.account[1]') AS pending
      FROM users WHERE id = ?`,
  )
    .bind(id)
    .first<{ count: number | null; pending: number | null }>();
  return row && row.count !== null ? { count: row.count, pending: row.pending ?? 0 } : null;
};

/** Sets the account's counter. */
export const setCount = (id: number, count: number, pending: number, atMs: number) =>
  testEnv.DB.prepare('UPDATE users SET login_failures = ? WHERE id = ?')
    .bind(JSON.stringify({ account: [count, pending, atMs] }), id)
    .run();

/** Raises the counter of each account that has failures until it must wait for the longest time. */
export const makeAllWait = () =>
  testEnv.DB.exec(
    "UPDATE users SET login_failures = json_set(login_failures, '$.account[0]', 30) WHERE login_failures IS NOT NULL",
  );
