// The types that the rooms of the core share: accounts, sessions, principals, clients and the policy.

import type { Locale } from './locales.ts';
import { namesOf } from './names.ts';
import type { users } from './store/schema.ts';

/** An account without its password hash and internal columns. */
export type Account = Omit<
  typeof users.$inferSelect,
  'passwordHash' | 'usernameKey' | 'emailKey' | 'nameKey' | 'passkeyHandle' | 'loginFailures'
>;

/** `lastLoginAtMs` of an imported account that never logged in. The column takes no null. */
export const NEVER_LOGGED_IN_MS = 0;

/** The last login, or the creation if there was none, for dialects that must show a time. */
export const lastLoginOrCreationMs = ({ lastLoginAtMs, createdAtMs }: Account): number =>
  lastLoginAtMs === NEVER_LOGGED_IN_MS ? createdAtMs : lastLoginAtMs;

/** One name to show for an account. Dialects differ in which fields they fill. */
export const displayName = (account: Account): string => namesOf(account).name || (account.username ?? '');

/**
 * `cookie`: a browser's. `derived`: the account's one API token, 40 hex digits computed from a nonce; rows and `id` use
 * this word. `jwt`: a signed JSON Web Token. `imported`: a token of 40 hex digits from another service; no login opens
 * one.
 */
export type SessionKind = 'cookie' | 'derived' | 'jwt' | 'imported';
/** The kinds that a login or a registration can open. */
export type LoginKind = Exclude<SessionKind, 'imported'>;

/** What stands beside the password, or instead of it. */
export type SessionFactor = 'passkey' | 'totp' | 'recovery_code' | 'trusted_browser';

/** What stands in place of the password. */
export type FirstFactor = 'email_code';

/** What was proved when a session was opened or confirmed. */
export interface SessionProof {
  /** Null for a session of an app password, and for an imported one: no owner authenticated. */
  authenticatedAtMs: number | null;
  appPasswordId: number | null;
  /** Null for the password, and for a passkey alone, which is both factors. */
  firstFactor: FirstFactor | null;
  /** Null for the first factor alone. */
  factor: SessionFactor | null;
}

/** A live session. Times are milliseconds since the epoch. */
export interface Session extends SessionProof {
  id: string;
  kind: SessionKind;
  createdAtMs: number;
  lastSeenAtMs: number;
  expiresAtMs: number;
}

/** The proof of an owner who authenticates now. */
export const ownerProof = (
  nowMs: number,
  factor: SessionFactor | null = null,
  firstFactor: FirstFactor | null = null,
): SessionProof => ({ authenticatedAtMs: nowMs, appPasswordId: null, firstFactor, factor });

/** @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.5.1, V7.5.3 */
const RECENT_MS = 10 * 60 * 1000;

/**
 * A stored time that is further ahead was written by a wrong clock, and counts for nothing. Clocks of two locations
 * differ by less: a smaller lead counts, so that nobody gains by asking elsewhere.
 */
export const MAX_CLOCK_LEAD_MS = 60_000;

/** Whether the owner authenticated in the last ten minutes. Never true of a session of an app password. */
export const isRecent = ({ authenticatedAtMs, appPasswordId }: SessionProof, nowMs: number): boolean => {
  if (appPasswordId !== null || authenticatedAtMs === null) return false;
  const ageMs = nowMs - authenticatedAtMs;
  return ageMs < RECENT_MS && ageMs >= -MAX_CLOCK_LEAD_MS;
};

/** The account and session of an authenticated request. */
export interface Principal {
  account: Account;
  session: Session;
  /** Whether this request extended the idle expiry: a cookie's life must follow. */
  extended: boolean;
}

/** What is known about the client of a request. */
export interface Client {
  /** The name of the dialect that it speaks. */
  dialect: string;
  userAgent: string | null;
  /** Two letters, ISO 3166. */
  country: string | null;
  /** The network of its address: /24 of IPv4, /64 of IPv6. */
  addressPrefix: string | null;
  /** The device text that it got at its last login. */
  device?: string | null;
  /** The language that it prefers, of those in which mails are written. */
  locale?: Locale | null;
}

/** The cost of a hash: `rounds` calls of `iterations` HMAC iterations each. */
export interface HashCost {
  iterations: number;
  rounds: number;
}

export interface ThrottlePolicy {
  /** Consecutive failures that cost no wait. */
  freeFailures: number;
  /** The first wait; each further failure doubles it. */
  firstWaitSeconds: number;
  maxWaitSeconds: number;
}

/** The settings of the core. Names carry units. */
export interface Policy {
  hashCost: HashCost;
  sessionIdleSeconds: number;
  sessionAbsoluteSeconds: number;
  /** Live sessions of an account. A login beyond ends the one that was used least recently. */
  maxSessions: number;
  databaseTimeoutMs: number;
  kvTimeoutMs: number;
  throttle: ThrottlePolicy;
  /** Days for which events are kept. */
  eventDays: number;
  /**
   * `nearest`: a replica of D1 may answer an authenticated read; it may not have seen a logout of the last moment.
   * `primary`: every request asks the primary. `cached`: KV alone answers for at most a minute after D1 was asked.
   */
  sessionReads: 'nearest' | 'primary' | 'cached';
  /** Time steps before and after the current one whose one-time codes are accepted too. */
  totpWindow: number;
  /** Whether the five existing dialects take app passwords only. */
  appPasswordsOnly: boolean;
  /** Whether a login needs a proven address. */
  requiresVerifiedEmail: boolean;
  /** Whether a code that is mailed to a proven address signs in. */
  emailSignIn: boolean;
  /** Whether the owner is mailed about a login on a device that is new to the account. */
  notifiesNewDevice: boolean;
}
