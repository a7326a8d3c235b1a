// `auth`: the claims of its JSON Web Token, where it is accepted, which forgeries are rejected, and what ends it.
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { everythingStored } from '../../support/stored.ts';
import { type Answer, send, testEnv, uniqueName } from '../../support/worker.ts';

const SECRET = testEnv.TOKEN_SECRET ?? '';
const HEADER = '{"alg":"HS256","typ":"JWT"}';
const INVALID = '401 {"detail":"Invalid token."}';
const password = 'password';

const utf8 = new TextEncoder();
const toBase64Url = (bytes: Uint8Array): string =>
  bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
const fromBase64Url = (text: string) => Uint8Array.fromBase64(text, { alphabet: 'base64url' });
const readText = (text: string): string => new TextDecoder().decode(fromBase64Url(text));

const importKey = (secret: string, hash = 'SHA-256') =>
  crypto.subtle.importKey('raw', utf8.encode(secret), { name: 'HMAC', hash }, false, ['sign', 'verify']);

/** Signs like anyone who knows the secret. */
const sign = async (header: string, claims: unknown, secret = SECRET, hash = 'SHA-256'): Promise<string> => {
  const signed = [header, JSON.stringify(claims)].map((text) => toBase64Url(utf8.encode(text))).join('.');
  const signature = await crypto.subtle.sign('HMAC', await importKey(secret, hash), utf8.encode(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
};

const split = (token: string) => {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.');
  expect(rest).toEqual([]);
  return { header, payload, signature };
};
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const claimsOf = (token: string): Record<string, unknown> => {
  const claims: unknown = JSON.parse(readText(split(token).payload));
  return isRecord(claims) ? claims : expect.fail(token);
};

const whole = ({ status, text }: Answer): string => `${status} ${text}`;
const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const profile = (token: string) => send('/account/profile', { token });
const logIn = async (email: string) => tokenOf(await send('/api/auth/login', { json: { email, password } }));
const join = async (name = 'example name') => {
  const email = `Mail.${uniqueName()}@Example.com`;
  const token = tokenOf(await send('/api/auth/register', { json: { name, email, password } }));
  const { text } = await profile(token);
  const id = Number(/"id":(\d+)/.exec(text)?.[1] ?? expect.fail(text));
  return { id, email, token };
};

let one: Awaited<ReturnType<typeof join>>;
let other: Awaited<ReturnType<typeof join>>;
beforeAll(async () => {
  one = await join();
  other = await join();
});

describe('issued token', () => {
  it('has the exact header HS256 JWT, and claims for account, issue and expiry', async () => {
    const before = Math.floor(Date.now() / 1000);
    for (const token of [(await join()).token, await logIn(one.email)]) {
      expect(readText(split(token).header)).toBe(HEADER);
      const { iat, exp, ...claims } = claimsOf(token);
      expect(Object.keys(claims).sort()).toEqual(['email', 'id', 'jti', 'name', 'sub']);
      expect(Number.isInteger(iat) && Number.isInteger(exp)).toBe(true);
      expect(Number(iat)).toBeGreaterThanOrEqual(before);
      expect(Number(iat)).toBeLessThanOrEqual(Date.now() / 1000);
      expect(Number(exp)).toBeGreaterThan(Number(iat));
    }
    const { sub, id, email, name } = claimsOf(one.token);
    expect({ sub, id, email, name }).toEqual({
      sub: String(one.id),
      id: one.id,
      email: one.email,
      name: 'example name',
    });
  });

  it('contains the trimmed name, in any script and at any length', async () => {
    const name = '"é"\\😀'.repeat(51);
    const { token } = await join(`  ${name}\n`);
    expect(claimsOf(token)['name']).toBe(name);
    expect((await profile(token)).status).toBe(200);
  });

  it('verifies with TOKEN_SECRET itself and no other key', async () => {
    const { header, payload, signature } = split(one.token);
    const verify = async (secret: string) =>
      crypto.subtle.verify(
        'HMAC',
        await importKey(secret),
        fromBase64Url(signature),
        utf8.encode(`${header}.${payload}`),
      );
    expect(await verify(SECRET)).toBe(true);
    expect(await verify(`${SECRET} `)).toBe(false);
  });

  it('has a new jti at every login, and earlier ones stay valid', async () => {
    const tokens = await Promise.all([1, 2, 3].map(() => logIn(one.email)));
    expect(new Set([one.token, ...tokens].map((token) => claimsOf(token)['jti'])).size).toBe(4);
    for (const token of tokens) expect((await profile(token)).text).toBe((await profile(one.token)).text);
  });

  it('is stored nowhere in D1 or KV, nor are its jti and its signature, only the SHA-256 of the jti', async () => {
    const jti = String(claimsOf(one.token)['jti']);
    const stored = await everythingStored();
    expect(stored).toContain(await sha256Hex(jti));
    for (const secret of [one.token, jti, split(one.token).signature]) expect(stored).not.toContain(secret);
  });
});

const NONE = '{"alg":"none","typ":"JWT"}';
const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
/** A valid token with other claims, signed again; or with other parts, not signed again. */
const claiming = (good: string, claims: object) => sign(HEADER, { ...claimsOf(good), ...claims });
const replacing = (good: string, parts: Partial<ReturnType<typeof split>>): string => {
  const { header, payload, signature } = { ...split(good), ...parts };
  return `${header}.${payload}.${signature}`;
};
const encoded = (text: string): string => toBase64Url(utf8.encode(text));
const encodedWith = (good: string, claims: object): string =>
  encoded(JSON.stringify({ ...claimsOf(good), ...claims }));

/** Invalid tokens, made from a valid one and from another account's. */
const FORGERIES: [string, (good: string, foreign: string) => string | Promise<string>][] = [
  [
    'with the algorithm `none` and no signature',
    (good) => replacing(good, { header: encoded(NONE), signature: '' }),
  ],
  [
    'with the algorithm `none` and the original signature',
    (good) => replacing(good, { header: encoded(NONE) }),
  ],
  ['with the algorithm `none`, signed with the secret', (good) => sign(NONE, claimsOf(good))],
  [
    'with the algorithm HS512',
    (good) => sign('{"alg":"HS512","typ":"JWT"}', claimsOf(good), SECRET, 'SHA-512'),
  ],
  ['signed with another key', (good) => sign(HEADER, claimsOf(good), `${SECRET}x`)],
  ['signed with a guessable key', (good) => sign(HEADER, claimsOf(good), 'secret')],
  ['that expired an hour ago', (good) => claiming(good, { exp: secondsFromNow(-3600) })],
  ['that expires this second', (good) => claiming(good, { exp: secondsFromNow(0) })],
  ['without exp', (good) => claiming(good, { exp: undefined })],
  ['without jti', (good) => claiming(good, { jti: undefined })],
  ['without sub', (good) => claiming(good, { sub: undefined })],
  ['with the sub of another account', (good, foreign) => claiming(good, { sub: claimsOf(foreign)['sub'] })],
  ['with an unknown jti', (good) => claiming(good, { jti: 'A'.repeat(43) })],
  [
    'with the payload of another account',
    (good, foreign) => replacing(good, { payload: split(foreign).payload }),
  ],
  ['with a changed payload', (good) => replacing(good, { payload: encodedWith(good, { name: 'x' }) })],
  [
    'with the signature of another account',
    (good, foreign) => replacing(good, { signature: split(foreign).signature }),
  ],
  ['without its last character', (good) => good.slice(0, -1)],
  ['with an extra character', (good) => `${good}A`],
  ['with padding', (good) => `${good}=`],
  ['without its signature', (good) => good.slice(0, good.lastIndexOf('.'))],
  ['with a fourth part', (good) => `${good}.${split(good).signature}`],
  ['that is only its jti', (good) => String(claimsOf(good)['jti'])],
];

describe('token verification', () => {
  it('accepts a token signed with TOKEN_SECRET, if its claims are valid', async () => {
    const claims = claimsOf(one.token);
    expect(await sign(HEADER, claims)).toBe(one.token);
    const sooner = await claiming(one.token, { exp: secondsFromNow(3600) });
    expect(whole(await profile(sooner))).toBe(whole(await profile(one.token)));
  });

  it.each(FORGERIES)('rejects a token %s, in every dialect', async (_, forge) => {
    const token = await forge(one.token, other.token);
    for (const path of [
      '/account/profile',
      '/account/get_pictures',
      '/api/user',
      '/api/admin/users',
      '/api/users/me',
    ])
      expect(whole(await send(path, { token }))).toBe(INVALID);
    for (const path of ['/account/logout', '/account/delete', '/acount/set_picture', '/api/users/logout'])
      expect(whole(await send(path, { method: 'POST', token }))).toBe(INVALID);
    expect(whole(await send('/api/user', { method: 'PUT', json: {}, token }))).toBe(INVALID);
    expect(whole(await send('/api/v1/user/logout', { method: 'POST', token }))).toBe(
      '401 {"status":"failed","desc":"login required","error_code":101}',
    );
    expect((await profile(one.token)).status).toBe(200);
  });
});

describe('end of a token', () => {
  it.each(['/account/logout', '/api/users/logout/', '/api/v1/user/logout/'])(
    'follows at once from a logout with it, long before exp: %s',
    async (path) => {
      const { email, token } = await join();
      const second = await logIn(email);
      expect((await profile(token)).status).toBe(200);
      expect((await send(path, { method: 'POST', token })).status).toBe(200);
      expect(whole(await profile(token))).toBe(INVALID);
      expect(whole(await send('/account/logout', { method: 'POST', token }))).toBe(INVALID);
      expect((await profile(second)).status).toBe(200);
    },
  );

  it('follows from the expiry of its session, and from deleting or disabling its account', async () => {
    const [expired, deleted, disabled] = [await join(), await join(), await join()];
    const { DB } = testEnv;
    await DB.prepare('UPDATE sessions SET expires_at = ? WHERE user_id = ?')
      .bind(Date.now(), expired.id)
      .run();
    expect((await send('/account/delete', { method: 'POST', token: deleted.token })).status).toBe(200);
    await DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(disabled.id).run();
    for (const { token } of [expired, deleted, disabled]) expect(whole(await profile(token))).toBe(INVALID);
  });
});
