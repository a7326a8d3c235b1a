// `latchkey/verify` compared with jose on a list of tokens, each with one change, and its cache of keys.
import { CompactSign, createLocalJWKSet, importJWK, jwtVerify } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeysUnavailable, TokenRejected, type VerifyOptions, verify } from '../../package/verify.ts';
import { API, ISSUER, KEYS, signingEnv } from '../support/signing.ts';
import { send, sessionCookie, uniqueName } from '../support/worker.ts';

const NOW_SECONDS = 1_800_000_000;
const LEEWAY_SECONDS = 5;

type Key = (typeof KEYS)[number];
const [FIRST, SECOND] = KEYS;
const publicOf = ({ kty, crv, kid, x, y }: Key) => ({
  kty,
  crv,
  kid,
  x,
  y,
  alg: 'ES256',
  use: 'sig',
});
const KEY_SET = { keys: [publicOf(FIRST), publicOf(SECOND)] };

const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'first' };
const CLAIMS = {
  iss: ISSUER,
  sub: 'd078dd371faef8e90f837bb16fa56f17',
  aud: API,
  exp: NOW_SECONDS + 300,
  iat: NOW_SECONDS,
  jti: 'one',
  sid: 'session',
  email: 'mary@example.com',
  email_verified: true,
  name: 'Mary',
  auth_time: NOW_SECONDS,
  amr: ['pwd'],
};

const utf8 = new TextEncoder();
const encode = (text: string): string =>
  utf8.encode(text).toBase64({ alphabet: 'base64url', omitPadding: true });

/** Signs any payload with any header, which a JWT library would refuse. */
const signText = async (payload: string, header: object = HEADER, key: Key = FIRST): Promise<string> => {
  const imported = await crypto.subtle.importKey(
    'jwk',
    { kty: 'EC', crv: 'P-256', x: key.x, y: key.y, d: key.d },
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  );
  const signed = `${encode(JSON.stringify(header))}.${encode(payload)}`;
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    imported,
    utf8.encode(signed),
  );
  return `${signed}.${new Uint8Array(signature).toBase64({ alphabet: 'base64url', omitPadding: true })}`;
};
const sign = (claims: object = {}, header: object = {}, key: Key = FIRST): Promise<string> =>
  signText(JSON.stringify({ ...CLAIMS, ...claims }), { ...HEADER, ...header }, key);

const replacePart = (token: string, index: number, change: (part: string) => string): string =>
  token
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.');

/** Another text for the same bytes: flips an unused bit of the last character. */
const withOtherPadding = (part: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + (alphabet[alphabet.indexOf(part.at(-1) ?? '') ^ 1] ?? '');
};

/** The same signature with the other of its two values for `s`. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const withOtherS = (part: string): string => {
  const bytes = Uint8Array.fromBase64(part, { alphabet: 'base64url' });
  const s = (P256_ORDER - BigInt(`0x${bytes.subarray(32).toHex()}`)).toString(16).padStart(64, '0');
  return Uint8Array.fromHex(bytes.subarray(0, 32).toHex() + s).toBase64({
    alphabet: 'base64url',
    omitPadding: true,
  });
};

/** HS256 with the public key as its secret. https://www.rfc-editor.org/rfc/rfc8725#section-2.1 */
const signByPublicKey = async (): Promise<string> => {
  const secret = utf8.encode(JSON.stringify(publicOf(FIRST)));
  return new CompactSign(utf8.encode(JSON.stringify(CLAIMS)))
    .setProtectedHeader({ ...HEADER, alg: 'HS256' })
    .sign(secret);
};

const without = (name: keyof typeof CLAIMS): Promise<string> => {
  const { [name]: _, ...others } = CLAIMS;
  return signText(JSON.stringify(others));
};

let served: { status: number; body: string };
let loads: number;
let url: string;
let nowMs: number;

const fetchKeys = async () => {
  loads += 1;
  return { status: served.status, text: async () => served.body };
};

const options = (more: Partial<VerifyOptions> = {}): VerifyOptions => ({
  audience: API,
  issuer: ISSUER,
  fetch: fetchKeys,
  nowMs: () => nowMs,
  ...more,
});

/** The code of the rejection; null for a valid token. */
const codeOf = async (token: string, more: Partial<VerifyOptions> = {}): Promise<string | null> => {
  try {
    await verify(token, url, options(more));
    return null;
  } catch (error) {
    if (error instanceof TokenRejected || error instanceof KeysUnavailable) return error.code;
    throw error;
  }
};

