// Counts the rows that each statement of a request reads and writes, as D1 bills them.
import type { Env } from '../../src/env.ts';
import { type Answer, type Sent, send, testEnv } from './worker.ts';

export interface StatementRows {
  sql: string;
  read: number;
  written: number;
}

interface Watched {
  statement: D1PreparedStatement;
  sql: string;
}

/** The statements behind the watched ones: D1 batches only its own. */
const originals = new WeakMap<object, Watched>();

type Prepares = Pick<D1Database, 'prepare' | 'batch'>;

const watchStatement = (watched: Watched, found: StatementRows[]): D1PreparedStatement => {
  const { statement, sql } = watched;
  const all = async <T>(): Promise<D1Result<T>> => {
    const result = await statement.all<T>();
    found.push({ sql, read: result.meta.rows_read, written: result.meta.rows_written });
    return result;
  };
  const proxy = new Proxy(statement, {
    get(target, key) {
      if (key === 'bind')
        return (...values: unknown[]) => watchStatement({ statement: statement.bind(...values), sql }, found);
      if (key === 'all' || key === 'run') return all;
      // D1 returns no `meta` with raw rows. A select runs twice, which changes nothing, and is counted once.
      if (key === 'raw')
        return async () => {
          const result = await all<Record<string, unknown>>();
          if (result.meta.changed_db) return result.results.map((row) => Object.values(row));
          return statement.raw();
        };
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  originals.set(proxy, watched);
  return proxy;
};

const watchDatabase = <T extends Prepares>(database: T, found: StatementRows[]): T =>
  new Proxy(database, {
    get(target, key) {
      if (key === 'prepare')
        return (sql: string) => watchStatement({ statement: target.prepare(sql), sql }, found);
      if (key === 'batch')
        return async (statements: D1PreparedStatement[]) => {
          const watched = statements.flatMap((statement) => originals.get(statement) ?? []);
          const results = await target.batch(watched.map(({ statement }) => statement));
          for (const [at, { meta }] of results.entries())
            found.push({ sql: watched[at]?.sql ?? '', read: meta.rows_read, written: meta.rows_written });
          return results;
        };
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      if (key === 'withSession')
        return (constraint: string) => watchDatabase(Reflect.apply(member, target, [constraint]), found);
      return member.bind(target);
    },
  });

/** Sends one request and returns the rows of each of its statements, in order. */
export const rowsOf = async (
  path: string,
  sent: Sent = {},
): Promise<{ answer: Answer; statements: StatementRows[]; written: number; read: number }> => {
  const statements: StatementRows[] = [];
  const inner: Env = sent.env ?? testEnv;
  const env: Env = { ...inner, DB: watchDatabase(inner.DB, statements) };
  const answer = await send(path, { ...sent, env });
  const sum = (of: 'read' | 'written') => statements.reduce((total, one) => total + one[of], 0);
  return { answer, statements, written: sum('written'), read: sum('read') };
};
