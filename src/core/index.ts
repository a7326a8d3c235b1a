// The core's front door: everything that the rest of the Worker may use of it.
import { type Accounts, createAccounts } from './accounts.ts';
import { type Administration, createAdministration } from './administration.ts';
import { type CleanUp, createCleanUp } from './clean-up.ts';
import { createDevices } from './devices.ts';
import { createLogins, type Logins } from './login.ts';
import type { Policy, Principal } from './model.ts';
import { createOversight, type Oversight } from './oversight.ts';
import { createOwnership, type Ownership } from './ownership.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import { createRegistrations, type Registrations } from './registration.ts';
import type { Keyring, Random } from './secrets.ts';
import { createSessions } from './sessions.ts';
import { createStore, type Health, type OperationCounts } from './store.ts';
import { type Carrier, createTokens } from './tokens.ts';
import { createVerification } from './verification.ts';

export type { ProfileChanges } from './accounts.ts';
export type { SearchCursor, SearchField, Standing } from './administration.ts';
export { DEVICE_SECONDS } from './devices.ts';
export type {
  AccountError,
  LastAdmin,
  Result,
  Taken,
  Throttled,
  UniqueField,
  WrongCredentials,
} from './errors.ts';
export { StoreUnavailable } from './errors.ts';
export { type Identifier, readEmailIdentifier, readIdentifier } from './identity.ts';
export {
  type Account,
  type Client,
  displayName,
  type LoginKind,
  type Policy,
  type Principal,
  type SessionKind,
} from './model.ts';
export type { EventView, SessionView } from './oversight.ts';
export type { Renewed } from './ownership.ts';
export { findPicture, type Picture, pictures } from './pictures.ts';
export type { NewAccount } from './registration.ts';
export { createKeyring, cryptoRandom, type Keyring, type Random } from './secrets.ts';
export { createCounts, type OperationCounts, within } from './store.ts';

export interface CoreOptions {
  db: D1Database;
  kv: KVNamespace;
  /** Milliseconds since the epoch. */
  clock: () => number;
  random: Random;
  keyring: Keyring;
  policy: Policy;
  counts: OperationCounts;
  /** Keeps the Worker alive until work that the response does not wait for is done. */
  defer: (work: Promise<unknown>) => void;
  warn: (message: string, cause: unknown) => void;
  pause: (milliseconds: number) => Promise<void>;
}

export interface Core extends Registrations, Accounts, Logins, Ownership, Oversight, Administration, CleanUp {
  /** Which dependency answers; asks both for real. */
  checkHealth(): Promise<Health>;
  /** Who a cookie's value or a token belongs to; null where it is good for nothing. */
  identify(token: string, carrier: Carrier, consistency: 'nearest' | 'fresh'): Promise<Principal | null>;
}

/** Puts the core together for one request. Cheap: no I/O, and the keys are the isolate's. */
export const createCore = (options: CoreOptions): Core => {
  const { policy, random, keyring, clock: nowMs, counts, pause } = options;
  const store = createStore({ ...options, ...policy });
  const tokens = createTokens({ keyring, random, policy, nowMs });
  const sessions = createSessions({ store, tokens, policy, nowMs });
  const passwords = countHashes(createPasswords(policy.hashCost, random), counts);
  const verification = createVerification({ store, passwords, policy, nowMs, pause });
  const devices = createDevices({ keyring, random, nowMs });
  const registrations = createRegistrations({ store, sessions, tokens, devices, passwords, nowMs });
  return {
    ...registrations,
    ...createOwnership({ store, sessions, tokens, passwords, verification, devices, registrations, nowMs }),
    ...createOversight({ store, sessions, nowMs }),
    ...createAdministration({ store, sessions, nowMs }),
    ...createAccounts({ store, sessions, nowMs }),
    ...createLogins({ store, sessions, tokens, devices, passwords, keyring, verification, nowMs }),
    ...createCleanUp({ store, policy, nowMs }),
    identify: sessions.resolve,
    checkHealth: store.check,
  };
};

const countHashes = (passwords: Passwords, counts: OperationCounts): Passwords => ({
  ...passwords,
  hash(password) {
    counts.hashes += 1;
    return passwords.hash(password);
  },
  verify(password, stored) {
    counts.hashes += 1;
    return passwords.verify(password, stored);
  },
  verifyNothing(password) {
    counts.hashes += 1;
    return passwords.verifyNothing(password);
  },
});
