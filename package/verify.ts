// `latchkey/verify`: verifies access tokens with the published keys. Uses only WebCrypto: Workers, Node, Deno, browsers.

/** The claims of an access token from `POST /id/token`. Times are seconds since the epoch. */
export interface AccessClaims {
  /** `PUBLIC_URL` of the service. */
  iss: string;
  /** Identifies the account. Never reused for another one. */
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
  jti: string;
  /** Identifies the session. It is no credential. */
  sid: string;
  email: string;
  /** Without it, the address is unproven: anyone could have registered it. */
  email_verified: boolean;
  name: string;
  auth_time: number;
  /** How the owner signed in. @see https://www.rfc-editor.org/rfc/rfc8176 */
  amr: string[];
}

/** The claims of an access token that was issued to an app, which is limited to its `scope`. */
export interface AppClaims extends Pick<AccessClaims, 'iss' | 'sub' | 'aud' | 'exp' | 'iat' | 'jti' | 'sid'> {
  client_id: string;
  /** Separated by spaces. Missing if the app requested no scope. */
  scope?: string;
  email?: string;
  email_verified?: boolean;
  auth_time: number;
  amr: string[];
}

/** Loads the keys instead of the global `fetch`, such as the `fetch` of a service binding in a Worker. */
export type FetchKeys = (
  url: string,
  init: { redirect: 'manual'; headers: { Accept: string } },
) => Promise<{ status: number; text(): Promise<string> }>;

export interface VerifyOptions {
  /** Your server: one of `ACCESS_TOKEN_AUDIENCES`. A token for another one is rejected. */
  audience: string;
  /** `PUBLIC_URL` of the service. Default: the origin of the URL of the keys. */
  issuer?: string;
  /**
   * Whether to accept tokens of apps that sign people in by OpenID Connect. They are rejected by default, because an
   * app acts within its `scope`, not as the owner.
   */
  acceptApps?: boolean;
  /** The accepted difference between the clocks, at most 60. Default: 5. */
  leewaySeconds?: number;
  fetch?: FetchKeys;
  /** The current time in milliseconds since the epoch. Default: `Date.now`. */
  nowMs?: () => number;
}

/**
 * Why a token is rejected. `malformed`: not a token of this kind. `algorithm`: not signed with ES256. `type`: issued for
 * another use. `key`: the service does not publish its key. `app`: a token of an app, without `acceptApps`.
 */
export type Rejection =
  | 'malformed'
  | 'algorithm'
  | 'type'
  | 'key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'app';

/** The token is invalid: respond with 401. */
export class TokenRejected extends Error {
  override readonly name = 'TokenRejected';
  readonly code: Rejection;

  constructor(code: Rejection, message: string) {
    super(message);
    this.code = code;
  }
}

/** The keys cannot be loaded, so the token cannot be verified: respond with 503. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
  readonly code = 'keys_unavailable';
}

/** The cache lifetime that the service declares for its keys. It publishes a key for longer before it signs with it. */
const FRESH_MS = 5 * 60_000;
/** How long keys are used if the service does not respond. It publishes a former key for at least an hour. */
const STALE_MS = 60 * 60_000;
/** The pause between two loads because of an unknown key. Anyone can send tokens with unknown key ids. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;
/** The pause after a failed load. */
const FAILURE_PAUSE_MS = 5_000;
const TIMEOUT_MS = 5_000;

/** Far more than the service publishes: three keys of 200 characters each. */
const MAX_KEY_SET_CHARACTERS = 65_536;
const MAX_KEYS = 20;
/** Key sets in memory. A server has one issuer or a few. */
const MAX_KEY_SETS = 10;

/** Longer than any token of the service. */
const MAX_TOKEN_CHARACTERS = 8192;
const MAX_LEEWAY_SECONDS = 60;
const DEFAULT_LEEWAY_SECONDS = 5;

