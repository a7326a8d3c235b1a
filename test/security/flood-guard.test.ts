// The flood guards: limits on logins and registrations per minute and address, before anything is hashed or read.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { measure, NO_OPERATIONS } from '../support/counting.ts';
import { send, testEnv, uniqueName } from '../support/worker.ts';

const ADDRESS = '203.0.113.77';
const PASSWORD = 'sesame1234';

const DETAIL = '{"detail":"Request was throttled. Expected available in 60 seconds."}';
const ENVELOPE = '{"status":"failed","desc":"service unavailable","error_code":113}';
const MAIN = '{"status":"fail","errors":{"main":{"msg":"Too many requests!"}}}';

const logins: [string, string][] = [
  ['/api/users/login/', DETAIL],
  ['/api/v1/user/login/', ENVELOPE],
  ['/api/login/', DETAIL],
  ['/account/login', DETAIL],
  ['/api/auth/login/', MAIN],
];
const registrations: [string, string][] = [
  ['/api/users/register/', DETAIL],
  ['/api/v1/user/register/', ENVELOPE],
  ['/api/register/', DETAIL],
  ['/account/register', DETAIL],
  ['/api/auth/register/', MAIN],
];

/** A rate limit binding with a given answer, and the keys of its calls. */
const fakeLimit = (answer: () => Promise<boolean>) => {
  const keys: string[] = [];
  const limit: RateLimit = {
    limit: async ({ key }) => {
      keys.push(key);
      return { success: await answer() };
    },
  };
  return { limit, keys };
};

const guards = (isLoginFree = true, isRegistrationFree = true) => {
  const login = fakeLimit(async () => isLoginFree);
  const registration = fakeLimit(async () => isRegistrationFree);
  const env: Env = { ...testEnv, LOGIN_LIMIT: login.limit, REGISTRATION_LIMIT: registration.limit };
  return { env, loginKeys: login.keys, registrationKeys: registration.keys };
};

/** Valid fields for the registration and then the login of every dialect. */
const someone = () => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  return { username, email, password: PASSWORD, name: 'A', first_name: 'A', last_name: 'B' };
};

const from = (address: string) => ({ 'CF-Connecting-IP': address });

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([
  ['logins', logins, guards(false, true)],
  ['registrations', registrations, guards(true, false)],
] as const)('an address that sends too many %s', (what, endpoints, { env, loginKeys, registrationKeys }) => {
  const [asked, notAsked] = what === 'logins' ? [loginKeys, registrationKeys] : [registrationKeys, loginKeys];

  it.each(endpoints)(
    'gets 429 at %s, without a hash, a read or a call of the other guard',
    async (path, text) => {
      asked.length = 0;
      const { answer, operations, hashed } = await measure(path, {
        json: someone(),
        headers: from(ADDRESS),
        env,
      });
      expect([answer.status, answer.text]).toEqual([429, text]);
      expect(answer.headers.get('Retry-After')).toBe('60');
      expect(answer.headers.get('Content-Type')).toBe('application/json');
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(operations).toEqual(NO_OPERATIONS);
      expect(hashed).toEqual([]);
      expect(asked).toEqual([ADDRESS]);
      expect(notAsked).toEqual([]);
    },
  );

  it.each(endpoints)('gets 429 at %s before the body is read', async (path, text) => {
    const headers = { ...from(ADDRESS), 'Content-Type': 'text/plain' };
    const answer = await send(path, { json: '{', headers, env });
    expect([answer.status, answer.text]).toEqual([429, text]);
  });
});

it('counts logins and registrations separately', async () => {
  const fields = someone();
  const noLogins = guards(false, true).env;
  const noRegistrations = guards(true, false).env;
  const headers = from(ADDRESS);
  expect((await send('/account/register', { json: fields, headers, env: noLogins })).status).toBe(200);
  expect((await send('/account/login', { json: fields, headers, env: noRegistrations })).status).toBe(200);
});

