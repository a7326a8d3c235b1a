// A replica of D1 that lags: a second copy of the tables in SQLite, asked as D1's session API would ask it.
import type { Env } from '../../src/env.ts';
import { withSessions } from '../support/faults.ts';
import { testEnv } from '../support/worker.ts';

export interface LaggingReplica {
  env: Env;
  /** Takes over all that the primary has; until the next time it sees nothing more. */
  catchUp: () => Promise<void>;
  /** Which copy answered, in turn. */
  asked: ('primary' | 'replica')[];
}

const TABLES = ['users', 'sessions'];

/**
 * `first-primary` always asks the primary; a bookmark asks the replica where it has come that far, else the
 * primary; what is no `SELECT` goes to the primary anyhow.
 * @see https://developers.cloudflare.com/d1/best-practices/read-replication/
 */
export const createLaggingReplica = async (env: Env = testEnv): Promise<LaggingReplica> => {
  const asked: LaggingReplica['asked'] = [];
  let seen = '';

  const catchUp = async () => {
    const session = env.DB.withSession('first-primary');
    const copy = TABLES.flatMap((name) => [
      session.prepare(`DROP TABLE IF EXISTS replica_${name}`),
      session.prepare(`CREATE TABLE replica_${name} AS SELECT * FROM ${name}`),
    ]);
    await session.batch(copy);
    seen = session.getBookmark() ?? '';
  };

  const open = (constraint: string): D1DatabaseSession => {
    const session = env.DB.withSession('first-primary');
    const isReplica =
      constraint === 'first-unconstrained' || (constraint !== 'first-primary' && constraint <= seen);
    let usesReplica = false;
    return {
      prepare: (sql) => {
        usesReplica = isReplica && /^\s*select\b/i.test(sql);
        asked.push(usesReplica ? 'replica' : 'primary');
        return session.prepare(usesReplica ? onReplica(sql) : sql);
      },
      batch: (statements) => session.batch(statements),
      getBookmark: () => (usesReplica ? seen : session.getBookmark()),
    };
  };

  await catchUp();
  return { env: { ...env, DB: withSessions(env.DB, open) }, catchUp, asked };
};

/** Drizzle puts the names of tables in double quotes, and nothing else has these names. */
const onReplica = (sql: string): string =>
  TABLES.reduce((text, name) => text.replaceAll(`"${name}"`, `"replica_${name}"`), sql);
