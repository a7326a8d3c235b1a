// Each kind of token works only as its own kind, and a JSON Web Token only for the account of its session.
import { beforeAll, describe, expect, it } from 'vitest';
import { createKeyring } from '../../../src/core/secrets.ts';
import { signJwt } from '../../../src/core/sessions/jwt.ts';
import { createTimedCore } from '../../support/clock.ts';
import { send, testEnv } from '../../support/worker.ts';

const keyring = createKeyring([testEnv.TOKEN_SECRET ?? '']);

const INVALID = '{"detail":"Invalid token."}';
const NOT_FOUND = '{"detail":"Not found."}';

interface Claims {
  sub: string;
  jti: string;
  iat: number;
  exp: number;
}

const claimsOf = (jwt: string): Claims => {
  const payload = Uint8Array.fromBase64(jwt.split('.')[1] ?? '', { alphabet: 'base64url' });
  const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
  if (!isClaims(claims)) throw new Error('A JSON Web Token without its claims.');
  return claims;
};

const isClaims = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && ['sub', 'jti', 'iat', 'exp'].every((name) => name in value);

/** A token with other claims, validly signed, which a service with the secret could make. */
const resigned = (jwt: string, changes: Partial<Claims>): Promise<string> => {
  const { sub, jti, iat, exp } = claimsOf(jwt);
  return signJwt(keyring, { sub, jti, iat, exp, ...changes }, {});
};

const profile = (token: string) =>
  send('/account/profile', { headers: { Authorization: `Bearer ${token}` } });

let cookie = '';
let derived = '';
let jwt = '';
let other = 0;

beforeAll(async () => {
  const timed = createTimedCore();
  cookie = (await timed.register('cookie')).token;
  derived = (await timed.register('derived')).token;
  jwt = (await timed.register('jwt')).token;
  other = (await timed.register('jwt')).account.id;
});

it('accepts each token as its own kind', async () => {
  expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  expect((await profile(derived)).status).toBe(200);
  expect((await profile(jwt)).status).toBe(200);
  expect((await profile(await resigned(jwt, {}))).status).toBe(200);
});

describe('a session cookie', () => {
  it.each([
    ['an API token', () => derived],
    ['a JSON Web Token', () => jwt],
    ['the jti of a JSON Web Token, which is readable in it', () => claimsOf(jwt).jti],
  ])('cannot be %s', async (_name, token) => {
    expect((await send('/api/users/me/', { cookie: token() })).text).toBe(NOT_FOUND);
  });
});

describe('the Authorization header', () => {
  it.each([
    ['a cookie', () => cookie],
    ['the jti of a JSON Web Token', () => claimsOf(jwt).jti],
  ])('does not authenticate by %s', async (_name, token) => {
    const answer = await profile(token());
    expect(answer.status).toBe(401);
    expect(answer.text).toBe(INVALID);
  });
});

describe('a validly signed JSON Web Token', () => {
  it.each([
    ['names an account that does not own its session', () => ({ sub: String(other) })],
    ['names no account', () => ({ sub: '' })],
    ['names the session of a cookie', () => ({ jti: cookie })],
    ['names the session of an API token', () => ({ jti: derived })],
    ['names no session', () => ({ jti: '' })],
    ['has expired', () => ({ exp: Math.floor(Date.now() / 1000) - 1 })],
  ])('does not authenticate if it %s', async (_name, changes) => {
    const answer = await profile(await resigned(jwt, changes()));
    expect(answer.status).toBe(401);
    expect(answer.text).toBe(INVALID);
  });
});

it('rejects a token as another kind with SESSION_READS=cached too', async () => {
  const env = { ...testEnv, SESSION_READS: 'cached' };
  const asToken = (token: string) =>
    send('/account/profile', { env, headers: { Authorization: `Bearer ${token}` } });
  const asCookie = (text: string) => send('/api/users/me/', { env, cookie: text });
  // Twice: the second time, KV has both.
  for (let times = 0; times < 2; times += 1)
    expect([(await asToken(jwt)).status, (await asCookie(cookie)).status]).toEqual([200, 200]);
  expect((await asCookie(claimsOf(jwt).jti)).text).toBe(NOT_FOUND);
  expect((await asToken(await resigned(jwt, { jti: cookie }))).text).toBe(INVALID);
});

it('puts the claims id, email and name, which clients of auth read, into a JSON Web Token', () => {
  const { sub, jti, iat, exp } = claimsOf(jwt);
  expect(Object.keys(claimsOf(jwt))).toEqual(['sub', 'jti', 'iat', 'exp', 'id', 'email', 'name']);
  expect(sub).toMatch(/^[1-9]\d*$/);
  expect(jti).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(exp - iat).toBe(90 * 24 * 60 * 60);
});