const isAcceptedByJose = (token: string): Promise<boolean> =>
  jwtVerify(token, createLocalJWKSet(KEY_SET), {
    issuer: ISSUER,
    audience: API,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    clockTolerance: LEEWAY_SECONDS,
    currentDate: new Date(nowMs),
    requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    // Makes jose check `iat`.
    maxTokenAge: '1 year',
  }).then(
    () => true,
    () => false,
  );

beforeEach(() => {
  served = { status: 200, body: JSON.stringify(KEY_SET) };
  loads = 0;
  // Key sets are cached by their URL.
  url = `https://id.example.com/${uniqueName()}`;
  nowMs = NOW_SECONDS * 1000;
});

/** Tokens by their change, and the code of the rejection; null for valid ones. */
const TOKENS: readonly (readonly [string, () => Promise<string>, string | null])[] = [
  ['no change', () => sign(), null],
  ['the second key', () => sign({}, { kid: 'second' }, SECOND), null],
  ['more claims', () => sign({ more: { a: [1] } }), null],
  ['a list of audiences', () => sign({ aud: ['urn:other', API] }), null],
  ['a list of other audiences', () => sign({ aud: ['urn:other'] }), 'audience'],
  ['another audience', () => sign({ aud: 'urn:other' }), 'audience'],
  ['an audience that begins with the right one', () => sign({ aud: `${API}/` }), 'audience'],
  ['no audience', () => without('aud'), 'audience'],
  ['another issuer', () => sign({ iss: 'https://evil.example' }), 'issuer'],
  ['no issuer', () => without('iss'), 'issuer'],
  ['a type in capitals', () => sign({}, { typ: 'AT+JWT' }), null],
  ['the full media type', () => sign({}, { typ: 'application/at+jwt' }), null],
  ['the type of an ID token', () => sign({}, { typ: 'JWT' }), 'type'],
  ['another media type', () => sign({}, { typ: 'text/at+jwt' }), 'type'],
  ['no type', () => sign({}, { typ: undefined }), 'type'],
  ['alg none, with a signature', () => sign({}, { alg: 'none' }), 'algorithm'],
  [
    'alg none, without a signature',
    async () => replacePart(await sign({}, { alg: 'none' }), 2, () => ''),
    'malformed',
  ],
  ['alg ES384', () => sign({}, { alg: 'ES384' }), 'algorithm'],
  ['alg in small letters', () => sign({}, { alg: 'es256' }), 'algorithm'],
  ['alg HS256 with the public key', async () => padSignature(await signByPublicKey()), 'algorithm'],
  ['no alg', () => sign({}, { alg: undefined }), 'algorithm'],
  ['a key that is not published', () => sign({}, { kid: 'third' }), 'key'],
  ['a number as kid', () => sign({}, { kid: 1 }), 'malformed'],
  ['the id of another key', () => sign({}, { kid: 'second' }), 'signature'],
  ['its own key in the header', () => sign({}, { kid: 'first', jwk: publicOf(SECOND) }, SECOND), 'signature'],
  ['a critical extension', () => sign({}, { crit: ['exp'] }), 'malformed'],
  ['an empty list of critical extensions', () => sign({}, { crit: [] }), 'malformed'],
  ['the critical extension b64', () => sign({}, { b64: false, crit: ['b64'] }), 'malformed'],
  [
    'changed claims',
    async () => replacePart(await sign(), 1, () => encode(JSON.stringify({ ...CLAIMS, sub: 'other' }))),
    'signature',
  ],
  [
    'a changed header',
    async () => replacePart(await sign(), 0, () => encode(JSON.stringify({ ...HEADER, more: 1 }))),
    'signature',
  ],
  [
    'one changed character in the signature',
    async () => replacePart(await sign(), 2, (part) => (part.startsWith('A') ? 'B' : 'A') + part.slice(1)),
    'signature',
  ],
  ['a signature of zeros', async () => replacePart(await sign(), 2, () => 'A'.repeat(86)), 'signature'],
  [
    'a truncated signature',
    async () => replacePart(await sign(), 2, (part) => part.slice(0, 84)),
    'malformed',
  ],
  // Each ECDSA signature has a second valid value, so a token cannot be identified by its text.
  ['the second valid value of its signature', async () => replacePart(await sign(), 2, withOtherS), null],
  ['a fourth part', async () => `${await sign()}.AAAA`, 'malformed'],
  ['two parts', async () => (await sign()).split('.').slice(0, 2).join('.'), 'malformed'],
  ['no characters', async () => '', 'malformed'],
  ['claims that are a list', () => signText('[]'), 'malformed'],
  ['claims that are not JSON', () => signText('{'), 'malformed'],
  ['claims that are null', () => signText('null'), 'malformed'],
  ['an expiry at the end of the leeway', () => sign({ exp: NOW_SECONDS - LEEWAY_SECONDS }), 'expired'],
  ['an expiry one second within the leeway', () => sign({ exp: NOW_SECONDS - LEEWAY_SECONDS + 1 }), null],
  ['no expiry', () => without('exp'), 'malformed'],
  ['a string as expiry', () => sign({ exp: String(NOW_SECONDS + 300) }), 'malformed'],
  ['no time of issue', () => without('iat'), 'malformed'],
  [
    'a time of issue in the future, one second beyond the leeway',
    () => sign({ iat: NOW_SECONDS + LEEWAY_SECONDS + 1 }),
    'not_yet_valid',
  ],
  [
    'a time of issue in the future, within the leeway',
    () => sign({ iat: NOW_SECONDS + LEEWAY_SECONDS }),
    null,
  ],
  [
    'nbf one second beyond the leeway',
    () => sign({ nbf: NOW_SECONDS + LEEWAY_SECONDS + 1 }),
    'not_yet_valid',
  ],
  ['nbf within the leeway', () => sign({ nbf: NOW_SECONDS + LEEWAY_SECONDS }), null],
  ['a string as nbf', () => sign({ nbf: 'now' }), 'malformed'],
  ['no subject', () => without('sub'), 'malformed'],
  ['no id', () => without('jti'), 'malformed'],
];

