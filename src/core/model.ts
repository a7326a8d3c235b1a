// The words that the parts of the core share: accounts, sessions, who asks, and what a deployment sets.

import type { Locale } from './locales.ts';
import type { users } from './store/schema.ts';

/** An account as everything outside the core sees it: without its password hash. */
export type Account = Omit<
  typeof users.$inferSelect,
  'passwordHash' | 'usernameKey' | 'emailKey' | 'passkeyHandle' | 'loginFailures'
>;

/** The time of the last login of an imported account that never logged in: the column takes no null. */
export const NEVER_LOGGED_IN_MS = 0;

/** The last login where a dialect must name a time: the creation of an account that never logged in. */
export const lastLoginOrCreationMs = ({ lastLoginAtMs, createdAtMs }: Account): number =>
  lastLoginAtMs === NEVER_LOGGED_IN_MS ? createdAtMs : lastLoginAtMs;

/** What to call an account where a dialect shows one name: dialects differ in which fields they fill. */
export const displayName = (account: Account): string =>
  account.name || `${account.firstName} ${account.lastName}`.trim() || (account.username ?? '');

/**
 * `cookie`: a browser's. `derived`: the account's one API token, 40 hex digits that are computed from a nonce; the word
 * is that of the rows and of `id`. `jwt`: a signed JSON Web Token. `imported`: a token of 40 hex digits that another
 * service made; no login opens one, and none gives it out.
 */
export type SessionKind = 'cookie' | 'derived' | 'jwt' | 'imported';
/** What a login or a registration can open: a token is imported by scripts alone. */
export type LoginKind = Exclude<SessionKind, 'imported'>;

/** What stands beside the password, or instead of it. */
export type SessionFactor = 'passkey' | 'totp' | 'recovery_code' | 'trusted_browser';

/** What was proved when a session was opened or confirmed. */
export interface SessionProof {
  /** Null for what an app password opened, and for what was imported: nobody was there. */
  authenticatedAtMs: number | null;
  appPasswordId: number | null;
  /** Null for the password alone. */
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

/** The proof of an owner who is there at this moment. */
export const ownerProof = (nowMs: number, factor: SessionFactor | null = null): SessionProof => ({
  authenticatedAtMs: nowMs,
  appPasswordId: null,
  factor,
});

/** @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.5.1, V7.5.3 */
const RECENT_MS = 10 * 60 * 1000;

/** Whether the owner proved in the last ten minutes to be there. Never true of a session of an app password. */
export const isRecent = ({ authenticatedAtMs, appPasswordId }: SessionProof, nowMs: number): boolean =>
  appPasswordId === null && authenticatedAtMs !== null && nowMs - authenticatedAtMs < RECENT_MS;

/** Who is logged in, and by which session. */
export interface Principal {
  account: Account;
  session: Session;
  /** True where this request has pushed the idle expiry on: a cookie's own life must follow. */
  extended: boolean;
}

/** What is known of the client that sends a request. */
export interface Client {
  /** The name of the dialect that it speaks. */
  dialect: string;
  userAgent: string | null;
  /** Two letters, ISO 3166. */
  country: string | null;
  /** The address without the part that names one machine: /24 for IPv4, /64 for IPv6. */
  addressPrefix: string | null;
  /** What this browser or app was given when it last logged in. */
  device?: string | null;
  /** The language that it asks for, of those in which mails are written. */
  locale?: Locale | null;
}

/** What a hash costs: `rounds` calls of `iterations` HMAC iterations each. */
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

/** What a deployment can set, in the units that the names say. */
export interface Policy {
  hashCost: HashCost;
  sessionIdleSeconds: number;
  sessionAbsoluteSeconds: number;
  /** Live sessions that an account may have; a new one ends the one that was seen least recently. */
  maxSessions: number;
  databaseTimeoutMs: number;
  kvTimeoutMs: number;
  throttle: ThrottlePolicy;
  /** Days for which the trail of an account is kept. */
  eventDays: number;
  /**
   * `nearest`: an authenticated read may be answered by a replica of D1 that has seen the login, and may not
   * have seen a logout of the last moment. `primary`: every request asks the primary. `cached`: KV alone answers for
   * at most a minute after D1 was asked.
   */
  sessionReads: 'nearest' | 'primary' | 'cached';
  /** Time steps before and after the present one of which a one-time code is good too. */
  totpWindow: number;
  /** Whether dialects that cannot ask for a second factor take app passwords alone. */
  appPasswordsOnly: boolean;
  /** Whether an account logs in only once its address is proven. */
  requiresVerifiedEmail: boolean;
}
