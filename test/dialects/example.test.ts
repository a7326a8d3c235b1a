// The dialect of examples/dialect.ts, mounted as docs/architecture.md says: login, the account, refusals.
import { expect, it } from 'vitest';
import { mine } from '../../examples/dialect.ts';
import { readSettings } from '../../src/env.ts';
import { createApp } from '../../src/http/app.ts';
import { pages } from '../../src/pages/index.ts';
import { services } from '../../src/services/index.ts';
import { createTimedCore, someAccount } from '../support/clock.ts';
import { ORIGIN, testEnv } from '../support/worker.ts';

const timed = createTimedCore(Date.now());
const app = createApp({ dialects: [mine], services, pages });
const { httpSettings } = readSettings(testEnv);

const ask = async (path: string, init: RequestInit = {}): Promise<[number, unknown]> => {
  const bindings = {
    provideServices: () => ({
      core: timed.core,
      httpSettings,
      withinRate: async () => true,
      commonPasswords: async () => new Set<string>(),
    }),
  };
  const response = await app.request(ORIGIN + path, init, bindings);
  await timed.settle();
  return [response.status, await response.json()];
};

const logIn = (username: string, password: string) =>
  ask('/mine/login', { method: 'POST', body: new URLSearchParams({ username, password }) });

it('returns a key at login that gives access to the account', async () => {
  const { username, email, password } = someAccount();
  await timed.register('cookie', { username, email, password });
  const [status, body] = await logIn(username, password);
  expect([status, body]).toEqual([200, { key: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) }]);
  const { key } = Object(body);
  expect(await ask('/mine/me/', { headers: { Authorization: `Bearer ${key}` } })).toEqual([200, { email }]);
});

it('answers every refusal in its own format', async () => {
  const { username, email, password } = someAccount();
  await timed.register('cookie', { username, email, password });
  expect(await logIn(username, 'wrong')).toEqual([400, { error: 'wrong username or password' }]);
  expect(await logIn('', '')).toEqual([400, { error: 'username: blank, password: blank' }]);
  expect(await ask('/mine/me')).toEqual([401, { error: 'log in first' }]);
  expect(await ask('/mine/login')).toEqual([405, { error: 'no GET here' }]);
  expect(await ask('/mine/nowhere')).toEqual([404, { error: 'not found' }]);
  const foreign = { method: 'POST', headers: { 'Sec-Fetch-Site': 'cross-site' } };
  expect(await ask('/mine/login', foreign)).toEqual([403, { error: 'not allowed' }]);
});
