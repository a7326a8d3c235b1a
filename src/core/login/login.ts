// The login: one story from a name and a password to a session, in the order in which it happens.
import { and, eq, exists, type SQL, sql } from 'drizzle-orm';
import type { EmailAddress } from '../accounts/email.ts';
import type { MoveAccount } from '../accounts/move.ts';
import { hashAppPassword } from '../credentials/app-password.ts';
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
import type { Identifier } from '../identity.ts';
import {
  type Account,
  type Client,
  type FirstFactor,
  type LoginKind,
  ownerProof,
  type Policy,
  type SessionProof,
} from '../model.ts';
import { rebindProofs } from '../proofs/rows.ts';
import type { Keyring } from '../secrets.ts';
import { whereUnchanged } from '../store/conditions.ts';
import { appPasswords, sessions, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import type { Candidate } from '../throttle/candidate.ts';
import { type CounterKey, forgiven, undone, unknownCounter } from '../throttle/counters.ts';
import type { Devices } from '../throttle/devices.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { OpenSession, Statement } from './open-session.ts';

export interface LoginAttempt {
  identifier: Identifier;
  password: string;
  /** The kind of session to open. */
  open: LoginKind;
  client: Client;
  /** The cookie that the browser holds already: its session ends when the login succeeds. */
  replaces: string | null;
}

/** A login of a client that can ask for a second factor. */
export interface SignInAttempt extends LoginAttempt {
  /** What the browser keeps until it answers; null for a client that keeps the token itself. */
  holder: string | null;
  /** Whether an app password is good here. */
  takesAppPasswords: boolean;
}

export interface LoggedIn {
  account: Account;
  token: string;
  /** For the browser or app to keep, and to show at the next login. */
  device: string;
}

/** How a second factor can be proved, by the field names of the proof. */
export type FactorKind = 'passkey' | 'code' | 'recoveryCode';

/** The password was correct; a second factor must follow within five minutes. */
export interface NeededFactor {
  secondFactor: { token: string; kinds: FactorKind[] };
}

/**
 * What a login needs after its first factor. Loads the module for second factors.
 * @param firstFactor null for the password
 */
export type AskForFactor = (
  candidate: Candidate,
  open: LoginKind,
  holder: string | null,
  firstFactor: FirstFactor | null,
) => Promise<NeededFactor>;

type LoginRefused = WrongCredentials | Throttled | UnverifiedEmail;

export interface Logins {
  /**
   * Checks a password and opens a session: two round trips to D1 and one hash. Refuses a wrong password, an unknown
   * identifier and a disabled account after the same work, and every attempt while the counter makes it wait. For
   * clients that can ask for nothing but a password: an account with a second factor is refused like a wrong password,
   * and takes its app passwords.
   *
   * @example
   * const loggedIn = await core.login({ identifier: readIdentifier('ann'), password, open: 'cookie', client, replaces });
   * if (!loggedIn.ok) return refuse(loggedIn.error);
   */
  login(attempt: LoginAttempt): Promise<Result<LoggedIn, LoginRefused>>;
  /** The same for clients that can ask for a second factor: an account that has one opens no session without it. */
  signIn(attempt: SignInAttempt): Promise<Result<LoggedIn | NeededFactor, LoginRefused>>;
}

export interface LoginOptions {
  store: Store;
  devices: Devices;
  passwords: Passwords;
  keyring: Keyring;
  policy: Policy;
  throttle: Throttle;
  checkPassword: CheckPassword;
  requestVerification: EmailAddress['requestVerification'];
  openSession: OpenSession;
  askForFactor: AskForFactor;
  /** Moves an account from the old service if the name is unknown here; null if there is no old service. */
  moveAccount: MoveAccount | null;
  nowMs: () => number;
}

/** What a login may do besides opening a session for a correct password. */
interface Manner {
  takesAppPasswords: boolean;
  /** Null if the client cannot ask for a second factor. */
  asks: { holder: string | null } | null;
}

export const createLogin = (options: LoginOptions): Logins => {
  const { store, devices, passwords, keyring, policy, throttle, checkPassword, openSession, nowMs } = options;
  const { moveAccount } = options;

  const logIn = async (
    attempt: LoginAttempt,
    manner: Manner,
    isRetry = false,
  ): Promise<Result<LoggedIn | NeededFactor, LoginRefused>> => {
    const { identifier, password, open, client, replaces } = attempt;

    // 1. The device. A device that has logged in to the account before has its own counter.
    const device = await devices.read(client.device ?? null);
    let isMoved = false;
    const appPasswordHash = manner.takesAppPasswords ? await hashAppPassword(password) : null;

    // 2. The first round trip counts the attempt and finds the account; then one hash. A refused attempt stays counted.
    const checked = await checkPassword({
      account: whereIdentifier(identifier),
      unknown: await unknownCounter(keyring, identifier.key),
      device,
      appPassword: appPasswordHash === null ? null : { hash: appPasswordHash, dialect: client.dialect },
      password,
      client,
      onUnknown:
        moveAccount &&
        (async () => {
          isMoved = !isRetry && (await moveAccount(identifier, password, client));
          return isMoved;
        }),
    });
    if (isMoved) return logIn(attempt, manner, true);
    if (!checked.ok) return moveAccount ? asIfKnown(checked) : checked;
    const { candidate, counterKey } = checked.value;
    const { appPasswordId } = candidate;

    // 3. The password is correct. Whatever it is not enough for is decided here, before a session exists.
    if (policy.requiresVerifiedEmail && candidate.emailVerifiedAtMs === null) {
      throttle.undoAttempt(counterKey);
      await options.requestVerification(candidate.id, client);
      return err({ reason: 'unverified_email' });
    }
    // An app password is always enough. An ordinary password is not enough if a second factor is on, unless the account
    // trusts the browser. A client that cannot ask for a second factor is refused as for a wrong password, after the
    // same work: a stranger learns neither that the password was correct nor that there is a second factor.
    if (appPasswordId === null) {
      const isProtected = candidate.factors.length > 0;
      const needsMore = manner.asks
        ? isProtected && !isTrusted(device, candidate)
        : isProtected || policy.appPasswordsOnly;
      if (needsMore && manner.asks) return askForMore(attempt, candidate, counterKey, manner.asks.holder);
      if (needsMore) {
        throttle.recordFailure(counterKey, client);
        return err({ reason: 'wrong_credentials', known: true });
      }
    }

    // 4. The second round trip opens the session. If D1 fails, the attempt is undone.
    const opened = await throttle.undoOnError(counterKey, async () =>
      openSession({
        candidate,
        passwordHash: await renewedHash(candidate, password),
        open,
        proof: proofOf(candidate),
        client,
        replaces,
        loginFailures: appPasswordId === null ? forgiven(counterKey) : undone(counterKey),
        ...(appPasswordId === null ? {} : useAppPassword(appPasswordId, open)),
      }),
    );

    // 5. The credential for the client, and the mark by which the device is known the next time.
    if (opened) {
      const { account, token, passwordHash } = opened;
      return ok({ account, token, device: await devices.write(device, { id: account.id, passwordHash }) });
    }

    // The account changed during the hash. If another login only replaced its outdated hash, the password is checked
    // against the new one, once. If the account was deleted, disabled or given another password, the attempt failed.
    if (!isRetry && (await passwords.needsRehash(candidate.passwordHash, password))) {
      throttle.undoAttempt(counterKey);
      return logIn(attempt, manner, true);
    }
    throttle.recordFailure(counterKey, client);
    return err({ reason: 'wrong_credentials', known: true });
  };

  const isTrusted = (device: Parameters<Devices['isTrusted']>[0], candidate: Candidate): boolean =>
    devices.isTrusted(
      device,
      candidate,
      candidate.factors.map(({ id }) => id),
    );

  /** An app password is not the account's password: the account's hash stays as it is. */
  const renewedHash = async (
    { passwordHash, appPasswordId }: Candidate,
    password: string,
  ): Promise<string> =>
    appPasswordId === null && (await passwords.needsRehash(passwordHash, password))
      ? passwords.hash(password)
      : passwordHash;

  const proofOf = ({ appPasswordId, factors }: Candidate): SessionProof =>
    appPasswordId === null
      ? ownerProof(nowMs(), factors.length > 0 ? 'trusted_browser' : null)
      : { authenticatedAtMs: null, appPasswordId, firstFactor: null, factor: null };

  /** The session opens only while the app password exists. Its last use is noted. */
  const useAppPassword = (id: number, open: LoginKind) => {
    const isIt = eq(appPasswords.id, id);
    return {
      onlyIf: (db: Database) => exists(db.select({ id: appPasswords.id }).from(appPasswords).where(isIt)),
      also: (db: Database): Statement[] => [
        db
          .update(appPasswords)
          .set({
            lastUsedAtMs: nowMs(),
            ...(open === 'derived' && {
              derivedSessionId: sql`(${db
                .select({ id: sessions.id })
                .from(sessions)
                .where(and(eq(sessions.userId, appPasswords.userId), sql`${sessions.kind} = 'derived'`))})`,
            }),
          })
          .where(isIt),
      ],
    };
  };

  /**
   * The password was correct, and a second factor must follow. The attempt is undone, but earlier failures are kept:
   * otherwise anyone with the password could guess codes for ever. An outdated hash is replaced now, while the password
   * is available.
   */
  const askForMore = async (
    { password, open }: LoginAttempt,
    candidate: Candidate,
    counterKey: CounterKey,
    holder: string | null,
  ) => {
    const passwordHash = await renewedHash(candidate, password);
    await throttle.undoOnError(counterKey, () =>
      store.primary((db) =>
        db.batch([
          db
            .update(users)
            .set({ passwordHash, loginFailures: undone(counterKey) })
            .where(whereUnchanged(candidate)),
          ...(passwordHash === candidate.passwordHash ? [] : [rebindProofs(db, candidate, passwordHash)]),
        ]),
      ),
    );
    return ok(await options.askForFactor({ ...candidate, passwordHash }, open, holder, null));
  };

  return {
    async login(attempt) {
      const loggedIn = await logIn(attempt, { takesAppPasswords: true, asks: null });
      if (!loggedIn.ok) return loggedIn;
      if ('secondFactor' in loggedIn.value) throw new Error('A second factor was asked for by mistake.');
      return ok(loggedIn.value);
    },
    signIn: ({ holder, takesAppPasswords, ...attempt }) =>
      logIn(attempt, { takesAppPasswords, asks: { holder } }),
  };
};

/** The account may exist at the old service, so the refusal must not say that there is no such account. */
const asIfKnown = (refused: { ok: false; error: WrongCredentials | Throttled }): typeof refused =>
  refused.error.reason === 'wrong_credentials' ? err({ ...refused.error, known: true }) : refused;

const whereIdentifier = ({ by, key }: Identifier): SQL =>
  eq(by === 'email' ? users.emailKey : users.usernameKey, key);
