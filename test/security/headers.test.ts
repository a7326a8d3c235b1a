// The security headers, which every response has, whatever its status.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { observe } from '../support/counting.ts';
import { type Answer, ORIGIN, type Sent, send, testEnv, uniqueName } from '../support/worker.ts';

const ALLOWED = 'https://app.example.com';
const FOREIGN = 'https://evil.example';
const env: Env = { ...testEnv, ALLOWED_ORIGINS: ALLOWED };

const failing = (message: string): Env =>
  observe(env, (binding) => {
    if (binding === 'd1') throw new Error(message);
  }).env;
const down = failing('D1_ERROR: Network connection lost.');
const broken = failing('D1_ERROR: no such table: users: SQLITE_ERROR');
const flooded: Env = { ...env, LOGIN_LIMIT: { limit: async () => ({ success: false }) } };

const username = uniqueName();
const person = { username, email: `${username}@test.com`, password: 'sesame1234' };
const named = { ...person, first_name: 'A', last_name: 'B', name: 'A' };
const login = { json: { username, password: person.password } };
const another = () => ({ ...named, username: uniqueName(), email: `${uniqueName()}@test.com` });

const PREFLIGHT = { Origin: ALLOWED, 'Access-Control-Request-Method': 'POST' };

/** Every kind of response: status, path and request. */
const kinds: [number, string, () => Sent][] = [
  [200, '/api/users/register/', () => ({ json: another() })],
  [200, '/api/users/login/', () => login],
  [200, '/api/v1/user/login/', () => login],
  [200, '/api/v1/user/login/', () => ({ json: { ...login.json, password: 'wrong' } })],
  [201, '/api/register/', () => ({ json: another() })],
  [200, '/api/login/', () => login],
  [200, '/account/login', () => login],
  [200, '/api/auth/register/', () => ({ json: another() })],
  [200, '/health', () => ({})],
  [200, '/health', () => ({ method: 'HEAD' })],
  [204, '/account/login', () => ({ method: 'OPTIONS' })],
  [204, '/account/login', () => ({ method: 'OPTIONS', headers: PREFLIGHT })],
  [400, '/account/login', () => ({ json: '{' })],
  [400, '/api/users/login/', () => ({ json: {} })],
  [400, '/api/auth/login/', () => ({ json: { email: person.email, password: 'wrong' } })],
  [401, '/account/profile', () => ({})],
  [401, '/api/v1/user/logout/', () => ({ method: 'POST' })],
  [401, '/account/profile', () => ({ token: '0'.repeat(40), method: 'HEAD' })],
  [403, '/api/users/logout/', () => ({})],
  [403, '/api/users/logout/', () => ({ headers: { 'Sec-Fetch-Site': 'cross-site' } })],
  [403, '/api/auth/login/', () => ({ json: {}, headers: { Origin: FOREIGN } })],
  [404, '/nowhere', () => ({ json: {} })],
  [404, '/api/nowhere', () => ({})],
  [404, '/api/auth/nowhere', () => ({})],
  [404, '/api/users/me/', () => ({})],
  [405, '/account/login', () => ({})],
  [405, '/health', () => ({ method: 'DELETE' })],
  [413, '/account/login', () => ({ json: ' '.repeat(65_537) })],
  [415, '/api/auth/login/', () => ({ json: 'text', headers: { 'Content-Type': 'text/plain' } })],
  [429, '/account/login', () => ({ ...login, headers: { 'CF-Connecting-IP': '1.2.3.4' }, env: flooded })],
  [500, '/api/register/', () => ({ json: named })],
  [500, '/account/login', () => ({ ...login, env: { ...env, TOKEN_SECRET: '' } })],
  [500, '/api/auth/login/', () => ({ json: person, env: broken })],
  [503, '/account/login', () => ({ ...login, env: down })],
  [503, '/api/v1/user/login/', () => ({ ...login, env: down })],
  [503, '/health', () => ({ env: down })],
];

