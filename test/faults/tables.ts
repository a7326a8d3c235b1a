// Compares the tables of D1 before and after a request, and checks that no account is half made.
import { expect } from 'vitest';
import { testEnv } from '../support/worker.ts';
import type { Effect } from './people.ts';

type Row = Record<string, unknown>;

export interface Tables {
  users: Row[];
  sessions: Row[];
  events: Row[];
}

const read = async (table: keyof Tables): Promise<Row[]> =>
  (await testEnv.DB.prepare(`SELECT * FROM ${table} ORDER BY id`).all<Row>()).results;

/** Everything except the counters: an attempt is counted before its password is checked. */
export const readTables = async (): Promise<Tables> => ({
  users: (await read('users')).map(({ login_failures: _, ...user }) => user),
  sessions: await read('sessions'),
  events: await read('events'),
});

/** The rows of the accounts that are in both, before and after. */
const kept = (before: Tables, after: Tables): [Row[], Row[]] => {
  const ids = new Set(after.users.map((user) => user['id']));
  const known = new Set(before.users.map((user) => user['id']));
  return [
    before.users.filter((user) => ids.has(user['id'])),
    after.users.filter((user) => known.has(user['id'])),
  ];
};

/** Expects that a request changed the tables exactly as its effect says. */
export const expectEffect = (before: Tables, after: Tables, effect: Effect): void => {
  const newEvents = after.events.slice(before.events.length).map((event) => event['type']);
  expect({
    users: after.users.length - before.users.length,
    sessions: after.sessions.length - before.sessions.length,
    events: newEvents,
  }).toEqual({ users: effect.users ?? 0, sessions: effect.sessions ?? 0, events: effect.events ?? [] });
  const [were, are] = kept(before, after);
  if (effect.changed) expect(are).not.toEqual(were);
  else expect(are).toEqual(were);
};

/** Queries for rows that must not exist, by the rule that they break. */
const BROKEN = {
  'a session without its account': 'SELECT id FROM sessions WHERE user_id NOT IN (SELECT id FROM users)',
  'an account whose registration is not in its audit log': `SELECT id FROM users
    WHERE (SELECT count(*) FROM events WHERE user_id = users.id AND type = 'registered') <> 1`,
  'an account without what it needs': `SELECT id FROM users
    WHERE email = '' OR email_key = '' OR password_hash NOT LIKE '$pbkdf2-sha512$%'`,
  'an account that is gone, and not in its audit log': `SELECT user_id FROM events
    WHERE user_id NOT IN (SELECT id FROM users)
    AND user_id NOT IN (SELECT user_id FROM events WHERE type = 'deleted')`,
  'a derived token that nobody can compute, or another with a nonce': `SELECT id FROM sessions
    WHERE (kind = 'derived') <> (nonce IS NOT NULL)`,
  'an account with two API tokens': `SELECT user_id FROM sessions WHERE kind = 'derived'
    GROUP BY user_id HAVING count(*) > 1`,
};

/** Expects that nothing in the tables is half done. */
export const expectWhole = async (): Promise<void> => {
  for (const [rule, sql] of Object.entries(BROKEN)) {
    const { results } = await testEnv.DB.prepare(sql).all();
    expect(results, rule).toEqual([]);
  }
};