describe('an address within its limit', () => {
  it.each([
    [ADDRESS, ADDRESS],
    ['198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '10.0.0.1'],
    // A customer can send from every address of a /64, but not of the next one.
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8::ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['::ffff:198.51.100.1', '::ffff:198.51.100.1'],
    ['no:address', 'no:address'],
  ])('passes: %s, counted as %s', async (address, key) => {
    const { env, loginKeys, registrationKeys } = guards();
    const json = someone();
    const headers = from(address);
    expect((await send('/account/register', { json, headers, env })).status).toBe(200);
    expect([loginKeys, registrationKeys]).toEqual([[], [key]]);
    expect((await send('/account/login', { json, headers, env })).status).toBe(200);
    expect([loginKeys, registrationKeys]).toEqual([[key], [key]]);
  });

  it('counts once for each request', async () => {
    const { env, loginKeys } = guards();
    for (const [path] of logins) await send(path, { json: {}, headers: from(ADDRESS), env });
    expect(loginKeys).toEqual(logins.map(() => ADDRESS));
  });

  it('does not count requests that hash nothing', async () => {
    const { env, loginKeys, registrationKeys } = guards(false, false);
    const headers = from(ADDRESS);
    expect((await send('/account/profile', { headers, env })).status).toBe(401);
    expect((await send('/api/users/logout/', { method: 'POST', headers, env })).status).toBe(403);
    expect((await send('/account/login', { headers, env })).status).toBe(405);
    expect((await send('/account/login', { method: 'OPTIONS', headers, env })).status).toBe(204);
    expect((await send('/health', { headers, env })).status).toBe(200);
    expect([loginKeys, registrationKeys]).toEqual([[], []]);
  });
});

describe('a flood guard', () => {
  it.each<[string, Record<string, string>]>([
    ['a loopback address', from('127.0.0.1')],
    ['an IPv6 loopback address', from('::1')],
    ['a request without an address', {}],
    ['an address in X-Forwarded-For or X-Real-IP', { 'X-Forwarded-For': ADDRESS, 'X-Real-IP': ADDRESS }],
  ])('does not count %s', async (_what, headers) => {
    const { env, loginKeys, registrationKeys } = guards(false, false);
    const fields = someone();
    expect((await send('/account/register', { json: fields, headers, env })).status).toBe(200);
    expect((await send('/account/login', { json: fields, headers, env })).status).toBe(200);
    expect([loginKeys, registrationKeys]).toEqual([[], []]);
  });
});

describe('a missing or broken flood guard', () => {
  const failing: RateLimit = { limit: () => Promise.reject(new Error('The guard is down.')) };
  const throwing: RateLimit = {
    limit: () => {
      throw new Error('The guard is down.');
    },
  };
  const { LOGIN_LIMIT: _login, REGISTRATION_LIMIT: _registration, ...unguarded } = testEnv;

  it.each<[string, Env, number]>([
    ['returns a rejected promise', { ...testEnv, LOGIN_LIMIT: failing, REGISTRATION_LIMIT: failing }, 1],
    ['throws', { ...testEnv, LOGIN_LIMIT: throwing, REGISTRATION_LIMIT: throwing }, 1],
    ['is not bound', unguarded, 0],
  ])('lets every request pass if it %s', async (_what, env, warnings) => {
    // The first request of an isolate logs the warnings about settings.
    await send('/health', { env });
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const fields = someone();
    const headers = from(ADDRESS);
    expect((await send('/account/register', { json: fields, headers, env })).status).toBe(200);
    expect(warn).toHaveBeenCalledTimes(warnings);
    expect((await send('/account/login', { json: fields, headers, env })).status).toBe(200);
    expect(warn).toHaveBeenCalledTimes(2 * warnings);
  });
});

describe('the guards of wrangler.toml', () => {
  /** The limit in requests a minute. The minute may end during the test, but twice as many never fit. */
  const REGISTRATIONS = 60;

  it('allow 60 registrations a minute, for each address separately', async () => {
    expect(testEnv.REGISTRATION_LIMIT).toBeDefined();
    const register = async (address: string): Promise<number> =>
      (await send('/account/register', { json: {}, headers: from(address) })).status;
    const statuses: number[] = [];
    for (let sent = 0; sent <= 2 * REGISTRATIONS; sent += 1) statuses.push(await register('198.51.100.60'));
    expect(new Set(statuses.slice(0, REGISTRATIONS))).toEqual(new Set([400]));
    expect(statuses).toContain(429);
    expect(await register('198.51.100.61')).toBe(400);
  });

  it('allow 120 logins a minute', async () => {
    expect(testEnv.LOGIN_LIMIT).toBeDefined();
    const statuses = new Set<number>();
    for (let sent = 0; sent <= 2 * REGISTRATIONS; sent += 1)
      statuses.add((await send('/account/login', { json: {}, headers: from('198.51.100.60') })).status);
    expect(statuses).toEqual(new Set([400]));
  });
});

describe('the limit on changes of one account', () => {
  const WRITES = 120;

  const join = async (address: string) => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const { text } = await send('/account/register', { json, headers: from(address) });
    return /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
  };

  const change = async (token: string, address: string) =>
    (await send('/account/set_picture', { json: { id: 1 }, token, headers: from(address) })).status;

  it('allows 120 a minute from all addresses together, and does not limit reads or other accounts', async () => {
    const [one, other] = [await join('203.0.113.10'), await join('203.0.113.11')];
    const statuses: number[] = [];
    for (let sent = 0; sent <= 2 * WRITES; sent += 1)
      statuses.push(await change(one, `203.0.113.${20 + (sent % 50)}`));
    expect(new Set(statuses.slice(0, WRITES))).toEqual(new Set([200]));
    expect(statuses).toContain(429);
    const read = await send('/account/profile', { token: one, headers: from('203.0.113.10') });
    expect(read.status).toBe(200);
    expect(await change(other, '203.0.113.10')).toBe(200);
  });
});
