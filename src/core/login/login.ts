// The login: one story from a name and a password to a session, in the order in which it happens.
import { eq, type SQL } from 'drizzle-orm';
import type { EmailAddress } from '../accounts/email.ts';
import type { CheckPassword } from '../credentials/check-password.ts';
import type { Passwords } from '../credentials/passwords.ts';
import {
  err,
  ok,
  type Result,
  type Throttled,
  type UnverifiedEmail,
  type WrongCredentials,
} from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import type { Identifier } from '../identity.ts';
import type { Account, Client, LoginKind, Policy } from '../model.ts';
import type { Keyring } from '../secrets.ts';
import { deleteSession, openSession, type Sessions } from '../sessions/sessions.ts';
import { cookieSessionId, type Tokens } from '../sessions/tokens.ts';
import { whereUnchanged } from '../store/conditions.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { type CounterKey, forgiven, unknownCounter } from '../throttle/counters.ts';
import type { Devices } from '../throttle/devices.ts';
import type { Candidate, Throttle } from '../throttle/throttle.ts';

export interface LoginAttempt {
  identifier: Identifier;
  password: string;
  /** The kind of session to open. */
  open: LoginKind;
  client: Client;
  /** The cookie that the browser holds already: its session ends when the login succeeds. */
  replaces: string | null;
}

export interface LoggedIn {
  account: Account;
  token: string;
  /** For the browser or app to keep, and to show at the next login. */
  device: string;
}

/**
 * Checks a password and opens a session: two round trips to D1 and one hash. Refuses a wrong password, an unknown
 * identifier and a disabled account after the same work, and every attempt while the counter makes it wait.
 *
 * @example
 * const loggedIn = await core.login({ identifier: readIdentifier('ann'), password, open: 'cookie', client, replaces });
 * if (!loggedIn.ok) return refuse(loggedIn.error);
 */
export type Login = (
  attempt: LoginAttempt,
) => Promise<Result<LoggedIn, WrongCredentials | Throttled | UnverifiedEmail>>;

export interface LoginOptions {
  store: Store;
  sessions: Sessions;
  tokens: Tokens;
  devices: Devices;
  passwords: Passwords;
  keyring: Keyring;
  throttle: Throttle;
  checkPassword: CheckPassword;
  policy: Policy;
  requestVerification: EmailAddress['requestVerification'];
  nowMs: () => number;
}

export const createLogin = (options: LoginOptions): Login => {
  const { store, sessions, tokens, devices, passwords, keyring, throttle, checkPassword, nowMs } = options;
  const { policy, requestVerification } = options;

  const logIn = async (attempt: LoginAttempt, isRetry: boolean): ReturnType<Login> => {
    const { identifier, password, client } = attempt;

    // 1. On which device. One that has logged in to the account before is counted on its own.
    const device = await devices.read(client.device ?? null);

    // 2. The first round trip counts the attempt and finds the account; then one hash. A refused attempt stays counted.
    const checked = await checkPassword({
      account: whereIdentifier(identifier),
      unknown: await unknownCounter(keyring, identifier.key),
      device,
      password,
      client,
    });
    if (!checked.ok) return checked;
    const { candidate, counterKey } = checked.value;

    // 3. The password is right. What it is not enough for is decided here, before a session exists.
    if (policy.requiresVerifiedEmail && candidate.emailVerifiedAtMs === null) {
      throttle.undoAttempt(counterKey);
      await requestVerification(candidate.id, client);
      return err({ reason: 'unverified_email' });
    }

    // 4. The second round trip opens the session. If D1 fails at it, the attempt is undone.
    const opened = await throttle.undoOnError(counterKey, () => open(attempt, candidate, counterKey));

    // 5. The credential for the client, and the mark by which the device is known the next time.
    if (opened) {
      const { account, token, passwordHash } = opened;
      return ok({ account, token, device: await devices.write(device, { id: account.id, passwordHash }) });
    }

    // The account changed during the hash. If another login only replaced its outdated hash, the password is checked
    // against the new one, once. If the account was deleted, disabled or given another password, the attempt failed.
    if (!isRetry && (await passwords.needsRehash(candidate.passwordHash, password))) {
      throttle.undoAttempt(counterKey);
      return logIn(attempt, true);
    }
    throttle.recordFailure(counterKey, client);
    return err({ reason: 'wrong_credentials', known: true });
  };

  /** One batch: all of it, or nothing and null if the account is not as it was when its password was checked. */
  const open = async (
    { password, open: kind, client, replaces }: LoginAttempt,
    candidate: Candidate,
    counterKey: CounterKey,
  ) => {
    const now = nowMs();
    const passwordHash = (await passwords.needsRehash(candidate.passwordHash, password))
      ? await passwords.hash(password)
      : candidate.passwordHash;
    const issued = await tokens.issue(kind);
    const replacedId = await cookieSessionId(replaces);
    const asChecked = whereUnchanged(candidate);
    const { value, bookmark } = await store.primary((db) =>
      db.batch([
        ...openSession(db, issued, asChecked, client, policy.maxSessions),
        noteEventOf(db, 'login', asChecked, client, now),
        deleteSession(db, replacedId, asChecked),
        db
          .update(users)
          .set({ lastLoginAtMs: now, passwordHash, loginFailures: forgiven(counterKey) })
          .where(asChecked),
      ]),
    );
    const [stored] = value[0];
    if (!stored) return null;
    if (replacedId) sessions.forget([replacedId]);
    const { passwordHash: _, ...found } = candidate;
    const account = { ...found, lastLoginAtMs: now };
    const token = await sessions.handOut(issued, stored, account, bookmark);
    return token === null ? null : { account, token, passwordHash };
  };

  return (attempt) => logIn(attempt, false);
};

const whereIdentifier = ({ by, key }: Identifier): SQL =>
  eq(by === 'email' ? users.emailKey : users.usernameKey, key);
