// /health queries D1 and KV, and names the one that fails.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { measure, NO_OPERATIONS, type Obstacle, observe } from '../support/counting.ts';
import { send, testEnv } from '../support/worker.ts';

const QUICKLY: Env = { ...testEnv, D1_TIMEOUT_MS: '20', KV_TIMEOUT_MS: '20' };

const OK = '{"status":"ok","d1":"ok","kv":"ok","mail":"off"}';

beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const fails =
  (...which: ('d1' | 'kv')[]): Obstacle =>
  (binding) => {
    if (which.includes(binding)) throw new Error('Network connection lost.');
  };
const hangs =
  (...which: ('d1' | 'kv')[]): Obstacle =>
  (binding) =>
    which.includes(binding) ? new Promise(() => undefined) : undefined;

const failing = (...which: ('d1' | 'kv')[]): string => {
  const word = (one: 'd1' | 'kv') => (which.includes(one) ? 'failing' : 'ok');
  return `{"status":"failing","d1":"${word('d1')}","kv":"${word('kv')}","mail":"off"}`;
};

it('answers 200 at /health after one query each of D1 and KV', async () => {
  const { answer, operations, hashed } = await measure('/health');
  expect([answer.status, answer.text]).toEqual([200, OK]);
  expect(answer.headers.get('Content-Type')).toBe('application/json');
  expect(operations).toEqual({ ...NO_OPERATIONS, d1: 1, kvGets: 1 });
  expect(hashed).toEqual([]);
});

describe('GET /health', () => {
  it.each<[string, Obstacle, string]>([
    ['D1 fails', fails('d1'), failing('d1')],
    ['KV fails', fails('kv'), failing('kv')],
    ['both fail', fails('d1', 'kv'), failing('d1', 'kv')],
    ['D1 does not answer', hangs('d1'), failing('d1')],
    ['KV does not answer', hangs('kv'), failing('kv')],
    ['neither answers', hangs('d1', 'kv'), failing('d1', 'kv')],
  ])('answers 503 and names what fails if %s', async (_what, obstacle, text) => {
    const answer = await send('/health', { env: observe(QUICKLY, obstacle).env });
    expect([answer.status, answer.text]).toEqual([503, text]);
    expect(answer.headers.get('Content-Type')).toBe('application/json');
  });

  it('answers 503 if the migrations were not applied', async () => {
    const { env } = observe(testEnv, (binding) => {
      if (binding === 'd1') throw new Error('D1_ERROR: no such table: users: SQLITE_ERROR');
    });
    const answer = await send('/health', { env });
    expect([answer.status, answer.text]).toEqual([503, failing('d1')]);
  });

  it('answers 200 as soon as D1 and KV answer again', async () => {
    let isDown = true;
    const { env } = observe(testEnv, () => {
      if (isDown) throw new Error('Network connection lost.');
    });
    expect((await send('/health', { env })).status).toBe(503);
    isDown = false;
    expect((await send('/health', { env })).text).toBe(OK);
  });
});

it.each(['/health', '/health/'])(
  'answers GET and HEAD at %s, lists these methods, and rejects others with 405',
  async (path) => {
    expect((await send(path)).text).toBe(OK);
    const head = await send(path, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await send(path, { method: 'OPTIONS' });
    expect([options.status, options.text, options.headers.get('Allow')]).toEqual([
      204,
      '',
      'GET, HEAD, OPTIONS',
    ]);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await send(path, { method });
      expect([answer.status, answer.text]).toEqual([405, `{"detail":"Method \\"${method}\\" not allowed."}`]);
      expect(answer.headers.get('Allow')).toBe('GET, HEAD, OPTIONS');
    }
  },
);

it('answers 503 to HEAD /health if KV fails', async () => {
  const answer = await send('/health', { method: 'HEAD', env: observe(testEnv, fails('kv')).env });
  expect([answer.status, answer.text]).toEqual([503, '']);
});

it('ignores credentials at /health', async () => {
  expect((await send('/health', { token: '0'.repeat(40), cookie: 'A'.repeat(43) })).text).toBe(OK);
});
