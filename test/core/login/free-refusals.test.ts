// Refusals without cost: no D1, no KV and no hash for requests and tokens that cannot be valid.
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoginKind } from '../../../src/core/index.ts';
import { createTimedCore, DAY_MS } from '../../support/clock.ts';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { type Sent, testEnv } from '../../support/worker.ts';

const tokens = { cookie: '', derived: '', jwt: '', expiredJwt: '', foreignJwt: '' };

const register = async (open: LoginKind, startMs?: number, env = testEnv): Promise<string> =>
  (await createTimedCore(startMs, env).register(open)).token;

beforeAll(async () => {
  tokens.cookie = await register('cookie');
  tokens.derived = await register('derived');
  tokens.jwt = await register('jwt');
  tokens.expiredJwt = await register('jwt', Date.now() - 91 * DAY_MS);
  const TOKEN_SECRET = 'the secret of quite another deployment';
  tokens.foreignJwt = await register('jwt', undefined, { ...testEnv, TOKEN_SECRET });
});

/** The token with one of its three parts changed. */
const tampered = (jwt: string, part: 0 | 1 | 2): string => {
  const parts = jwt.split('.');
  const changed = parts[part] ?? '';
  parts[part] = (changed.startsWith('A') ? 'B' : 'A') + changed.slice(1);
  return parts.join('.');
};

describe('a token that cannot be valid', () => {
  const unsigned = () => `${btoa('{"alg":"none","typ":"JWT"}').replaceAll('=', '')}.e30.${'A'.repeat(43)}`;

  it.each([
    ['one letter', () => 'x'],
    ['39 hex digits', () => 'a'.repeat(39)],
    ['41 hex digits', () => 'a'.repeat(41)],
    ['40 upper-case hex digits', () => 'A'.repeat(40)],
    ['40 letters that are no hex digits', () => 'g'.repeat(40)],
    ["a browser's cookie in the header", () => tokens.cookie],
    ['three parts that are no JSON Web Token', () => 'a.b.c'],
    ['a JSON Web Token of no algorithm', unsigned],
    ['a JSON Web Token with another header', () => tampered(tokens.jwt, 0)],
    ['a JSON Web Token with another payload', () => tampered(tokens.jwt, 1)],
    ['a JSON Web Token with another signature', () => tampered(tokens.jwt, 2)],
    ['a JSON Web Token without its signature', () => tokens.jwt.slice(0, tokens.jwt.lastIndexOf('.') + 1)],
    ['a JSON Web Token signed under another secret', () => tokens.foreignJwt],
    ['a JSON Web Token that has expired', () => tokens.expiredJwt],
    ['ten thousand characters', () => `${'a'.repeat(5000)}.${'a'.repeat(5000)}.${'a'.repeat(43)}`],
  ])('costs no D1 and no KV: %s', async (_name, token) => {
    const { answer, operations } = await measure('/account/profile', { token: token() });
    expect(answer.text).toBe('{"detail":"Invalid token."}');
    expect(answer.status).toBe(401);
    expect(operations).toEqual(NO_OPERATIONS);
  });

  it.each([
    ['a 40-hex token', () => tokens.derived],
    ['a JSON Web Token', () => tokens.jwt],
    ['42 characters', () => tokens.cookie.slice(1)],
    ['44 characters', () => `${tokens.cookie}A`],
    ['an empty text', () => ''],
  ])('costs no D1 and no KV as a cookie: %s', async (_name, cookie) => {
    const { answer, operations } = await measure('/api/users/me/', { cookie: cookie() });
    expect(answer.text).toBe('{"detail":"Not found."}');
    expect(operations).toEqual(NO_OPERATIONS);
  });
});

describe('a request that cannot be valid', () => {
  const registrations = ['/api/users/register/', '/api/v1/user/register/', '/api/register/'];
  registrations.push('/account/register', '/api/auth/register/');
  const logins = registrations.map((path) => path.replace('register', 'login'));
  const all = [...registrations, ...logins];
  const text = { method: 'POST', json: 'hello', headers: { 'Content-Type': 'text/plain' } };

  const cases: [number, string, Sent][] = [
    ...['/nowhere', '/account/nowhere', '/api/users/nowhere/', '/api/accounts/me/', '/api/v1/user/x'].map(
      (path): [number, string, Sent] => [404, path, {}],
    ),
    ...all.map((path): [number, string, Sent] => [405, path, {}]),
    ...all.map((path): [number, string, Sent] => [204, path, { method: 'OPTIONS' }]),
    ...all.map((path): [number, string, Sent] => [400, path, { json: '{"username":"' }]),
    ...all.map((path): [number, string, Sent] => [400, path, { json: '[]' }]),
    ...all.map((path): [number, string, Sent] => [413, path, { json: ' '.repeat(64 * 1024 + 1) }]),
    ...all.map((path): [number, string, Sent] => [415, path, text]),
    ...all.map((path): [number, string, Sent] => [path.includes('v1') ? 200 : 400, path, { json: '{}' }]),
    [401, '/account/profile', {}],
    [401, '/account/delete', { method: 'POST' }],
    [401, '/api/admin/users', {}],
    [401, '/api/v1/user/logout/', { method: 'POST' }],
    [403, '/api/users/logout/', { method: 'POST' }],
  ];

  it.each(cases)('gets %d without D1, KV or a hash at %s', async (status, path, sent) => {
    const { answer, operations, hashed } = await measure(path, sent);
    expect(answer.status).toBe(status);
    expect(operations).toEqual(NO_OPERATIONS);
    expect(hashed).toEqual([]);
  });
});
