// Access tokens with claims that are never issued: each check refuses on its own, despite a valid signature.
import { beforeAll, describe, expect, it } from 'vitest';
import { createAccessTokens } from '../../../src/core/provider/access-tokens.ts';
import { createEs256 } from '../../../src/core/provider/es256.ts';
import { API, ISSUER, KEYS } from '../../support/signing-keys.ts';

const START_MS = Date.UTC(2030, 0, 1);
const NOW_SECONDS = START_MS / 1000;
const SESSION_ID = 'a'.repeat(64);
const SUBJECT = 'b'.repeat(32);

const signer = createEs256(KEYS);
const principal = { account: { publicId: SUBJECT }, session: { id: SESSION_ID } };

const tokens = createAccessTokens({
  settings: { issuer: ISSUER, keys: KEYS, lifeSeconds: 300, audiences: [API], takesMetadataDocuments: false },
  sessions: {
    authenticateById: async (id) => (id === SESSION_ID ? (principal as never) : null),
  },
  policy: { requiresVerifiedEmail: false },
  random: (length) => new Uint8Array(length),
  nowMs: () => START_MS,
});

const claims = { iss: ISSUER, sub: SUBJECT, aud: API, exp: NOW_SECONDS + 1, sid: SESSION_ID };
const authenticate = async (changes: object, type = 'at+jwt') =>
  tokens.authenticate(await signer.sign(type, { ...claims, ...changes }));

describe('an access token with a valid signature', () => {
  it('authenticates the account of a live session', async () => {
    expect(await authenticate({})).toBe(principal);
  });

  it.each<[string, object]>([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['of another audience', { aud: 'https://other.example.com' }],
    ['with a list of audiences', { aud: [API] }],
    ['that expires at this second', { exp: NOW_SECONDS }],
    ['with an expiry that is a text', { exp: String(NOW_SECONDS + 1) }],
    ['without an expiry', { exp: undefined }],
    ['of an account that does not own the session', { sub: 'c'.repeat(32) }],
    ['of an unknown session', { sid: 'c'.repeat(64) }],
    ['without a session', { sid: undefined }],
    ['of an app', { client_id: 'app', scope: 'openid' }],
  ])('does not authenticate if it is a token %s', async (_what, changes) => {
    expect(await authenticate(changes)).toBeNull();
  });

  it('does not authenticate if it has another type', async () => {
    expect(await authenticate({}, 'JWT')).toBeNull();
    expect(await signer.verify('JWT', await signer.sign('at+jwt', claims))).toBeNull();
  });
});

describe('verification of an access token', () => {
  let token: string;
  beforeAll(async () => {
    token = await signer.sign('at+jwt', claims);
  });

  it('rejects the 15 other texts of the same bytes: unused bits must be zero', async () => {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = digits.indexOf(token.at(-1) ?? '');
    const variants = Array.from({ length: 15 }, (_, more) => token.slice(0, -1) + digits[last + more + 1]);
    expect(await signer.verify('at+jwt', token)).toEqual(claims);
    for (const variant of variants) expect(await signer.verify('at+jwt', variant)).toBeNull();
  });

  it('rejects another payload, a false signature and the signature of another key', async () => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const other = `${header}.${payload.slice(0, -1)}${payload.endsWith('A') ? 'Q' : 'A'}.${signature}`;
    expect(await signer.verify('at+jwt', other)).toBeNull();
    expect(await signer.verify('at+jwt', `${header}.${payload}.${'A'.repeat(86)}`)).toBeNull();
    const { privateKey } = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
    ])) as CryptoKeyPair;
    const forged = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      privateKey,
      new TextEncoder().encode(`${header}.${payload}`),
    );
    const text = new Uint8Array(forged).toBase64({ alphabet: 'base64url', omitPadding: true });
    expect(await signer.verify('at+jwt', `${header}.${payload}.${text}`)).toBeNull();
  });

  it('rejects a text that is too long or does not have three parts', async () => {
    for (const text of ['', token.slice(1), `${token}.`, `.${token}`, 'A'.repeat(8193)])
      expect(await signer.verify('at+jwt', text)).toBeNull();
  });
});
