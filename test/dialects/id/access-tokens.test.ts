// POST /id/token and the published keys: access tokens that other servers verify, checked with `jose`.
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { API, ISSUER, KEYS, signingEnv } from '../../support/signing.ts';
import { json, type Sent, send, sessionCookie, testEnv } from '../../support/worker.ts';
import { atFixedTime, person, START_MS } from './support-id.ts';

atFixedTime();

let env: Env;
let fields: ReturnType<typeof person>;
let cookie: string;

beforeEach(async () => {
  env = signingEnv();
  fields = { ...person(), ...{ name: 'Mary Ann' } };
  cookie = sessionCookie(await send('/id/register', { json: fields })) ?? expect.fail('no cookie');
});

const ask = (sent: Sent = {}) => send('/id/token', { method: 'POST', cookie, env, ...sent });
const keySet = async (from: Env = env) =>
  createLocalJWKSet(JSON.parse((await send('/.well-known/jwks.json', { env: from })).text));
const tokenOf = (text: string): string => JSON.parse(text).accessToken;

const check = async (token: string, audience = API, keys = keySet()) =>
  jwtVerify(token, await keys, { issuer: ISSUER, audience, typ: 'at+jwt', currentDate: new Date() });

describe('POST /id/token', () => {
  it('returns a token whose claims jose verifies with the published keys', async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(json(answer)).toEqual({ accessToken: expect.any(String), tokenType: 'Bearer', expiresIn: 300 });
    const { payload, protectedHeader } = await check(tokenOf(answer.text));
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'first' });
    const nowSeconds = START_MS / 1000;
    expect(payload).toEqual({
      iss: ISSUER,
      sub: expect.stringMatching(/^[0-9a-f]{32}$/),
      aud: API,
      exp: nowSeconds + 300,
      iat: nowSeconds,
      jti: expect.stringMatching(/^[\w-]{43}$/),
      sid: expect.stringMatching(/^[0-9a-f]{64}$/),
      email: fields.email,
      email_verified: false,
      name: 'Mary Ann',
      auth_time: nowSeconds,
      amr: ['pwd'],
    });
  });

  it('gives each account one stable subject, and each token a new id', async () => {
    const [one, two] = [await check(tokenOf((await ask()).text)), await check(tokenOf((await ask()).text))];
    expect(one.payload.sub).toBe(two.payload.sub);
    expect(one.payload.jti).not.toBe(two.payload.jti);
    cookie = sessionCookie(await send('/id/register', { json: person() })) ?? '';
    const other = await check(tokenOf((await ask()).text));
    expect(other.payload.sub).not.toBe(one.payload.sub);
  });

  it('adds a subject to an old account without one, the same for concurrent requests', async () => {
    await testEnv.DB.prepare('UPDATE users SET public_id = NULL WHERE email = ?').bind(fields.email).run();
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask()));
    const subjects = await Promise.all(
      answers.map(async ({ text }) => (await check(tokenOf(text))).payload.sub),
    );
    expect(new Set(subjects).size).toBe(1);
    expect(subjects[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it('accepts the audiences of ACCESS_TOKEN_AUDIENCES, and rejects others', async () => {
    const second = await ask({ json: { audience: 'urn:second' } });
    expect((await check(tokenOf(second.text), 'urn:second')).payload.aud).toBe('urn:second');
    await expect(check(tokenOf(second.text))).rejects.toThrow('aud');
    const other = await ask({ json: { audience: 'https://evil.example' } });
    expect(other.status).toBe(400);
    expect(json(other)).toMatchObject({
      code: 'invalid',
      errors: [{ name: 'audience', code: 'not_a_choice' }],
    });
    env = signingEnv({ ACCESS_TOKEN_AUDIENCES: [] });
    expect((await check(tokenOf((await ask()).text), ISSUER)).payload.aud).toBe(ISSUER);
  });

  it('limits the lifetime to ACCESS_TOKEN_MINUTES and to the lifetime of the session', async () => {
    env = signingEnv({ ACCESS_TOKEN_MINUTES: 15 });
    expect(json(await ask())).toMatchObject({ expiresIn: 900 });
    vi.setSystemTime(START_MS + 14 * 86_400_000 - 60_000);
    expect(json(await ask())).toMatchObject({ expiresIn: 60 });
  });

  it('returns a token that is valid for 299 seconds and expired after 300', async () => {
    const token = tokenOf((await ask()).text);
    vi.setSystemTime(START_MS + 299_000);
    await check(token);
    vi.setSystemTime(START_MS + 300_000);
    await expect(check(token)).rejects.toThrow('exp');
  });

  it('rejects a missing session, an ended one, a foreign page and a disabled account', async () => {
    expect((await send('/id/token', { method: 'POST', env })).status).toBe(401);
    const foreign = await ask({
      headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
    });
    expect([foreign.status, foreign.text]).toEqual([403, expect.stringContaining('"code":"cross_site"')]);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(fields.email).run();
    expect((await ask()).status).toBe(401);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = NULL WHERE email = ?').bind(fields.email).run();
    expect((await ask()).status).toBe(200);
    await send('/id/logout', { method: 'POST', cookie });
    expect((await ask()).status).toBe(401);
  });

  it('answers 404 access_tokens_off if the service has no signing keys', async () => {
    const off = await ask({ env: testEnv });
    expect([off.status, off.text]).toEqual([404, expect.stringContaining('"code":"access_tokens_off"')]);
    expect((await send('/.well-known/jwks.json')).status).toBe(404);
  });

  it('costs one D1 query', async () => {
    const { operations } = await measure('/id/token', { method: 'POST', cookie, env });
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 1 });
  });
});

describe('GET /.well-known/jwks.json', () => {
  it('publishes no private part, for every origin, and allows caching for five minutes', async () => {
    const answer = await send('/.well-known/jwks.json', { env });
    const [first, second] = KEYS;
    const shown = ({ kid, x, y }: { kid: string; x: string; y: string }) => ({
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      use: 'sig',
      kid,
      x,
      y,
    });
    expect(json(answer)).toEqual({ keys: [shown(first), shown(second)] });
    expect(answer.headers.get('Cache-Control')).toBe('public, max-age=300');
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(answer.headers.get('Content-Type')).toBe('application/json');
  });

  it('verifies old tokens with the new key set, and new tokens with the old one, in a rotation', async () => {
    const [first, second] = KEYS;
    const before = { keys: await keySet(), token: tokenOf((await ask()).text) };
    env = signingEnv({ SIGNING_KEYS: JSON.stringify([second, first]) });
    const after = { keys: await keySet(), token: tokenOf((await ask()).text) };
    expect(decodeProtectedHeader(after.token).kid).toBe('second');
    await check(before.token, API, Promise.resolve(after.keys));
    await check(after.token, API, Promise.resolve(before.keys));
  });
});