/** Pads the signature, so that the token fails by its algorithm and not by its length. */
function padSignature(token: string): string {
  return replacePart(token, 2, (part) => part.padEnd(86, 'A'));
}

/** Tokens that jose accepts but Latchkey never issues. */
const REJECTED_HERE_ONLY: readonly (readonly [string, () => Promise<string>, string])[] = [
  ['no sid', () => without('sid'), 'malformed'],
  ['a number as email', () => sign({ email: 1 }), 'malformed'],
  ['a number as client_id', () => sign({ client_id: 1 }), 'malformed'],
  ['a number as the scope of an app', () => sign({ client_id: 'app', scope: 1 }), 'malformed'],
  ['the client_id and scope of an app', () => sign({ client_id: 'app', scope: 'openid' }), 'app'],
];

describe('verify', () => {
  it.each(TOKENS)('agrees with jose on a token with %s', async (_, make, code) => {
    const token = await make();
    expect([await codeOf(token), await isAcceptedByJose(token)]).toEqual([code, code === null]);
  });

  it.each(REJECTED_HERE_ONLY)('rejects a token with %s, which jose accepts', async (_, make, code) => {
    const token = await make();
    expect([await codeOf(token), await isAcceptedByJose(token)]).toEqual([code, true]);
  });

  it.each([
    ['a space at the end', async () => `${await sign()} `],
    ['no kid', () => sign({}, { kid: undefined })],
    ['an infinite expiry', () => signText(JSON.stringify(CLAIMS).replace(/"exp":\d+/, '"exp":1e999'))],
    ['other padding bits', async () => replacePart(await sign(), 2, withOtherPadding)],
    ['broken UTF-8', async () => signBytes()],
    ['more than 8,192 characters', () => sign({ more: 'a'.repeat(8192) })],
  ])('rejects as malformed a token with %s', async (_, make) => {
    expect(await codeOf(await make())).toBe('malformed');
  });

  it('accepts tokens of apps with acceptApps, and checks everything else as before', async () => {
    const app = await sign({ client_id: 'app', scope: 'openid' });
    const claims = await verify(app, url, options({ acceptApps: true }));
    expect(claims).toMatchObject({ client_id: 'app', scope: 'openid', sub: CLAIMS.sub });
    expect(await codeOf(await sign(), { acceptApps: true })).toBeNull();
    expect(await codeOf(await sign({ aud: 'urn:other' }), { acceptApps: true })).toBe('audience');
  });
});

const signBytes = async (): Promise<string> => {
  const key = await importJWK({ ...FIRST, alg: 'ES256' }, 'ES256');
  const bytes = Uint8Array.from([...utf8.encode('{"iss":"'), 0xff, ...utf8.encode('"}')]);
  return new CompactSign(bytes).setProtectedHeader(HEADER).sign(key);
};

