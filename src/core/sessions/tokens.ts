// The credentials of sessions: issuing one, encoding it for its client, parsing one that a client sends.
import { type Account, displayName, type Policy, type SessionKind } from '../model.ts';
import { type Keyring, type Random, randomToken, sha256Hex } from '../secrets.ts';
import { JWT_FORM, signJwt, verifyJwt } from './jwt.ts';

/** 128 bits, 32 hex digits, so that nonces are unique. */
const NONCE_BYTES = 16;
/** 160 bits, of an HMAC or random: the 40 hex digits of the documents. */
const HEX_TOKEN_BYTES = 20;

const COOKIE_FORM = /^[A-Za-z0-9_-]{43}$/;
/** API tokens, and imported tokens of Django REST framework. */
const HEX_TOKEN_FORM = /^[0-9a-f]{40}$/;

/** A new session, before it is stored. */
export interface IssuedSession {
  kind: SessionKind;
  /** SHA-256 of the token. */
  id: string;
  /** A cookie's token or a JWT's `jti`, of which only the hash is stored. Empty for API tokens. */
  token: string;
  /** What an API token is computed from; null for the other kinds. */
  nonce: string | null;
  createdAtMs: number;
  expiresAtMs: number;
}

/** A session as D1 stored it: for an API token, the one that was live already. */
export interface StoredSession {
  id: string;
  nonce: string | null;
}

/** How a token was sent. Cookies are accepted as cookies only, tokens in a header only. */
export type Carrier = 'cookie' | 'header';

/** The session that a token names, if it exists. */
export interface ParsedToken {
  /** The kinds that a session found by this token may be of; null for any. */
  kinds: readonly [SessionKind, SessionKind?] | null;
  id: string;
  /** The account that a JWT names. */
  subject?: string;
}

export interface Tokens {
  /** A new session: its token, its id, its expiry. No I/O. */
  issue(kind: SessionKind): Promise<IssuedSession>;
  /**
   * The credential of a stored session; null for an API token that was made under a secret that is no longer set,
   * because it cannot be computed again.
   */
  encode(issued: IssuedSession, stored: StoredSession, account: Account): Promise<string | null>;
  /** The session that a token names; null if its form or signature is wrong. No I/O. */
  parse(token: string, carrier: Carrier): Promise<ParsedToken | null>;
}

export interface TokensOptions {
  keyring: Keyring;
  random: Random;
  policy: Policy;
  nowMs: () => number;
}

export const createTokens = ({ keyring, random, policy, nowMs }: TokensOptions): Tokens => {
  const absoluteMs = policy.sessionAbsoluteSeconds * 1000;
  const idleMs = policy.sessionIdleSeconds * 1000;

  /** The API token of a nonce under each secret in force, the current one first. */
  const apiTokensOf = async (nonce: string): Promise<string[]> => {
    const signatures = await keyring.signAll('derived token', nonce);
    return signatures.map((signature) => signature.subarray(0, HEX_TOKEN_BYTES).toHex());
  };

  return {
    async issue(kind) {
      const createdAtMs = nowMs();
      const expiresAtMs = createdAtMs + Math.min(idleMs, absoluteMs);
      if (kind === 'derived') {
        // Of the nonce only, because an account and its first token are stored in one batch, before the account's id is
        // known. The nonce is random, and its row names the account.
        const nonce = random(NONCE_BYTES).toHex();
        const [token = ''] = await apiTokensOf(nonce);
        return { kind, id: await sha256Hex(token), token: '', nonce, createdAtMs, expiresAtMs };
      }
      // No login opens an imported token. A renewed one keeps the form that its client knows.
      const token = kind === 'imported' ? random(HEX_TOKEN_BYTES).toHex() : randomToken(random);
      return { kind, id: await sha256Hex(token), token, nonce: null, createdAtMs, expiresAtMs };
    },

    async encode(issued, stored, account) {
      if (issued.kind === 'cookie' || issued.kind === 'imported') return issued.token;
      if (issued.kind === 'jwt') return encodeJwt(keyring, issued, account, absoluteMs);
      for (const token of await apiTokensOf(stored.nonce ?? '')) {
        if ((await sha256Hex(token)) === stored.id) return token;
      }
      return null;
    },

    async parse(token, carrier) {
      if (carrier === 'cookie') {
        const id = await cookieSessionId(token);
        return id === null ? null : { kinds: ['cookie'], id };
      }
      if (HEX_TOKEN_FORM.test(token)) return { kinds: ['derived', 'imported'], id: await sha256Hex(token) };
      if (!JWT_FORM.test(token)) return null;
      const claims = await verifyJwt(keyring, token, nowMs());
      return claims && { kinds: ['jwt'], id: await sha256Hex(claims.jti), subject: claims.sub };
    },
  };
};

/** The id of the session of a cookie's value; null if the value is missing or malformed. */
export const cookieSessionId = async (value: string | null): Promise<string | null> =>
  value !== null && COOKIE_FORM.test(value) ? sha256Hex(value) : null;

/**
 * A JWT names its account as this API's clients read it. It expires with the absolute limit. The idle limit, a logout
 * or a deletion end it sooner, because its `jti` is a session like any other.
 */
const encodeJwt = (keyring: Keyring, issued: IssuedSession, account: Account, absoluteMs: number) => {
  const claims = {
    sub: String(account.id),
    jti: issued.token,
    iat: Math.floor(issued.createdAtMs / 1000),
    exp: Math.floor((issued.createdAtMs + absoluteMs) / 1000),
  };
  return signJwt(keyring, claims, { id: account.id, email: account.email, name: displayName(account) });
};
