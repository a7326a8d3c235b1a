// `id`: flood guards run before each request that hashes a password, and before no other.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { measure } from '../../support/counting.ts';
import { send, testEnv } from '../../support/worker.ts';
import { expectCost } from './support-costs.ts';
import { isLive, join, OTHER_PASSWORD, PASSWORD, person, whole } from './support-id.ts';
import { refused, throttled } from './support-refusals.ts';

const FLOOD = { 'CF-Connecting-IP': '203.0.113.5' };

/** Bindings in which one guard rejects every request, and the keys that both guards were called with. */
const shut = (guard: 'LOGIN_LIMIT' | 'REGISTRATION_LIMIT') => {
  const asked: string[] = [];
  const limit = (success: boolean): RateLimit => ({
    limit: async ({ key }) => {
      asked.push(key);
      return { success };
    },
  });
  const open = { LOGIN_LIMIT: limit(true), REGISTRATION_LIMIT: limit(true) };
  const env: Env = { ...testEnv, ...open, [guard]: limit(false) };
  return { env, asked };
};

const GUARDED: [string, string, object][] = [
  ['POST', '/id/login', { identifier: 'a', password: PASSWORD }],
  ['DELETE', '/id/me', { password: PASSWORD }],
  ['PUT', '/id/me/password', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }],
  ['PUT', '/id/me/email', { email: person().email, password: PASSWORD }],
  ['PUT', '/id/me/username', { username: person().username, password: PASSWORD }],
];

describe.each(GUARDED)('%s %s', (method, path, json) => {
  it('answers 429 to an address that the login guard rejects, before a password is hashed', async () => {
    const { cookie } = await join();
    const { env, asked } = shut('LOGIN_LIMIT');
    const cost = await measure(path, { method, cookie, json, headers: FLOOD, env });
    expect(whole(cost.answer)).toBe(throttled(60));
    expect(cost.answer.headers.get('Retry-After')).toBe('60');
    expect(cost.answer.headers.getSetCookie()).toEqual([]);
    expectCost(cost, 429, path === '/id/login' ? {} : { d1: 1 });
    expect(asked).toEqual(['203.0.113.5']);
    expect(await isLive({ cookie })).toBe(true);
  });

  it('never uses the registration guard, and without credentials no guard except at login', async () => {
    const { env, asked } = shut('REGISTRATION_LIMIT');
    const answer = await send(path, { method, json, headers: FLOOD, env });
    expect(whole(answer)).toBe(refused(path === '/id/login' ? 'wrong_credentials' : 'credentials_missing'));
    expect(asked).toEqual(path === '/id/login' ? ['203.0.113.5'] : []);
  });
});

describe('POST /id/register', () => {
  it('answers 429 if the registration guard rejects the address, and ignores the login guard', async () => {
    const { env } = shut('REGISTRATION_LIMIT');
    const cost = await measure('/id/register', { json: person(), headers: FLOOD, env });
    expect(whole(cost.answer)).toBe(throttled(60));
    expect(cost.answer.headers.get('Retry-After')).toBe('60');
    expectCost(cost, 429, {});
    const free = await send('/id/register', { json: person(), headers: FLOOD, env: shut('LOGIN_LIMIT').env });
    expect(free.status).toBe(201);
  });
});

it.each([
  ['GET', '/id/me', 200],
  ['PATCH', '/id/me', 200],
  ['GET', '/id/sessions', 200],
  ['GET', '/id/export', 200],
  ['DELETE', '/id/sessions', 200],
  ['POST', '/id/logout', 204],
] as const)('%s %s uses no guard', async (method, path, status) => {
  const { cookie } = await join();
  const { env, asked } = shut('LOGIN_LIMIT');
  expect((await send(path, { method, cookie, headers: FLOOD, env })).status).toBe(status);
  expect(asked).toEqual([]);
});
