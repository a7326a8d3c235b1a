// The tokens that stand for sessions: how they are made, and which session one that is shown leads to.

import { type Account, displayName, type Policy, type SessionKind } from '../model.ts';
import { type Keyring, type Random, randomToken, sha256Hex } from '../secrets.ts';
import { JWT_FORM, signJwt, verifyJwt } from './jwt.ts';

/** 128 bits, 32 hex digits: two accounts never get the same nonce. */
const NONCE_BYTES = 16;
/** 160 bits, of an HMAC or random: the 40 hex digits of the documents. */
const TOKEN_BYTES = 20;

const COOKIE_TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;
/** Our derived tokens, and those of Django REST framework that were imported. */
const HEX_TOKEN_FORM = /^[0-9a-f]{40}$/;

/** What a session looks like before it is stored. */
export interface SessionDraft {
  kind: SessionKind;
  /** SHA-256 of the token. */
  id: string;
  /** A cookie's token or a JWT's `jti`: only its hash is stored. Empty for derived tokens. */
  token: string;
  nonce: string | null;
  createdAtMs: number;
  expiresAtMs: number;
}

/** Where a token came from: only a browser's cookie is good as a cookie, only tokens are good in a header. */
export type Carrier = 'cookie' | 'header';

/** The session that a token stands for, if there is one. */
export interface Located {
  /** The kinds that a session found by this token may be of. */
  kinds: readonly [SessionKind, SessionKind?];
  id: string;
  /** The account that a JWT names. */
  subject?: string;
}

export interface Tokens {
  /** A session that is to be: its token, its id, its expiry. */
  draft(kind: SessionKind): Promise<SessionDraft>;
  /**
   * The credential to hand out for a session that D1 has stored; null for a derived token made under a secret
   * that is no longer set, which nobody can compute again.
   */
  reveal(
    draft: SessionDraft,
    stored: { id: string; nonce: string | null },
    account: Account,
  ): Promise<string | null>;
  /** The session that a token leads to; null where it cannot be one of ours, found out without any I/O. */
  locate(token: string, carrier: Carrier): Promise<Located | null>;
  /** The id of the session that a cookie's value stands for; null where it has not the form of one. */
  idOfCookie(token: string | null): Promise<string | null>;
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

  const deriveTokens = async (nonce: string): Promise<string[]> => {
    const signatures = await keyring.signAll('derived token', nonce);
    return signatures.map((signature) => signature.subarray(0, TOKEN_BYTES).toHex());
  };

  return {
    async draft(kind) {
      const createdAtMs = nowMs();
      const expiresAtMs = createdAtMs + Math.min(idleMs, absoluteMs);
      if (kind === 'derived') {
        // Of the nonce alone, not of the account too: an account and its first token are made in one batch,
        // before the id is known. The nonce is random and its row names the account, so nothing is lost.
        const nonce = random(NONCE_BYTES).toHex();
        const [token = ''] = await deriveTokens(nonce);
        return { kind, id: await sha256Hex(token), token: '', nonce, createdAtMs, expiresAtMs };
      }
      // No login opens one of an imported token; one that is renewed keeps the form that its client knows.
      const isImported = kind === 'imported';
      const token = isImported ? random(TOKEN_BYTES).toHex() : randomToken(random);
      return { kind, id: await sha256Hex(token), token, nonce: null, createdAtMs, expiresAtMs };
    },

    async reveal(draft, stored, account) {
      if (draft.kind === 'cookie' || draft.kind === 'imported') return draft.token;
      if (draft.kind === 'jwt') return signSession(keyring, draft, account, absoluteMs);
      for (const token of await deriveTokens(stored.nonce ?? '')) {
        if ((await sha256Hex(token)) === stored.id) return token;
      }
      return null;
    },

    async locate(token, carrier) {
      if (carrier === 'cookie')
        return COOKIE_TOKEN_FORM.test(token) ? { kinds: ['cookie'], id: await sha256Hex(token) } : null;
      if (HEX_TOKEN_FORM.test(token)) return { kinds: ['derived', 'imported'], id: await sha256Hex(token) };
      if (!JWT_FORM.test(token)) return null;
      const claims = await verifyJwt(keyring, token, nowMs());
      return claims && { kinds: ['jwt'], id: await sha256Hex(claims.jti), subject: claims.sub };
    },

    async idOfCookie(token) {
      return token !== null && COOKIE_TOKEN_FORM.test(token) ? sha256Hex(token) : null;
    },
  };
};

/**
 * A JWT names its account as this API's clients read it. It expires with the absolute limit; the idle limit, a
 * logout or a deletion end it sooner, because its `jti` is a session like every other.
 */
const signSession = (keyring: Keyring, draft: SessionDraft, account: Account, absoluteMs: number) => {
  const claims = {
    sub: String(account.id),
    jti: draft.token,
    iat: Math.floor(draft.createdAtMs / 1000),
    exp: Math.floor((draft.createdAtMs + absoluteMs) / 1000),
  };
  return signJwt(keyring, claims, { id: account.id, email: account.email, name: displayName(account) });
};