describe('a token of the service', () => {
  it('yields exactly its signed claims', async () => {
    const env = signingEnv();
    const fields = { email: `${uniqueName()}@test.com`, password: 'four walls and a door', name: 'Mary Ann' };
    const cookie = sessionCookie(await send('/id/register', { json: fields })) ?? expect.fail('no cookie');
    const { accessToken } = JSON.parse((await send('/id/token', { method: 'POST', cookie, env })).text);
    served.body = (await send('/.well-known/jwks.json', { env })).text;
    nowMs = Date.now();
    expect(await verify(accessToken, url, options())).toEqual({
      iss: ISSUER,
      sub: expect.stringMatching(/^[0-9a-f]{32}$/),
      aud: API,
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.any(String),
      sid: expect.any(String),
      email: fields.email,
      email_verified: false,
      name: 'Mary Ann',
      auth_time: expect.any(Number),
      amr: ['pwd'],
    });
  });
});

describe('the options of verify', () => {
  it.each([
    ['a key URL over http', 'http://id.example.com/.well-known/jwks.json', {}],
    ['a key URL that is not a URL', 'keys', {}],
    ['a file as key URL', 'file:///keys', {}],
    ['a host over http that only begins with localhost', 'http://localhost.example.com/', {}],
    ['an empty audience', 'https://id.example.com/', { audience: '' }],
    ['a leeway of 61 seconds', 'https://id.example.com/', { leewaySeconds: 61 }],
    ['a negative leeway', 'https://id.example.com/', { leewaySeconds: -1 }],
    ['NaN as leeway', 'https://id.example.com/', { leewaySeconds: Number.NaN }],
  ])('throw a TypeError for %s', async (_, from, more) => {
    await expect(verify(await sign(), from, options(more))).rejects.toThrow(TypeError);
    expect(loads).toBe(0);
  });

  it.each(['http://localhost:8787/keys', 'http://127.0.0.1/keys', 'http://[::1]:8787/keys'])(
    'accept the loopback key URL %s',
    async (from) => {
      await verify(await sign(), from, options());
    },
  );

  it('default the issuer to the origin of the key URL', async () => {
    const { issuer: _, ...others } = options();
    await verify(await sign(), new URL('https://id.example.com/from-url'), others);
    const other = await sign({ iss: 'https://evil.example' });
    await expect(verify(other, 'https://id.example.com/from-url', others)).rejects.toThrow(TokenRejected);
  });

  it('set the leeway in seconds', async () => {
    const token = await sign({ exp: NOW_SECONDS - 59 });
    expect([await codeOf(token), await codeOf(token, { leewaySeconds: 60 })]).toEqual(['expired', null]);
    expect(await codeOf(await sign({ exp: NOW_SECONDS }), { leewaySeconds: 0 })).toBe('expired');
  });
});

