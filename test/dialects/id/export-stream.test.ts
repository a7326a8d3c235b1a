// `id`: the export of an account with a million events is a stream, which holds a page of them in memory.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import worker from '../../../src/index.ts';
import { ORIGIN, testEnv } from '../../support/worker.ts';
import { join, whole } from './support-id.ts';
import { refused } from './support-refusals.ts';

const EVENTS = 1_000_000;

/** Neither a query of D1 nor the memory of an isolate is asked for more rows at once. */
const MAX_ROWS_AT_ONCE = 5_001;

/** D1 takes 1,000 queries a request. */
const MAX_QUERIES = 900;

/** Bindings whose account has a million events, which are made when they are read; `fails` breaks a later query. */
const withManyEvents = (fails = (_query: number) => false) => {
  const asked = { queries: 0, maxRows: 0 };
  const readPage = async (parameters: readonly unknown[]): Promise<unknown[][]> => {
    asked.queries += 1;
    if (fails(asked.queries)) throw new Error('D1_ERROR: Network connection lost.');
    const limit = Number(parameters.at(-1));
    const before = parameters.length > 2 ? Number(parameters[1]) : EVENTS + 1;
    const rows = Math.min(limit, before - 1);
    asked.maxRows = Math.max(asked.maxRows, rows);
    return Array.from({ length: rows }, (_, index) => [
      before - 1 - index,
      null,
      'login',
      'id',
      '192.0.2.0/24',
      'Mozilla/5.0',
      0,
    ]);
  };
  const statement = (parameters: readonly unknown[] = []) => ({
    bind: (...bound: unknown[]) => statement(bound),
    raw: () => readPage(parameters),
  });
  const DB = new Proxy(testEnv.DB, {
    get(database, name) {
      if (name !== 'withSession') return Reflect.get(database, name);
      return (constraint: string) => {
        const session = database.withSession(constraint);
        return {
          prepare: (sql: string) => (/from "events"/.test(sql) ? statement() : session.prepare(sql)),
          batch: (statements: D1PreparedStatement[]) => session.batch(statements),
          getBookmark: () => session.getBookmark(),
        };
      };
    },
  });
  const env: Env = { ...testEnv, DB };
  return { env, asked };
};

const download = async (cookie: string, env: Env) => {
  const context = createExecutionContext();
  const headers = { Cookie: `sessionid=${cookie}` };
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/id/export`, { headers });
  const response = await worker.fetch(request, env, context);
  return { response, done: () => waitOnExecutionContext(context) };
};

describe(`an export of ${EVENTS.toLocaleString('en')} events`, () => {
  it('holds each of them, and reads on only as its client takes it', async () => {
    const { cookie } = await join();
    const { env, asked } = withManyEvents();
    const { response, done } = await download(cookie, env);
    expect(response.headers.get('Content-Type')).toBe('application/json');
    const reader = (response.body ?? expect.fail('There is no body.')).getReader();
    const utf8 = new TextDecoder();
    let events = 0;
    let tail = '';
    for (let chunks = 0; ; chunks += 1) {
      const { done: isOver, value } = await reader.read();
      if (isOver) break;
      const text = utf8.decode(value, { stream: true });
      for (let at = text.indexOf('"id":'); at >= 0; at = text.indexOf('"id":', at + 1)) events += 1;
      tail = (tail + text).slice(-200);
      // A page or two ahead of the client, never the whole.
      expect(asked.queries).toBeLessThanOrEqual(chunks + 2);
    }
    await done();
    // The account and its session have an id too.
    expect(events).toBe(EVENTS + 2);
    expect(tail).toMatch(/"id":1,"type":"login",[^}]+\}\],"factors":\[\],"appPasswords":\[\],"apps":\[\]\}$/);
    expect(asked.maxRows).toBeLessThanOrEqual(MAX_ROWS_AT_ONCE);
    expect(asked.queries).toBeLessThanOrEqual(MAX_QUERIES);
  });

  it('asks D1 for no more once its client has gone', async () => {
    const { cookie } = await join();
    const { env, asked } = withManyEvents();
    const { response, done } = await download(cookie, env);
    const reader = (response.body ?? expect.fail('There is no body.')).getReader();
    for (let chunk = 0; chunk < 4; chunk += 1) await reader.read();
    await reader.cancel();
    const { queries } = asked;
    await done();
    expect(asked.queries).toBe(queries);
    expect(queries).toBeLessThanOrEqual(5);
  });

  it('breaks off if D1 fails on the way: a part is not taken for the whole', async () => {
    const { cookie } = await join();
    const { env } = withManyEvents((query) => query > 3);
    const { response } = await download(cookie, env);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('is a 503 if D1 fails before it begins', async () => {
    const { cookie } = await join();
    const { env } = withManyEvents(() => true);
    const { response, done } = await download(cookie, env);
    const text = await response.text();
    await done();
    expect(whole({ status: response.status, statusText: '', headers: response.headers, text })).toBe(
      refused('unavailable'),
    );
  });
});
