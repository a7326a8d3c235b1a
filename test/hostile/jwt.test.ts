// Hostile JSON Web Tokens: a token that was changed, cut or signed otherwise is rejected.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '../../src/core/secrets.ts';
import { signJwt, verifyJwt } from '../../src/core/sessions/jwt.ts';
import { runs } from './runs.ts';

const SECRET = 'a secret for tests that is long enough';
const keyring = createKeyring([SECRET]);
const NOW_MS = 1_700_000_000_000;
const CLAIMS = { sub: '5', jti: 'the-id', iat: 1_700_000_000, exp: 1_700_003_600 };
const GOOD = await signJwt(keyring, CLAIMS, { id: 5, email: 'zoë@test.com', name: 'Zoë' });
const [HEADER = '', PAYLOAD = '', SIGNATURE = ''] = GOOD.split('.');

const verify = (token: string) => verifyJwt(keyring, token, NOW_MS);
const encode = (value: Uint8Array | string): string =>
  (typeof value === 'string' ? new TextEncoder().encode(value) : value).toBase64({
    alphabet: 'base64url',
    omitPadding: true,
  });

/** A token with these parts, signed under any secret and hash. */
const signAs = async (
  header: string,
  payload: string,
  secret = SECRET,
  hash = 'SHA-256',
): Promise<string> => {
  const signed = `${encode(header)}.${encode(payload)}`;
  const algorithm = { name: 'HMAC', hash };
  const raw = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
};

const OURS = '{"alg":"HS256","typ":"JWT"}';

it('accepts the token that the others are made from', async () => {
  expect(await verify(GOOD)).toEqual(CLAIMS);
  expect(await verify(await signAs(OURS, JSON.stringify(CLAIMS)))).toEqual(CLAIMS);
});

it('rejects a token that is cut off anywhere', async () => {
  for (let length = 0; length < GOOD.length; length += 1) {
    expect(await verify(GOOD.slice(0, length)), `${length} characters`).toBeNull();
    expect(await verify(GOOD.slice(length + 1)), `from character ${length + 1}`).toBeNull();
  }
});

it('rejects a token with any one bit changed', async () => {
  for (let index = 0; index < GOOD.length; index += 1) {
    for (let bit = 0; bit < 7; bit += 1) {
      const changed = String.fromCharCode(GOOD.charCodeAt(index) ^ (1 << bit));
      const token = GOOD.slice(0, index) + changed + GOOD.slice(index + 1);
      expect(await verify(token), `bit ${bit} of character ${index}`).toBeNull();
    }
  }
});

it('rejects a token with anything inserted anywhere', async () => {
  const pieces = fc.constantFrom('.', '..', '=', '==', ' ', '\n', '\0', 'A', '%3D', '+', '/', '-', '_', 'é');
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: GOOD.length }), pieces, async (at, piece) => {
      expect(await verify(GOOD.slice(0, at) + piece + GOOD.slice(at))).toBeNull();
    }),
    runs(300),
  );
});

describe('another header of a JSON Web Token', () => {
  const algorithms = fc.constantFrom(
    'none',
    'None',
    'NONE',
    '',
    'HS384',
    'HS512',
    'RS256',
    'ES256',
    'EdDSA',
    'hs256',
  );
  const headers = fc.oneof(
    fc.record({ alg: algorithms, typ: fc.constantFrom('JWT', 'jwt', '') }),
    fc.record({ typ: fc.constant('JWT'), alg: fc.constant('HS256') }, { noNullPrototype: true }),
    fc.record({ alg: fc.constant('HS256'), typ: fc.constant('JWT'), kid: fc.string() }),
    fc.record({ alg: fc.constant('HS256'), jku: fc.webUrl(), jwk: fc.object(), crit: fc.array(fc.string()) }),
    fc.jsonValue(),
  );

  it('makes a validly signed token invalid', async () => {
    await fc.assert(
      fc.asyncProperty(headers, fc.constantFrom('SHA-256', 'SHA-384', 'SHA-512'), async (header, hash) => {
        fc.pre(JSON.stringify(header) !== OURS);
        expect(
          await verify(await signAs(JSON.stringify(header), JSON.stringify(CLAIMS), SECRET, hash)),
        ).toBeNull();
      }),
      runs(200),
    );
  });

  it('does not make a false signature valid', async () => {
    await fc.assert(
      fc.asyncProperty(algorithms, fc.constantFrom('', SIGNATURE, 'A'.repeat(43)), async (alg, signature) => {
        const header = encode(JSON.stringify({ alg, typ: 'JWT' }));
        expect(await verify(`${header}.${PAYLOAD}.${signature}`)).toBeNull();
        expect(await verify(`${HEADER}.${PAYLOAD}.${signature === SIGNATURE ? '' : signature}`)).toBeNull();
      }),
      runs(50),
    );
  });
});