beforeAll(async () => {
  expect((await send('/api/users/register/', { json: person, env })).status).toBe(200);
});

beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const answerTo = async ([status, path, sent]: (typeof kinds)[number], more: Sent = {}): Promise<Answer> => {
  const { headers, ...rest } = sent();
  const answer = await send(path, { env, ...rest, ...more, headers: { ...headers, ...more.headers } });
  expect(answer.status).toBe(status);
  return answer;
};

const each = kinds.map((kind): [string, (typeof kinds)[number]] => [`${kind[0]} at ${kind[1]}`, kind]);

describe('every response', () => {
  it.each(each)('forbids caching, sniffing, framing and active content: %s', async (_n, kind) => {
    const { headers } = await answerTo(kind);
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    const policy = (headers.get('Content-Security-Policy') ?? '').split('; ').sort();
    expect(policy).toEqual([
      "base-uri 'none'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers.get('X-Frame-Options')).toBe('DENY');
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
    for (const name of ['Server', 'X-Powered-By', 'ETag']) expect(headers.get(name)).toBeNull();
  });

  it.each(each)('demands https for two years, over https only: %s', async (_name, kind) => {
    const secure = await answerTo(kind);
    expect(secure.headers.get('Strict-Transport-Security')).toBe('max-age=63072000; includeSubDomains');
    const plain = await answerTo(kind, { origin: 'http://127.0.0.1:8787' });
    expect(plain.headers.get('Strict-Transport-Security')).toBeNull();
  });

  // Without valid settings no origin is allowed, and the response is the same for all.
  it.each(each.filter(([, kind]) => kind[2]().env?.TOKEN_SECRET !== ''))(
    'names Origin once in Vary: %s',
    async (_name, kind) => {
      const sent = kind[2]();
      for (const origin of [null, ALLOWED, ORIGIN, FOREIGN]) {
        const headers = { ...sent.headers, ...(origin === null ? {} : { Origin: origin }) };
        const answer = await send(kind[1], { env, ...sent, headers });
        const names = (answer.headers.get('Vary') ?? '')
          .split(/, */)
          .filter((name) => /^origin$/i.test(name));
        expect([origin, names]).toEqual([origin, ['Origin']]);
      }
    },
  );
});

describe('a cookie', () => {
  const attributes = (answer: Answer): Map<string, string[]> =>
    new Map(
      answer.headers.getSetCookie().map((line) => {
        const [pair = '', ...rest] = line.split('; ');
        return [pair.split('=')[0] ?? '', rest.sort()];
      }),
    );

  it('has HttpOnly and SameSite=Lax, and Secure over https only', async () => {
    const answer = await send('/api/users/login/', login);
    expect([...attributes(answer).keys()].sort()).toEqual(['device', 'sessionid']);
    expect(attributes(answer).get('sessionid')).toEqual([
      'HttpOnly',
      'Max-Age=1209600',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
    expect(attributes(answer).get('device')).toEqual([
      'HttpOnly',
      'Max-Age=34560000',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
    const plain = await send('/api/users/login/', { ...login, origin: 'http://127.0.0.1:8787' });
    for (const name of ['device', 'sessionid'])
      expect(attributes(plain).get(name)).toEqual(attributes(answer).get(name)?.slice(0, -1));
  });

  it('marks the device in the token dialects too, but not after a failed login', async () => {
    for (const path of ['/api/login/', '/account/login'])
      expect([...attributes(await send(path, login)).keys()]).toEqual(['device']);
    const { email, password } = person;
    const byEmail = await send('/api/auth/login/', { json: { email, password } });
    expect([...attributes(byEmail).keys()]).toEqual(['device']);
    for (const path of ['/api/users/login/', '/api/v1/user/login/', '/api/login/', '/account/login']) {
      const refused = await send(path, { json: { username, password: 'wrong' } });
      expect(refused.headers.getSetCookie()).toEqual([]);
    }
  });
});