/** A signature of ES256 is 64 bytes. https://www.rfc-editor.org/rfc/rfc7518#section-3.4 */
const TOKEN_FORM = /^([\w-]+)\.([\w-]+)\.([\w-]{86})$/;
const COORDINATE_FORM = /^[\w-]{43}$/;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

type Fields = Readonly<Record<string, unknown>>;

interface KeySet {
  keys: ReadonlyMap<string, CryptoKey> | null;
  loadedAtMs: number;
  triedAtMs: number;
  /** The error of the last load; null if it succeeded. */
  failure: unknown;
  running: Promise<void> | null;
}

/** By URL. The oldest one is removed first. */
const keySets = new Map<string, KeySet>();

/**
 * Verifies an access token of Latchkey: its form, type and algorithm (ES256), its signature with a published key, `iss`,
 * `aud`, `exp`, `nbf` and `iat`. The keys are loaded when needed and cached for five minutes.
 *
 * @param jwksUrl `/.well-known/jwks.json` of the service; https, or http on this machine
 * @throws TokenRejected if the token is invalid
 * @throws KeysUnavailable if the keys cannot be loaded
 * @throws TypeError for invalid options
 *
 * @example
 * const claims = await verify(token, 'https://accounts.example.com/.well-known/jwks.json', {
 *   audience: 'https://api.example.com',
 * });
 */
export function verify(
  token: string,
  jwksUrl: string | { readonly href: string },
  options: VerifyOptions & { acceptApps?: false },
): Promise<AccessClaims>;
export function verify(
  token: string,
  jwksUrl: string | { readonly href: string },
  options: VerifyOptions,
): Promise<AccessClaims | AppClaims>;
export async function verify(
  token: string,
  jwksUrl: string | { readonly href: string },
  options: VerifyOptions,
): Promise<AccessClaims | AppClaims> {
  const url = readUrl(typeof jwksUrl === 'string' ? jwksUrl : jwksUrl.href);
  const expected = readOptions(options, url);
  const { header, claims, signed, signature } = readToken(token);
  // The verifier chooses the algorithm, not the token. https://www.rfc-editor.org/rfc/rfc8725#section-3.1
  if (header['alg'] !== 'ES256') throw new TokenRejected('algorithm', 'The token is not signed by ES256.');
  if (!isAccessTokenType(header['typ'])) throw new TokenRejected('type', 'The token is no access token.');
  const kid = header['kid'];
  if (typeof kid !== 'string' || 'crit' in header)
    throw new TokenRejected('malformed', 'The header of the token cannot be read.');

  const key = await findKey(url.href, kid, options.fetch ?? fetch, expected.nowMs());
  if (!key) throw new TokenRejected('key', 'The service does not publish the key of the token.');
  if (!(await crypto.subtle.verify(SIGNATURE, key, signature, signed)))
    throw new TokenRejected('signature', 'The signature of the token is wrong.');

  checkClaims(claims, expected);
  if (isAccessClaims(claims)) return claims;
  if (!isAppClaims(claims)) throw new TokenRejected('malformed', 'The token lacks claims.');
  if (expected.acceptApps) return claims;
  throw new TokenRejected('app', 'The token is that of an app.');
}

const readUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : null;
  // Anyone who can change the keys in transit can sign every token.
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new TypeError('The URL of the keys must be https, or http on this machine.');
};

const isLoopback = (hostname: string): boolean =>
  /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);

interface Expected {
  audience: string;
  issuer: string;
  acceptApps: boolean;
  leewaySeconds: number;
  nowMs: () => number;
}

const readOptions = (options: VerifyOptions, url: URL): Expected => {
  const { audience, issuer = url.origin, acceptApps = false, nowMs = Date.now } = options;
  const { leewaySeconds = DEFAULT_LEEWAY_SECONDS } = options;
  if (typeof audience !== 'string' || audience === '')
    throw new TypeError('Name the audience: tokens for other servers must be rejected.');
  if (!(leewaySeconds >= 0 && leewaySeconds <= MAX_LEEWAY_SECONDS))
    throw new TypeError(`leewaySeconds is a number from 0 to ${MAX_LEEWAY_SECONDS}.`);
  return { audience, issuer, acceptApps, leewaySeconds, nowMs };
};

