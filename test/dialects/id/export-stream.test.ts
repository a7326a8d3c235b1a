// GET /id/export of an account with a million events: a stream that keeps one page in memory.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import worker from '../../../src/index.ts';
import { ORIGIN, testEnv } from '../../support/worker.ts';
import { join, whole } from './support-id.ts';
import { refused } from './support-refusals.ts';

const EVENTS = 1_000_000;

/** The most rows that one D1 query returns, and that an isolate keeps in memory. */
const MAX_ROWS_AT_ONCE = 5_001;

/** D1 allows 1,000 queries per request. */
const MAX_QUERIES = 900;

/** Bindings with a million events, generated when they are read; a query for which `fails` is true throws. */
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
  it('contains every event, and reads D1 only as fast as the client reads', async () => {
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
      // At most two pages ahead of the client.
      expect(asked.queries).toBeLessThanOrEqual(chunks + 2);
    }
    await done();
    // The account and its session have an id too.
    expect(events).toBe(EVENTS + 2);
    expect(tail).toMatch(/"id":1,"type":"login",[^}]+\}\],"factors":\[\],"appPasswords":\[\],"apps":\[\]\}$/);
    expect(asked.maxRows).toBeLessThanOrEqual(MAX_ROWS_AT_ONCE);
    expect(asked.queries).toBeLessThanOrEqual(MAX_QUERIES);
  });

  it('stops reading D1 once the client has gone', async () => {
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

  it('breaks off if D1 fails midway, so that no client takes a part for the whole', async () => {
    const { cookie } = await join();
    const { env } = withManyEvents((query) => query > 3);
    const { response } = await download(cookie, env);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('answers 503 if D1 fails before the first byte', async () => {
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
