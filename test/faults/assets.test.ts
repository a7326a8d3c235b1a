// The list of common passwords cannot be read: registrations are refused, nothing hangs, and the next try works.
// The order of the tests matters: an isolate reads the list once.
import { expect, it } from 'vitest';
import { never } from '../support/faults.ts';
import { type Answer, send } from '../support/worker.ts';
import { cheapEnv, newcomer } from './people.ts';
import { expectEffect, readTables } from './tables.ts';

const register = (answer: () => Promise<Response>): Promise<Answer> =>
  send('/id/register', {
    json: { ...newcomer(), password: 'kaleidoscope-77', session: 'token' },
    env: { ...cheapEnv, D1_TIMEOUT_MS: '200', KV_TIMEOUT_MS: '200', ASSETS: fakeAssets(answer) },
  });

/** The binding with the test's own answer. */
const fakeAssets = (answer: () => Promise<Response>): Fetcher =>
  new Proxy(cheapEnv.ASSETS, { get: (_, name) => (name === 'fetch' ? answer : undefined) });

const UNAVAILABLE =
  '{"type":"urn:latchkey:problem:unavailable","title":"The service cannot be reached at the moment.",' +
  '"status":503,"code":"unavailable"}';

it.each<[string, () => Promise<Response>]>([
  ['fail', () => Promise.reject(new Error('Network connection lost.'))],
  ['answer with an error', async () => new Response('no', { status: 500 })],
  ['lost the file', async () => new Response('no', { status: 404 })],
])('refuses a registration with 503 if the assets %s', async (_name, answer) => {
  const before = await readTables();
  const { status, text, headers } = await register(answer);
  expect([status, text]).toEqual([503, UNAVAILABLE]);
  expect(headers.get('Retry-After')).toMatch(/^[1-9]\d?$/);
  expectEffect(before, await readTables(), {});
});

it('refuses a registration with 503 within three seconds if the assets do not answer', async () => {
  const silence = new Promise<null>((resolve) => setTimeout(resolve, 3_000, null));
  const answer = await Promise.race([register(never), silence]);
  expect([answer?.status, answer?.text]).toEqual([503, UNAVAILABLE]);
});

it('accepts passwords when the assets are back, and refuses common ones', async () => {
  const assets = { ...cheapEnv };
  const silence = new Promise<null>((resolve) => setTimeout(resolve, 3_000, null));
  const json = { ...newcomer(), password: 'kaleidoscope-77' };
  const made = await Promise.race([send('/id/register', { json, env: assets }), silence]);
  expect(made?.status).toBe(201);
  const common = await send('/id/register', {
    json: { ...newcomer(), password: 'password123' },
    env: assets,
  });
  expect([common.status, common.text.includes('"code":"common_password"')]).toEqual([400, true]);
});