describe('the keys', () => {
  it('stay unloaded for malformed tokens and for another alg or typ', async () => {
    for (const token of ['', 'nothing', await sign({}, { alg: 'none' }), await sign({}, { typ: 'JWT' })])
      expect(await codeOf(token)).not.toBeNull();
    expect(loads).toBe(0);
  });

  it('load once, and again after five minutes', async () => {
    const token = await sign({ exp: NOW_SECONDS + 900 });
    for (const seconds of [0, 1, 299]) {
      nowMs = (NOW_SECONDS + seconds) * 1000;
      expect(await codeOf(token)).toBeNull();
    }
    expect(loads).toBe(1);
    nowMs = (NOW_SECONDS + 300) * 1000;
    expect(await codeOf(token)).toBeNull();
    expect(loads).toBe(2);
  });

  it('reload for an unknown kid, at most every 30 seconds', async () => {
    served.body = JSON.stringify({ keys: [publicOf(FIRST)] });
    expect(await codeOf(await sign())).toBeNull();
    nowMs += 30_000;
    served.body = JSON.stringify(KEY_SET);
    expect(await codeOf(await sign({}, { kid: 'second' }, SECOND))).toBeNull();
    expect(loads).toBe(2);
    for (let count = 0; count < 50; count += 1)
      expect(await codeOf(await sign({}, { kid: `unknown ${count}` }))).toBe('key');
    expect(loads).toBe(2);
    nowMs += 29_999;
    expect([await codeOf(await sign({}, { kid: 'unknown' })), loads]).toEqual(['key', 2]);
    nowMs += 1;
    expect([await codeOf(await sign({}, { kid: 'unknown' })), loads]).toEqual(['key', 3]);
  });

  it('do not reload for an unknown kid right after a load', async () => {
    expect([await codeOf(await sign({}, { kid: 'unknown' })), loads]).toEqual(['key', 1]);
  });

  it('stop working once they are gone from the set', async () => {
    expect(await codeOf(await sign())).toBeNull();
    served.body = JSON.stringify({ keys: [publicOf(SECOND)] });
    nowMs += 300_000;
    expect(await codeOf(await sign({ exp: NOW_SECONDS + 900 }))).toBe('key');
  });

  it.each([
    ['status 503', 503, JSON.stringify(KEY_SET)],
    ['a redirect', 302, JSON.stringify(KEY_SET)],
    ['an HTML page', 200, '<!doctype html>'],
    ['an object instead of a list', 200, '{"keys":{}}'],
    ['an empty list', 200, '{"keys":[]}'],
    [
      'a list of unusable keys only',
      200,
      JSON.stringify({
        keys: [
          null,
          1,
          { kty: 'RSA' },
          { ...publicOf(FIRST), alg: 'ES384' },
          { ...publicOf(FIRST), use: 'enc' },
          { ...publicOf(FIRST), kid: 1 },
          { ...publicOf(FIRST), x: publicOf(FIRST).y },
        ],
      }),
    ],
    ['more than 64 KiB', 200, JSON.stringify({ ...KEY_SET, more: 'a'.repeat(65_536) })],
  ])('answer keys_unavailable instead of rejecting the token after %s', async (_, status, body) => {
    served = { status, body };
    expect(await codeOf(await sign())).toBe('keys_unavailable');
  });

  it('reload five seconds after a failure, not earlier', async () => {
    served.status = 500;
    for (const code of ['keys_unavailable', 'keys_unavailable'])
      expect(await codeOf(await sign())).toBe(code);
    expect(loads).toBe(1);
    served.status = 200;
    nowMs += 4_999;
    expect([await codeOf(await sign()), loads]).toEqual(['keys_unavailable', 1]);
    nowMs += 1;
    expect([await codeOf(await sign()), loads]).toEqual([null, 2]);
  });

  it('remain usable for an hour if the service does not answer', async () => {
    const token = await sign({ exp: NOW_SECONDS + 9_999 });
    expect(await codeOf(token)).toBeNull();
    served.status = 500;
    nowMs += 3_599_000;
    expect(await codeOf(token)).toBeNull();
    expect(await codeOf(await sign({ exp: NOW_SECONDS + 9_999 }, { kid: 'new' }))).toBe('keys_unavailable');
    expect(loads).toBe(2);
    nowMs += 1_000;
    expect(await codeOf(token)).toBe('keys_unavailable');
  });

  it('load from their exact URL, without redirects and with a timeout', async () => {
    const asked: unknown[] = [];
    const fetchOnce: VerifyOptions['fetch'] = (...given) => {
      asked.push(given);
      return fetchKeys();
    };
    await verify(await sign(), url, options({ fetch: fetchOnce }));
    expect(asked).toEqual([
      [url, { redirect: 'manual', headers: { Accept: 'application/json' }, signal: expect.any(AbortSignal) }],
    ]);
  });

  it('load from a set that also contains keys of other kinds', async () => {
    served.body = JSON.stringify({
      keys: [{ kty: 'RSA', kid: 'first', n: 'a', e: 'AQAB' }, ...KEY_SET.keys],
    });
    expect(await codeOf(await sign())).toBeNull();
  });

  it('stay cached for ten services; the eleventh replaces the first', async () => {
    const first = url;
    for (let count = 0; count < 10; count += 1) {
      expect(await codeOf(await sign())).toBeNull();
      url = `https://id.example.com/${uniqueName()}`;
    }
    expect(loads).toBe(10);
    expect(await codeOf(await sign())).toBeNull();
    url = first;
    expect(await codeOf(await sign())).toBeNull();
    expect(loads).toBe(12);
  });

  it('throw KeysUnavailable with the cause if fetch rejects', async () => {
    const cause = new Error('no route');
    const failing = options({ fetch: () => Promise.reject(cause) });
    await expect(verify(await sign(), url, failing)).rejects.toMatchObject({
      name: 'KeysUnavailable',
      cause,
    });
  });
});