const utf8 = new TextEncoder();

const readToken = (token: string) => {
  const isShort = typeof token === 'string' && token.length <= MAX_TOKEN_CHARACTERS;
  const [, header, payload, signature] = (isShort ? TOKEN_FORM.exec(token) : null) ?? [];
  const signatureBytes = signature === undefined ? null : decode(signature);
  const read = [header, payload].map((part) => (part === undefined ? null : readObject(part)));
  const [headerFields, claims] = read;
  if (!headerFields || !claims || !signatureBytes)
    throw new TokenRejected('malformed', 'This is no signed JSON Web Token.');
  return {
    header: headerFields,
    claims,
    signed: utf8.encode(`${header}.${payload}`),
    signature: signatureBytes,
  };
};

const decode = (text: string): Uint8Array<ArrayBuffer> | null => {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    // Only one spelling per byte sequence is accepted: other padding bits would be another token.
    const again = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    return again === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : null;
  } catch {
    return null;
  }
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseObject = (text: string): Fields | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
};

const readObject = (part: string): Fields | null => {
  const bytes = decode(part);
  try {
    return bytes && parseObject(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return null;
  }
};

/** @see https://www.rfc-editor.org/rfc/rfc9068#section-4 and RFC 7515, section 4.1.9 */
const isAccessTokenType = (typ: unknown): boolean =>
  typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ);

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const areTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

const checkClaims = (
  { iss, aud, exp, nbf, iat }: Fields,
  { issuer, audience, leewaySeconds, nowMs }: Expected,
): void => {
  const now = Math.floor(nowMs() / 1000);
  if (iss !== issuer) throw new TokenRejected('issuer', `The token is not from ${issuer}.`);
  if (aud !== audience && !(areTexts(aud) && aud.includes(audience)))
    throw new TokenRejected('audience', `The token is not for ${audience}.`);
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf)))
    throw new TokenRejected('malformed', 'The times of the token cannot be read.');
  if (exp <= now - leewaySeconds) throw new TokenRejected('expired', 'The token has expired.');
  if (iat > now + leewaySeconds || (nbf !== undefined && nbf > now + leewaySeconds))
    throw new TokenRejected('not_yet_valid', 'The token is not valid yet.');
};

/** Whether the claims that identify account, token and session are present. */
const areNamed = ({ sub, jti, sid }: Fields): boolean =>
  [sub, jti, sid].every((value) => isText(value) && value !== '');

const isAccessClaims = (claims: Fields): claims is Fields & AccessClaims => {
  const { email, email_verified: isVerified, name, auth_time: signedInAt, amr } = claims;
  return (
    areNamed(claims) &&
    !('client_id' in claims) &&
    [email, name].every(isText) &&
    typeof isVerified === 'boolean' &&
    isTime(signedInAt) &&
    areTexts(amr)
  );
};

const isAppClaims = (claims: Fields): claims is Fields & AppClaims => {
  const { client_id: appId, scope, email, email_verified: isVerified, auth_time: signedInAt, amr } = claims;
  return (
    areNamed(claims) &&
    isText(appId) &&
    [scope, email].every((value) => value === undefined || isText(value)) &&
    (isVerified === undefined || typeof isVerified === 'boolean') &&
    isTime(signedInAt) &&
    areTexts(amr)
  );
};

