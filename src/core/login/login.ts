// Logging in: the counter, the hash, and one batch that creates the session.
import { eq } from 'drizzle-orm';
import { type Candidate, isUnchanged, type Verification } from '../credentials/check-password.ts';
import type { Passwords } from '../credentials/passwords.ts';
import { type Result, refuse, succeed, type Throttled, type WrongCredentials } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import type { Identifier } from '../identity.ts';
import type { Account, Client, LoginKind } from '../model.ts';
import type { Keyring } from '../secrets.ts';
import { deleteSession, findDerived, insertSession, replaceSession } from '../sessions/rows.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tokens } from '../sessions/tokens.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Devices } from '../throttle/devices.ts';
import { resetCounter } from '../throttle/throttle.ts';

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
 * Checks a password and opens a session: two round trips to D1 and one hash. Refuses a wrong password, an
 * unknown identifier and a disabled account with the same work, and anything while the counter makes it wait.
 */
export type Login = (attempt: LoginAttempt) => Promise<Result<LoggedIn, WrongCredentials | Throttled>>;

export interface LoginOptions {
  store: Store;
  sessions: Sessions;
  tokens: Tokens;
  devices: Devices;
  passwords: Passwords;
  keyring: Keyring;
  verification: Verification;
  nowMs: () => number;
}

type Opened = Omit<LoggedIn, 'device'> & { passwordHash: string };

export const createLogin = (options: LoginOptions): Login => {
  const { store, sessions, tokens, devices, passwords, keyring, verification, nowMs } = options;

  /** Null where the account was deleted, disabled or given another password while its hash was checked. */
  const open = async (attempt: LoginAttempt, candidate: Candidate, key: string): Promise<Opened | null> => {
    const { passwordHash, ...account } = candidate;
    const now = nowMs();
    const newHash = (await passwords.needsRehash(passwordHash, attempt.password))
      ? await passwords.hash(attempt.password)
      : passwordHash;
    const draft = await tokens.draft(attempt.open);
    const replacedId = await tokens.idOfCookie(attempt.replaces);
    const asChecked = isUnchanged(candidate);
    const { value, bookmark } = await store.primary((db) =>
      db.batch([
        insertSession(db, draft, asChecked, attempt.client),
        noteEventOf(db, 'login', asChecked, attempt.client, now),
        resetCounter(db, key, asChecked),
        deleteSession(db, replacedId, asChecked),
        db.update(users).set({ lastLoginAtMs: now, passwordHash: newHash }).where(asChecked),
      ]),
    );
    const stored = value[0][0];
    if (!stored) return null;
    if (replacedId) sessions.forget([replacedId]);
    const loggedIn = { ...account, lastLoginAtMs: now };
    // The record of a derived token that lived on is there already; KV takes one write a second a key.
    if (stored.id === draft.id) sessions.record(draft, bookmark);
    const token = await tokens.reveal(draft, stored, account);
    if (token !== null) return { account: loggedIn, token, passwordHash: newHash };

    // Of many logins at once one replaces it; the others hand out what that one has put there.
    const { value: rows } = await store.primary((db) =>
      db.batch([replaceSession(db, stored, draft), findDerived(db, account.id)]),
    );
    const [current] = rows[1];
    const fresh = current ? await tokens.reveal(draft, current, account) : null;
    return fresh === null ? null : { account: loggedIn, token: fresh, passwordHash: newHash };
  };

  return async (attempt) => {
    const { identifier, password, client } = attempt;
    const device = await devices.read(client.device ?? null);
    const column = identifier.by === 'email' ? users.emailKey : users.usernameKey;
    const hidden = await keyring.sign('identifier', identifier.key);
    const wanted = {
      account: eq(column, identifier.key),
      unknown: `unknown:${hidden.toHex()}`,
      device,
      password,
      client,
    };
    for (let isAgain = false; ; isAgain = true) {
      const verified = await verification.verify(wanted);
      if (!verified.ok) return verified;
      const { candidate, counterKey } = verified.value;
      const opened = await verification.following(counterKey, open(attempt, candidate, counterKey));
      if (opened) {
        const { account, token, passwordHash } = opened;
        const mark = await devices.write(device, { id: account.id, passwordHash });
        return succeed({ account, token, device: mark });
      }
      // Of logins that replace an outdated hash at once, one comes first: the others check what it has put there.
      if (isAgain || !(await passwords.needsRehash(candidate.passwordHash, password))) {
        verification.settle(counterKey, candidate.id, client);
        return refuse({ reason: 'wrong_credentials', known: true });
      }
      verification.withdraw(counterKey);
    }
  };
};
