// A replica of D1 that lags: a second copy of the tables in SQLite, behind the session API of D1.
import type { Env } from '../../src/env.ts';
import { withSessions } from '../support/faults.ts';
import { testEnv } from '../support/worker.ts';

export interface LaggingReplica {
  env: Env;
  /** Copies everything from the primary; until the next call the replica sees nothing newer. */
  catchUp: () => Promise<void>;
  /** The copies that answered, in order. */
  asked: ('primary' | 'replica')[];
}

const TABLES = ['users', 'sessions'];

/** What D1 reports of the copy that answered. Miniflare has only a primary. */
interface Served {
  served_by_primary: boolean | undefined;
}

const BY_REPLICA: Served = { served_by_primary: false };

/**
 * `first-primary` always asks the primary; a bookmark asks the replica if that has seen it, otherwise the primary.
 * Every statement but `SELECT` is sent to the primary.
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
        return usesReplica ? servedByReplica(session.prepare(onReplica(sql))) : session.prepare(sql);
      },
      batch: (statements) => session.batch(statements),
      getBookmark: () => (usesReplica ? seen : session.getBookmark()),
    };
  };

  await catchUp();
  return { env: { ...env, DB: withSessions(env.DB, open) }, catchUp, asked };
};

/**
 * Bindings with a replica that has seen everything. It answers all but `first-primary`.
 * @param meta what D1 reports of its answers
 */
export const withReplica = (env: Env = testEnv, meta: Served = BY_REPLICA): Env => {
  const open = (constraint: string): D1DatabaseSession => {
    const session = env.DB.withSession(constraint);
    return {
      prepare: (sql) =>
        constraint === 'first-primary' ? session.prepare(sql) : servedByReplica(session.prepare(sql), meta),
      batch: (statements) => session.batch(statements),
      getBookmark: () => session.getBookmark(),
    };
  };
  return { ...env, DB: withSessions(env.DB, open) };
};

/** The same statement, of which D1 reports that a replica answered, or what else `meta` says. */
export const servedByReplica = (
  statement: D1PreparedStatement,
  meta: Served = BY_REPLICA,
): D1PreparedStatement =>
  new Proxy(statement, {
    get(inner, name) {
      if (name === 'bind') return (...values: unknown[]) => servedByReplica(inner.bind(...values), meta);
      if (name === 'all')
        return async () => {
          const result = await inner.all();
          return { ...result, meta: { ...result.meta, ...meta } };
        };
      const member: unknown = Reflect.get(inner, name, inner);
      return typeof member === 'function' ? member.bind(inner) : member;
    },
  });

/** Drizzle quotes the names of tables, and nothing else has these names. */
const onReplica = (sql: string): string =>
  TABLES.reduce((text, name) => text.replaceAll(`"${name}"`, `"replica_${name}"`), sql);
