// Counts the rows that each statement of a request writes, as D1 bills them.
import type { Env } from '../../src/env.ts';
import { isObject, watchDatabase } from './counting.ts';
import { type Answer, type Sent, send, testEnv } from './worker.ts';

export interface StatementRows {
  sql: string;
  written: number;
}

const isResult = (value: unknown): value is D1Result => isObject(value) && 'meta' in value;

const isStatement = (value: object): value is D1PreparedStatement => 'raw' in value;

const watchRows = (database: D1Database, found: StatementRows[]): D1Database => {
  const texts = new WeakMap<object, string>();
  const note = (statement: unknown, result: unknown): void => {
    if (!isObject(statement) || !isResult(result)) throw new Error('D1 returned no rows of a statement.');
    found.push({ sql: texts.get(statement) ?? '', written: result.meta.rows_written });
  };
  return watchDatabase(database, {
    onHandle({ method, argument, target, handle }) {
      if (method === 'prepare') texts.set(handle, String(argument));
      if (method === 'bind') texts.set(handle, texts.get(target) ?? '');
    },
    async onRoundTrip({ method, target, args, pass }) {
      // D1 returns no `meta` with raw rows. A select runs twice, which changes nothing, and is counted once.
      if (method === 'raw' && isStatement(target)) {
        const result = await target.all<Record<string, unknown>>();
        note(target, result);
        return result.meta.changed_db ? result.results.map((row) => Object.values(row)) : pass();
      }
      const result = await pass();
      const [statements] = args;
      if (Array.isArray(statements) && Array.isArray(result))
        for (const [at, statement] of statements.entries()) note(statement, result[at]);
      else note(target, result);
      return result;
    },
  });
};

/** Sends one request and returns the rows of each of its statements, in order. */
export const rowsOf = async (
  path: string,
  sent: Sent = {},
): Promise<{ answer: Answer; statements: StatementRows[]; written: number }> => {
  const statements: StatementRows[] = [];
  const inner: Env = sent.env ?? testEnv;
  const env: Env = { ...inner, DB: watchRows(inner.DB, statements) };
  const answer = await send(path, { ...sent, env });
  return { answer, statements, written: statements.reduce((total, one) => total + one.written, 0) };
};
