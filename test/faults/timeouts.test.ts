// Timeouts: a request waits for D1 and for KV no longer than their limits, and for work after the response not at all.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';
import { breakD1, breakKv, failD1, failKv, never } from '../support/faults.ts';
import { ORIGIN, send } from '../support/worker.ts';
import { cheapEnv, createPerson, newcomer, type Person } from './people.ts';
import { withReplica } from './replica.ts';

let person: Person;

beforeEach(async () => {
  person = await createPerson();
});

/** Far longer than any answer takes here, and far shorter than the timeouts that a test does not check. */
const A_WHILE_MS = 2_000;
const LONG = '60000';

type Init = RequestInit<IncomingRequestCfProperties>;

interface Heard {
  /** Null if there was no answer within `A_WHILE_MS`. */
  status: number | null;
  ms: number;
  /** Whether the work after the response ends within the same time. */
  settles: () => Promise<boolean>;
}

const within = <T>(work: Promise<T>): Promise<T | null> =>
  Promise.race([work, new Promise<null>((resolve) => setTimeout(resolve, A_WHILE_MS, null))]);

/** Sends a request and waits for the response only, not for the work after it. */
const hear = async (path: string, env: Env, init: Init): Promise<Heard> => {
  const context = createExecutionContext();
  const startMs = Date.now();
  const request = new Request<unknown, IncomingRequestCfProperties>(ORIGIN + path, init);
  const response = await within(Promise.resolve(worker.fetch(request, env, context)));
  const ms = Date.now() - startMs;
  await response?.text();
  const settles = async () => (await within(waitOnExecutionContext(context).then(() => true))) === true;
  return { status: response?.status ?? null, ms, settles };
};

const withToken = (token: string): Init => ({ headers: { Authorization: `Token ${token}` } });
const asJson = (value: unknown): Init => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
});

/** Requests, and how many round trips to a silent D1 each makes: a read asks the nearest copy, then the primary. */
const requests: [name: string, path: string, init: () => Init, trips: number][] = [
  ['a read', '/account/profile', () => withToken(person.derived), 2],
  ['a change', '/account/logout', () => ({ ...withToken(person.derived), method: 'POST' }), 1],
  ['a login', '/account/login', () => asJson(person), 1],
  ['a registration', '/account/register', () => asJson(newcomer()), 1],
];

it.each(requests)(
  'answers 503 to %s if no attempt gets an answer within D1_TIMEOUT_MS',
  async (...request) => {
    const [, path, init, attempts] = request;
    const { env, trips } = failD1(() => 'silent', { env: { ...cheapEnv, D1_TIMEOUT_MS: '400' } });
    const { status, ms } = await hear(path, env, init());
    expect(status).toBe(503);
    expect(ms).toBeGreaterThanOrEqual(390 * attempts);
    // The number of attempts bounds the time of the request.
    expect(trips()).toBe(attempts);
  },
);

it.each(requests)('answers 200 to %s if D1 answers within D1_TIMEOUT_MS', async (_name, path, init) => {
  const { status } = await hear(path, { ...cheapEnv, D1_TIMEOUT_MS: LONG }, init());
  expect(status).toBe(200);
});

it('answers a read without waiting for a silent KV', async () => {
  const env = breakKv('silent', { ...cheapEnv, KV_TIMEOUT_MS: LONG, D1_TIMEOUT_MS: '1000' });
  const { status } = await hear('/account/profile', env, withToken(person.derived));
  expect(status).toBe(200);
});

it('refuses an unknown token without waiting for a silent KV if the primary answers', async () => {
  const env = breakKv('silent', { ...cheapEnv, KV_TIMEOUT_MS: LONG, D1_TIMEOUT_MS: '500' });
  const { status } = await hear('/account/profile', env, withToken('0'.repeat(40)));
  expect(status).toBe(401);
});

it('asks the primary after KV_TIMEOUT_MS if KV is silent and a replica has no session', async () => {
  const env = breakKv('silent', withReplica({ ...cheapEnv, KV_TIMEOUT_MS: '100', D1_TIMEOUT_MS: '1000' }));
  const { status, ms } = await hear('/account/profile', env, withToken('0'.repeat(40)));
  expect(status).toBe(401);
  expect(ms).toBeGreaterThanOrEqual(90);
});

it('answers changes without waiting for a silent KV', async () => {
  const env = breakKv('silent', { ...cheapEnv, KV_TIMEOUT_MS: LONG, D1_TIMEOUT_MS: '500' });
  for (const [, path, init] of requests.slice(1)) {
    const { status } = await hear(path, env, init());
    expect([path, status]).toEqual([path, 200]);
  }
});

it('answers a login whose record KV never stores, and ends the work after it', async () => {
  const silentPut = failKv((method) => (method === 'put' ? 'silent' : null), {
    ...cheapEnv,
    KV_TIMEOUT_MS: '100',
    D1_TIMEOUT_MS: '500',
  });
  const { status, settles } = await hear('/api/auth/login', silentPut, asJson(person));
  expect(status).toBe(200);
  expect(await settles()).toBe(true);
});

it('answers a refused login whose event D1 never stores, and ends the work after it', async () => {
  const { env } = failD1((nth) => (nth === 2 ? 'silent' : null), {
    env: { ...cheapEnv, D1_TIMEOUT_MS: '500' },
  });
  const { status, settles } = await hear('/account/login', env, asJson({ ...person, password: 'wrong1234' }));
  expect(status).toBe(400);
  expect(await settles()).toBe(true);
});

it('accepts a login if the flood guard does not answer', async () => {
  const silent = { limit: () => never() };
  const env = {
    ...cheapEnv,
    LOGIN_LIMIT: silent,
    REGISTRATION_LIMIT: silent,
    D1_TIMEOUT_MS: '500',
    KV_TIMEOUT_MS: '500',
  };
  const init = asJson(person);
  const headers = { 'Content-Type': 'application/json', 'CF-Connecting-IP': '192.0.2.1' };
  expect((await hear('/account/login', env, { ...init, headers })).status).toBe(200);
});

it('accepts a login if the flood guard fails, and answers 429 if it refuses', async () => {
  const guarded = (limit: () => Promise<{ success: boolean }>) => ({ ...cheapEnv, LOGIN_LIMIT: { limit } });
  const headers = { 'CF-Connecting-IP': '192.0.2.1' };
  const fails = guarded(() => Promise.reject(new Error('Network connection lost.')));
  expect((await send('/account/login', { json: person, headers, env: fails })).status).toBe(200);
  const refuses = guarded(async () => ({ success: false }));
  const refused = await send('/account/login', { json: person, headers, env: refuses });
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '60']);
});

it('reports in the health check which of D1 and KV does not answer', async () => {
  const limits = { ...cheapEnv, D1_TIMEOUT_MS: '300', KV_TIMEOUT_MS: '300' };
  const check = async (env: Env) => {
    const answer = await send('/health', { env });
    return [answer.status, answer.text];
  };
  expect(await check(limits)).toEqual([200, '{"status":"ok","d1":"ok","kv":"ok","mail":"off"}']);
  expect(await check(breakD1('silent', limits))).toEqual([
    503,
    '{"status":"failing","d1":"failing","kv":"ok","mail":"off"}',
  ]);
  expect(await check(breakKv('silent', limits))).toEqual([
    503,
    '{"status":"failing","d1":"ok","kv":"failing","mail":"off"}',
  ]);
  expect(await check(breakKv('before', breakD1('before', limits)))).toEqual([
    503,
    '{"status":"failing","d1":"failing","kv":"failing","mail":"off"}',
  ]);
});