/** Finds a key by its id; null if the service does not publish it. */
const findKey = async (
  url: string,
  kid: string,
  fetchKeys: FetchKeys,
  now: number,
): Promise<CryptoKey | null> => {
  const set = keySetOf(url);
  const mayTryAgain = set.failure === null || now - set.triedAtMs >= FAILURE_PAUSE_MS;
  let isLoaded = false;
  if ((set.keys === null || now - set.loadedAtMs >= FRESH_MS) && mayTryAgain) {
    await load(set, url, fetchKeys, now);
    isLoaded = true;
  }
  const known = findUsable(set, now).get(kid);
  if (known) return known;
  const mayLookAgain =
    now - set.triedAtMs >= UNKNOWN_KEY_PAUSE_MS || (set.running !== null && waitsForOthers());
  if (!isLoaded && mayLookAgain) await load(set, url, fetchKeys, now);
  const key = findUsable(set, now).get(kid) ?? null;
  // The service may have published a new key meanwhile, so the token may be valid.
  if (!key && set.failure !== null) throw unavailable(set.failure);
  return key;
};

const unavailable = (cause: unknown): KeysUnavailable =>
  new KeysUnavailable('The keys of the service cannot be loaded.', { cause });

const findUsable = ({ keys, loadedAtMs, failure }: KeySet, now: number): ReadonlyMap<string, CryptoKey> => {
  if (keys === null || now - loadedAtMs >= STALE_MS) throw unavailable(failure);
  return keys;
};

const keySetOf = (url: string): KeySet => {
  const known = keySets.get(url);
  if (known) return known;
  const [oldest] = keySets.keys();
  if (keySets.size >= MAX_KEY_SETS && oldest !== undefined) keySets.delete(oldest);
  const set: KeySet = { keys: null, loadedAtMs: 0, triedAtMs: 0, failure: null, running: null };
  keySets.set(url, set);
  return set;
};

/** False in a Worker, which must not wait for the I/O of another request: it is cancelled with that request. */
const waitsForOthers = (): boolean =>
  typeof navigator === 'undefined' || navigator.userAgent !== 'Cloudflare-Workers';

/** Loads the keys once for all concurrent callers. Never throws: errors are stored in `failure`. */
const load = (set: KeySet, url: string, fetchKeys: FetchKeys, now: number): Promise<void> => {
  if (set.running && waitsForOthers()) return set.running;
  set.triedAtMs = now;
  const running = loadKeys(url, fetchKeys)
    .then(
      (keys) => {
        Object.assign(set, { keys, loadedAtMs: now, failure: null });
      },
      (failure: unknown) => {
        set.failure = failure ?? new Error('The request failed.');
      },
    )
    .finally(() => {
      if (set.running === running) set.running = null;
    });
  set.running = running;
  return running;
};

const loadKeys = async (url: string, fetchKeys: FetchKeys): Promise<ReadonlyMap<string, CryptoKey>> => {
  const init = {
    // Redirects are not followed, because they could lead to another host. Workers do not support `error`.
    redirect: 'manual',
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  } as const;
  const response = await fetchKeys(url, init);
  if (response.status !== 200) throw new Error(`${url} answered with ${response.status}.`);
  const text = await response.text();
  const listed = text.length > MAX_KEY_SET_CHARACTERS ? null : parseObject(text)?.['keys'];
  if (!Array.isArray(listed)) throw new Error(`${url} is no JSON Web Key Set.`);
  const keys = new Map<string, CryptoKey>();
  for (const each of listed.slice(0, MAX_KEYS)) {
    const key = await importKey(each);
    if (key && !keys.has(key.kid)) keys.set(key.kid, key.key);
  }
  if (keys.size === 0) throw new Error(`${url} has no key of ES256.`);
  return keys;
};

/** Imports an ES256 signing key. Null for other keys, which a set may also contain. */
const importKey = async (listed: unknown): Promise<{ kid: string; key: CryptoKey } | null> => {
  if (!isFields(listed)) return null;
  const { kty, crv, alg = 'ES256', use = 'sig', kid, x, y } = listed;
  if (kty !== 'EC' || crv !== 'P-256' || alg !== 'ES256' || use !== 'sig') return null;
  if (!isText(kid) || !isText(x) || !isText(y) || ![x, y].every((text) => COORDINATE_FORM.test(text)))
    return null;
  try {
    const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, ALGORITHM, false, ['verify']);
    return { kid, key };
  } catch {
    return null;
  }
};
