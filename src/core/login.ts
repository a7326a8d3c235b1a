// Logging in and out: the counter, the hash, and one batch that makes the session.
import { and, eq, isNull } from 'drizzle-orm';
import type { Devices } from './devices.ts';
import { type Result, refuse, succeed, type Throttled, type WrongCredentials } from './errors.ts';
import { noteEvent, noteEventOf } from './events.ts';
import type { Identifier } from './identity.ts';
import {
  type Account,
  accountColumns,
  type Client,
  type Policy,
  type Principal,
  type SessionKind,
} from './model.ts';
import type { Passwords } from './passwords.ts';
import { users } from './schema.ts';
import type { Keyring } from './secrets.ts';
import { deleteSession, insertSession, replaceSession } from './session-rows.ts';
import type { Sessions } from './sessions.ts';
import type { Store } from './store.ts';
import {
  type CounterKey,
  countTry,
  isOnlyBusy,
  readCounter,
  resetCounter,
  secondsToWait,
  settleFailure,
} from './throttle.ts';
import type { Tokens } from './tokens.ts';

/** How often, and at what distance, a try is made again that other tries of the same moment keep waiting. */
const BUSY_PAUSES_MS = [100, 200, 400, 800, 1000, 1000];

export interface LoginAttempt {
  identifier: Identifier;
  password: string;
  /** The kind of session to open. */
  open: SessionKind;
  client: Client;
  /** What the browser or app was given when it last logged in. */
  device: string | null;
  /** The cookie that the browser holds already: its session ends when the login succeeds. */
  replaces: string | null;
}

export interface LoggedIn {
  account: Account;
  token: string;
  /** For the browser or app to keep, and to show at the next login. */
  device: string;
}

export interface Logins {
  /**
   * Checks a password and opens a session: two round trips to D1 and one hash. Refuses a wrong password, an
   * unknown identifier and a disabled account with the same work, and anything while the counter makes it wait.
   */
  logIn(attempt: LoginAttempt): Promise<Result<LoggedIn, WrongCredentials | Throttled>>;
  /** Ends the one session, at once and everywhere. */
  logOut(principal: Principal, client: Client): Promise<void>;
}

export interface LoginsOptions {
  store: Store;
  sessions: Sessions;
  tokens: Tokens;
  devices: Devices;
  passwords: Passwords;
  keyring: Keyring;
  policy: Policy;
  nowMs: () => number;
  pause: (milliseconds: number) => Promise<void>;
}

type Candidate = Account & { passwordHash: string };
type Opened = Omit<LoggedIn, 'device'>;

export const createLogins = (options: LoginsOptions): Logins => {
  const { store, sessions, tokens, devices, passwords, keyring, policy, nowMs, pause } = options;

  /** One round trip: the account, and its counter with this try counted in. */
  const begin = async (counter: CounterKey) => {
    const now = nowMs();
    const { value } = await store.primary((db) =>
      db.batch([
        db
          .select({ ...accountColumns, passwordHash: users.passwordHash })
          .from(users)
          .where(counter.account),
        readCounter(db, counter),
        countTry(db, counter, policy.throttle, now),
      ]),
    );
    const [[candidate], [before], [counted]] = value;
    return { candidate: candidate ?? null, before: before ?? null, key: counted?.key ?? null, now };
  };

  /** Begins once, and again after a short pause while only tries of the same moment stand in the way. */
  const beginPatiently = async (counter: CounterKey) => {
    let begun = await begin(counter);
    for (const milliseconds of BUSY_PAUSES_MS) {
      if (begun.key !== null || !begun.before || !isOnlyBusy(begun.before, policy.throttle, begun.now)) break;
      await pause(milliseconds);
      begun = await begin(counter);
    }
    return begun;
  };

  /** Null where the account was deleted, disabled or given another password while its hash was checked. */
  const open = async (attempt: LoginAttempt, candidate: Candidate, key: string): Promise<Opened | null> => {
    const { passwordHash, ...account } = candidate;
    const now = nowMs();
    const newHash = passwords.needsRehash(passwordHash)
      ? await passwords.hash(attempt.password)
      : passwordHash;
    const draft = await tokens.draft(attempt.open);
    const replacedId = await tokens.idOfCookie(attempt.replaces);
    const isUnchanged = and(
      eq(users.id, account.id),
      eq(users.passwordHash, passwordHash),
      isNull(users.disabledAtMs),
    );
    const { value, bookmark } = await store.primary((db) =>
      db.batch([
        insertSession(db, draft, isUnchanged, attempt.client),
        noteEventOf(db, 'login', isUnchanged, attempt.client, now),
        resetCounter(db, key),
        deleteSession(db, replacedId, isUnchanged),
        db.update(users).set({ lastLoginAtMs: now, passwordHash: newHash }).where(isUnchanged),
      ]),
    );
    const stored = value[0][0];
    if (!stored) return null;
    if (replacedId) sessions.forget([replacedId]);
    const loggedIn = { ...account, lastLoginAtMs: now };
    // The record of a derived token that lived on is there already; KV takes one write a second a key.
    if (stored.id === draft.id) sessions.record(draft, bookmark);
    const token = await tokens.reveal(draft, stored, account);
    if (token !== null) return { account: loggedIn, token };

    const replaced = await store.primary((db) => replaceSession(db, stored, draft));
    sessions.record(draft, replaced.bookmark);
    const fresh = await tokens.reveal(draft, draft, account);
    if (fresh === null) throw new Error('A token that was just made cannot be computed again.');
    return { account: loggedIn, token: fresh };
  };

  /** After the response. The same statements whether the account exists or not. */
  const settle = (key: string, candidate: Candidate | null, client: Client): void =>
    store.later('refused login not settled', () =>
      store.primary((db) =>
        db.batch([
          settleFailure(db, key),
          noteEventOf(db, 'login_refused', eq(users.id, candidate?.id ?? 0), client, nowMs()),
        ]),
      ),
    );

  return {
    async logIn(attempt) {
      const { identifier, password, client } = attempt;
      const device = await devices.read(attempt.device);
      const column = identifier.by === 'email' ? users.emailKey : users.usernameKey;
      const hidden = await keyring.sign('identifier', identifier.key);
      const counter = { account: eq(column, identifier.key), unknown: `unknown:${hidden.toHex()}`, device };
      const { candidate, before, key, now } = await beginPatiently(counter);
      if (key === null) {
        const retryAfterSeconds = before ? secondsToWait(before, policy.throttle, now) : 1;
        return refuse({ reason: 'throttled', retryAfterSeconds });
      }

      const isRight = candidate
        ? await passwords.verify(password, candidate.passwordHash)
        : await passwords.verifyNothing(password);
      if (candidate && isRight && candidate.disabledAtMs === null) {
        const loggedIn = await open(attempt, candidate, key);
        if (loggedIn) return succeed({ ...loggedIn, device: await devices.write(device, candidate.id) });
      }
      settle(key, candidate, client);
      return refuse({ reason: 'wrong_credentials', known: candidate !== null });
    },

    async logOut({ account, session }, client) {
      await store.primary((db) =>
        db.batch([deleteSession(db, session.id), noteEvent(db, 'logout', account.id, client, nowMs())]),
      );
      sessions.forget([session.id]);
    },
  };
};
