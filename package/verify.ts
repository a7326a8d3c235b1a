// `latchkey/verify`: checks an access token with the published keys. WebCrypto only, for Workers, Node, Deno and browsers.

/** The claims of an access token from `POST /id/token`. Times are seconds since the epoch. */
export interface AccessClaims {
  /** `PUBLIC_URL` of the service. */
  iss: string;
  /** The account: never given to another. */
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
  jti: string;
  /** Names the session, and opens nothing. */
  sid: string;
  email: string;
  /** Do not take the address for proven without it. */
  email_verified: boolean;
  name: string;
  auth_time: number;
  /** How the owner signed in. @see https://www.rfc-editor.org/rfc/rfc8176 */
  amr: string[];
}

/** The claims of an access token that an app got: it may do no more than `scope` says. */
export interface AppClaims extends Pick<AccessClaims, 'iss' | 'sub' | 'aud' | 'exp' | 'iat' | 'jti' | 'sid'> {
  client_id: string;
  /** Words with spaces between them. Not there if the app asked for none. */
  scope?: string;
  email?: string;
  email_verified?: boolean;
  auth_time: number;
  amr: string[];
}

/** What loads the keys, if it is not the global `fetch`. In a Worker, that of a service binding. */
export type FetchKeys = (
  url: string,
  init: { redirect: 'manual'; headers: { Accept: string } },
) => Promise<{ status: number; text(): Promise<string> }>;

export interface VerifyOptions {
  /** Your server: one of `ACCESS_TOKEN_AUDIENCES`. A token for another one is rejected. */
  audience: string;
  /** `PUBLIC_URL` of the service; the origin of the URL of the keys if not set. */
  issuer?: string;
  /**
   * Whether tokens of apps that sign people in by OpenID Connect are good too. Without it they are rejected: an app
   * acts within its `scope`, not as the owner.
   */
  acceptApps?: boolean;
  /** How far apart the clocks may be, at most 60; 5 if not set. */
  leewaySeconds?: number;
  fetch?: FetchKeys;
  /** The time in milliseconds since the epoch; that of the machine if not set. */
  nowMs?: () => number;
}

/**
 * Why a token is rejected. `malformed`: no token of this kind. `algorithm`, `type`: signed in another way, or for
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

/** The token is not good: answer 401. */
export class TokenRejected extends Error {
  override readonly name = 'TokenRejected';
  readonly code: Rejection;

  constructor(code: Rejection, message: string) {
    super(message);
    this.code = code;
  }
}

/** The keys cannot be loaded, so nothing is known of the token: answer 503. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
  readonly code = 'keys_unavailable';
}

/** As long as the service lets others keep its keys. It publishes a key for longer before it signs with it. */
const FRESH_MS = 5 * 60_000;
/** While the service does not answer, keys are used for so long: the service keeps a former key for an hour at least. */
const STALE_MS = 60 * 60_000;
/** A key that is not there is looked for once, then not for so long: anybody can name keys that are not there. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;
/** How long a failed load is not repeated. */
const FAILURE_PAUSE_MS = 5_000;
const TIMEOUT_MS = 5_000;

/** Three keys are published, of 200 characters each. */
const MAX_KEY_SET_CHARACTERS = 65_536;
const MAX_KEYS = 20;
/** Key sets in memory. A server has one issuer, or few. */
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
  /** Why the last load failed; null if it did not. */
  failure: unknown;
  running: Promise<void> | null;
}

/** By URL; the one that was added first goes first. */
const keySets = new Map<string, KeySet>();

/**
 * Checks an access token of Latchkey: its form, type and algorithm (ES256), its signature by a published key, `iss`,
 * `aud`, `exp`, `nbf` and `iat`. The keys are loaded when they are needed and kept for five minutes.
 *
 * @param jwksUrl `/.well-known/jwks.json` of the service; https, or http on this machine
 * @throws TokenRejected if the token is not good
 * @throws KeysUnavailable if the keys cannot be loaded
 * @throws TypeError for options that cannot be meant
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
  // https://www.rfc-editor.org/rfc/rfc8725#section-3.1: the verifier chooses the algorithm, not the token.
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
    // One text for the same bytes: other padding bits would be another token.
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

/** The claims that every token has, beside those that are checked. */
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

/** The key with an id; null if the service publishes none. */
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
  // A new key may be there: whether the token is good is not known.
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

/** A Worker must not wait for what another request has begun: it is cancelled with that request. */
const waitsForOthers = (): boolean =>
  typeof navigator === 'undefined' || navigator.userAgent !== 'Cloudflare-Workers';

/** Loads the keys, for all who ask at the same time. Never throws: `failure` says why. */
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
    // Not to another host. Workers do not know `error`.
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

/** A key of ES256 for signatures; null for every other, which a set may hold too. */
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
