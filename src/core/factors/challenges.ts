// Challenges: 32 random bytes that are answered once, within five minutes, by the client they were issued to.
import type { FirstFactor, LoginKind } from '../model.ts';
import { equalTexts, type Keyring, type Random, sha256Hex } from '../secrets.ts';
import { type Bytes, decodeBase64Url, encodeBase64Url } from './webauthn/answer.ts';

const CHALLENGE_BYTES = 32;
/** @see https://www.w3.org/TR/webauthn-3/#sctn-timeout-recommended-range the longest that is recommended: 10 minutes */
export const CHALLENGE_SECONDS = 5 * 60;

/** What an answer may do. */
export type ChallengePurpose = 'sign_in' | 'second_factor' | 'add_passkey' | 'reauthenticate';

export interface Challenge {
  purpose: ChallengePurpose;
  bytes: Bytes;
  expiresAtMs: number;
  /** The account that may answer; null if any may, at the sign-in page. */
  accountId: number | null;
  /** What must be unchanged when the answer comes: '' if nothing. */
  state: string;
  /** The kind of session that the answer opens; null if it opens none. */
  open: LoginKind | null;
  /** What was proved before it, in place of the password. */
  firstFactor: FirstFactor | null;
}

export interface NewChallenge extends Omit<Challenge, 'bytes' | 'expiresAtMs' | 'firstFactor'> {
  firstFactor?: FirstFactor | null;
  /** The browser's cookie or the session that the answer must come with; null for a client that keeps the token itself. */
  holder: string | null;
}

export interface Challenges {
  /** A challenge, and the token that represents it. */
  issue(challenge: NewChallenge): Promise<{ token: string; challenge: Challenge }>;
  /**
   * The challenge behind a token; null if it was not issued here for this purpose and this holder, or has expired. No
   * I/O: the batch that follows finds out whether it was answered before (`idOf`).
   */
  read(token: string, purpose: ChallengePurpose, holder: string | null): Promise<Challenge | null>;
}

/** The id of the row that records that a challenge was answered. */
export const idOf = ({ bytes }: Challenge): Promise<string> => sha256Hex(encodeBase64Url(bytes));

/** The claims as they travel: short names, in one order. */
interface Claims {
  p: string;
  c: string;
  e: number;
  a: number | null;
  s: string;
  o: string | null;
  /** Absent if there is none. */
  f?: FirstFactor;
  /** SHA-256 of the holder. */
  h: string | null;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

const isOpenable = (open: string | null): open is LoginKind | null =>
  open === null || open === 'cookie' || open === 'jwt' || open === 'derived';

/** The signature is valid, so this is JSON that was written here. */
const parseClaims = (payload: Bytes): Claims => JSON.parse(text.decode(payload));

export interface ChallengesOptions {
  keyring: Keyring;
  random: Random;
  nowMs: () => number;
}

export const createChallenges = ({ keyring, random, nowMs }: ChallengesOptions): Challenges => ({
  async issue({ holder, firstFactor = null, ...wanted }) {
    const challenge: Challenge = {
      ...wanted,
      firstFactor,
      bytes: random(CHALLENGE_BYTES),
      expiresAtMs: nowMs() + CHALLENGE_SECONDS * 1000,
    };
    const claims: Claims = {
      p: challenge.purpose,
      c: encodeBase64Url(challenge.bytes),
      e: challenge.expiresAtMs,
      a: challenge.accountId,
      s: challenge.state,
      o: challenge.open,
      ...(firstFactor && { f: firstFactor }),
      h: holder === null ? null : await sha256Hex(holder),
    };
    const payload = encodeBase64Url(utf8.encode(JSON.stringify(claims)));
    const signature = await keyring.sign('challenge', payload);
    return { token: `${payload}.${encodeBase64Url(signature)}`, challenge };
  },

  async read(token, purpose, holder) {
    const [payload = '', signatureText = '', ...rest] = token.split('.');
    const signature = decodeBase64Url(signatureText);
    if (!signature || rest.length > 0) return null;
    if (!(await keyring.verify('challenge', payload, signature))) return null;
    const claims = parseClaims(decodeBase64Url(payload) ?? new Uint8Array(0));
    const bytes = decodeBase64Url(claims.c);
    if (claims.p !== purpose || claims.e <= nowMs() || !bytes || !isOpenable(claims.o)) return null;
    // A client that keeps the token itself is identified by the token. Its other headers do not matter.
    if (claims.h !== null && !equalTexts(claims.h, await sha256Hex(holder ?? ''))) return null;
    return {
      purpose,
      bytes,
      expiresAtMs: claims.e,
      accountId: claims.a,
      state: claims.s,
      open: claims.o,
      firstFactor: claims.f ?? null,
    };
  },
});
