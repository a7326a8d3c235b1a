// JSON Web Tokens: equal to those of another implementation, and refused if any byte differs.
import { describe, expect, it } from 'vitest';
import { createKeyring } from '../../../src/core/secrets.ts';
import { signJwt, verifyJwt } from '../../../src/core/sessions/jwt.ts';

const SECRET = 'a secret for tests that is long enough';
const keyring = createKeyring([SECRET]);

const CLAIMS = { sub: '5', jti: 'the-id', iat: 1_600_000_000, exp: 1_600_003_600 };
const OTHERS = { id: 5, email: 'zoë@test.com', name: 'Zoë' };
const BEFORE_MS = CLAIMS.exp * 1000 - 1;

// Python: s = b64u(header) + '.' + b64u(payload); s + '.' + b64u(hmac.new(SECRET, s, 'sha256').digest())
const HEADER = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';
const PAYLOAD =
  'eyJzdWIiOiI1IiwianRpIjoidGhlLWlkIiwiaWF0IjoxNjAwMDAwMDAwLCJleHAiOjE2MDAwMDM2MDAs' +
  'ImlkIjo1LCJlbWFpbCI6Inpvw6tAdGVzdC5jb20iLCJuYW1lIjoiWm_DqyJ9';
const SIGNATURE = 'aUUFYr4DJOV_WoITzi8r7--w_kea09lzv9Q2ExcCK9U';
const TOKEN = `${HEADER}.${PAYLOAD}.${SIGNATURE}`;

const utf8 = new TextEncoder();
const base64url = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });

/** A token with any header and payload, validly signed under the secret. */
const sign = async (header: string, payload: string | Uint8Array, hash = 'SHA-256'): Promise<string> => {
  const bytes = typeof payload === 'string' ? utf8.encode(payload) : payload;
  const signed = `${base64url(utf8.encode(header))}.${base64url(bytes)}`;
  const algorithm = { name: 'HMAC', hash };
  const key = await crypto.subtle.importKey('raw', utf8.encode(SECRET), algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, utf8.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
};

const GOOD_HEADER = '{"alg":"HS256","typ":"JWT"}';
const verify = (token: string, nowMs = BEFORE_MS) => verifyJwt(keyring, token, nowMs);

it('signs with HS256 under TOKEN_SECRET itself, so that a service with the secret can verify it', async () => {
  expect(await signJwt(keyring, CLAIMS, OTHERS)).toBe(TOKEN);
  expect(await sign(GOOD_HEADER, JSON.stringify({ ...CLAIMS, ...OTHERS }))).toBe(TOKEN);
});

describe('a token of ours', () => {
  it('verifies to its claims', async () => {
    expect(await verify(TOKEN)).toEqual(CLAIMS);
  });

  it('expires at its exp, to the millisecond', async () => {
    expect(await verify(TOKEN, CLAIMS.exp * 1000 - 1)).toEqual(CLAIMS);
    expect(await verify(TOKEN, CLAIMS.exp * 1000)).toBeNull();
    expect(await verify(TOKEN, CLAIMS.exp * 1000 + 1)).toBeNull();
  });

  it('verifies while its secret is accepted, and not afterwards', async () => {
    const rotating = createKeyring(['the next secret, which is as long as it must be', SECRET]);
    const rotated = createKeyring(['the next secret, which is as long as it must be']);
    expect(await verifyJwt(rotating, TOKEN, BEFORE_MS)).toEqual(CLAIMS);
    expect(await verifyJwt(rotated, TOKEN, BEFORE_MS)).toBeNull();
    const fresh = await signJwt(rotating, CLAIMS, OTHERS);
    expect(await verifyJwt(rotated, fresh, BEFORE_MS)).toEqual(CLAIMS);
    expect(await verify(fresh)).toBeNull();
  });
});

describe('verification of a JSON Web Token', () => {
  const payload = JSON.stringify(CLAIMS);

  it.each([
    ['without a signature', `${HEADER}.${PAYLOAD}.`],
    ['in two parts', `${HEADER}.${PAYLOAD}`],
    ['in four parts', `${TOKEN}.${SIGNATURE}`],
    ['with padding', `${TOKEN}=`],
    ['with a leading space', ` ${TOKEN}`],
    ['with a trailing line feed', `${TOKEN}\n`],
    ['with unused bits set in its signature', TOKEN.replace(/U$/, 'V')],
    ['with the signature of another token', `${HEADER}.${base64url(utf8.encode(payload))}.${SIGNATURE}`],
    ['with its payload not encoded', `${HEADER}.${payload}.${SIGNATURE}`],
    ['that is empty', ''],
    ['that is longer than any of ours', `${HEADER}.${'A'.repeat(8192)}.${SIGNATURE}`],
  ])('refuses a token %s', async (_name, token) => {
    expect(await verify(token)).toBeNull();
  });

  it.each([
    ['no algorithm', '{"alg":"none","typ":"JWT"}'],
    ['another algorithm', '{"alg":"HS512","typ":"JWT"}'],
    ['an asymmetric algorithm', '{"alg":"RS256","typ":"JWT"}'],
    ['a key of its own', '{"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"AA"}}'],
    ['its members in reverse order', '{"typ":"JWT","alg":"HS256"}'],
    ['a space', '{"alg": "HS256","typ":"JWT"}'],
    ['an empty text', ''],
  ])('refuses a header despite a valid signature: %s', async (_name, header) => {
    expect(await verify(await sign(header, payload))).toBeNull();
  });

  it('refuses a signature by another hash function', async () => {
    expect(await verify(await sign(GOOD_HEADER, payload, 'SHA-512'))).toBeNull();
    expect(await verify(await sign(GOOD_HEADER, payload, 'SHA-256'))).toEqual(CLAIMS);
  });

  it.each([
    ['text', 'hello'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no account', JSON.stringify({ ...CLAIMS, sub: undefined })],
    ['no session', JSON.stringify({ ...CLAIMS, jti: undefined })],
    ['no expiry', JSON.stringify({ ...CLAIMS, exp: undefined })],
    ['a number as the account', JSON.stringify({ ...CLAIMS, sub: 5 })],
    ['a list as the session', JSON.stringify({ ...CLAIMS, jti: ['the-id'] })],
    ['text as the expiry', JSON.stringify({ ...CLAIMS, exp: '9999999999' })],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  ])('refuses a payload despite a valid signature: %s', async (_name, claims) => {
    expect(await verify(await sign(GOOD_HEADER, claims))).toBeNull();
  });
});