it('rejects a token signed with any other key', async () => {
  const secrets = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom(`${SECRET} `, SECRET.slice(0, -1), SECRET.toUpperCase(), '\0'),
  );
  await fc.assert(
    fc.asyncProperty(secrets, async (secret) => {
      fc.pre(secret !== SECRET);
      expect(await verify(await signAs(OURS, JSON.stringify(CLAIMS), secret))).toBeNull();
    }),
    runs(100),
  );
});

it("rejects a token with another token's signature", async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ sub: fc.nat().map(String), jti: fc.string() }), async (claims) => {
      const payload = encode(JSON.stringify({ ...CLAIMS, ...claims }));
      fc.pre(payload !== PAYLOAD);
      expect(await verify(`${HEADER}.${payload}.${SIGNATURE}`)).toBeNull();
    }),
    runs(100),
  );
});

describe('validly signed claims', () => {
  it('pass only if all four have their types and the expiry is ahead, and never throw', async () => {
    const kinds = fc.oneof(fc.jsonValue(), fc.constantFrom('5', 'the-id'), fc.integer({ min: 1 }));
    const someClaims = fc.record(
      { sub: kinds, jti: kinds, iat: kinds, exp: fc.oneof(kinds, fc.constant(CLAIMS.exp)) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(someClaims, fc.jsonValue()), async (claims) => {
        const payload = JSON.stringify(claims);
        const read = await verify(await signAs(OURS, payload));
        if (read === null) return;
        expect(JSON.parse(payload)).toMatchObject(read);
        expect([typeof read.sub, typeof read.jti, typeof read.iat]).toEqual(['string', 'string', 'number']);
        expect(read.exp * 1000).toBeGreaterThan(NOW_MS);
      }),
      runs(300),
    );
  });

  it.each([
    ['in the past', CLAIMS.iat - 1],
    ['now', CLAIMS.iat],
    ['text', `${CLAIMS.exp}`],
    ['null', null],
    ['true', true],
    ['a list', [CLAIMS.exp]],
    ['an object', { valueOf: CLAIMS.exp }],
    ['negative', -CLAIMS.exp],
  ])('do not pass if the expiry is %s', async (_name, exp) => {
    expect(await verify(await signAs(OURS, JSON.stringify({ ...CLAIMS, exp })))).toBeNull();
  });

  it('do not pass if the expiry is infinite', async () => {
    const endless = JSON.stringify(CLAIMS).replace(String(CLAIMS.exp), '1e999');
    expect(await verify(await signAs(OURS, endless))).toBeNull();
  });

  it('do not pass if they are huge', async () => {
    const huge = JSON.stringify({ ...CLAIMS, name: 'x'.repeat(10_000) });
    expect(await verify(await signAs(OURS, huge))).toBeNull();
    const large = JSON.stringify({ ...CLAIMS, name: 'x'.repeat(5_000) });
    expect(await verify(await signAs(OURS, large))).toEqual(CLAIMS);
  });
});

it('rejects any text without throwing', async () => {
  const dotted = fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }).map((parts) => parts.join('.'));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), dotted), async (text) => {
      expect(await verify(text)).toBeNull();
    }),
    runs(300),
  );
  expect(await verify('.'.repeat(100_000))).toBeNull();
  expect(await verify(`${HEADER}.${'A'.repeat(1_000_000)}.${SIGNATURE}`)).toBeNull();
});
