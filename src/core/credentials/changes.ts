// What an owner changes of the account's own credentials: each asks for the password once more.
import { and, eq, sql } from 'drizzle-orm';
import type { Registrations } from '../accounts/registration.ts';
import {
  type Gone,
  type Result,
  refuse,
  succeed,
  type Taken,
  type Throttled,
  type UniqueField,
  type WrongCredentials,
} from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import { emailKey, usernameKey } from '../identity.ts';
import { type Account, accountColumns, type Client, type Principal } from '../model.ts';
import { deleteSessionsOf, renewSession } from '../sessions/rows.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tokens } from '../sessions/tokens.ts';
import { sessions, users } from '../store/schema.ts';
import { isUniqueViolation, type Store } from '../store/store.ts';
import type { Devices } from '../throttle/devices.ts';
import { resetCounter } from '../throttle/throttle.ts';
import { isUnchanged, type Verification, type Verified } from './check-password.ts';
import type { Passwords } from './passwords.ts';

type Refused = WrongCredentials | Throttled | Gone;

interface Change {
  type: EventType;
  values: Partial<typeof users.$inferInsert>;
  endsOthers?: boolean;
}

/**
 * What stands for the account after its password was asked for once more: the session goes on under a new token,
 * and the one that was shown is good for nothing.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.2.4
 */
export interface Renewed {
  token: string;
  /** For the browser or app to keep, as after a login. */
  device: string;
}

export interface Credentials {
  /** Tells whether the password is the account's; counts like a login, so that a stolen session cannot guess it. */
  checkPassword(principal: Principal, password: string, client: Client): Promise<Result<null, Refused>>;
  /**
   * Sets a new password, ends every other session of the account and renews this one, in one batch. Gives how
   * many others ended.
   */
  changePassword(
    principal: Principal,
    change: { current: string; next: string },
    client: Client,
  ): Promise<Result<Renewed & { endedSessions: number }, Refused>>;
  /** Sets a new email and renews the session; the others go on. */
  changeEmail(
    principal: Principal,
    change: { password: string; email: string },
    client: Client,
  ): Promise<Result<Renewed & { account: Account }, Refused | Taken>>;
  /** Sets a new username and renews the session; the others go on. */
  changeUsername(
    principal: Principal,
    change: { password: string; username: string },
    client: Client,
  ): Promise<Result<Renewed & { account: Account }, Refused | Taken>>;
}

export interface CredentialsOptions {
  store: Store;
  sessions: Sessions;
  tokens: Tokens;
  passwords: Passwords;
  verification: Verification;
  devices: Devices;
  registrations: Registrations;
  nowMs: () => number;
}

export const createCredentials = (options: CredentialsOptions): Credentials => {
  const { store, sessions: sessionStore, tokens, passwords, verification, devices } = options;
  const { registrations, nowMs } = options;

  const verify = async ({ account }: Principal, password: string, client: Client) =>
    verification.verify({
      account: eq(users.id, account.id),
      unknown: `gone:${account.id}`,
      // The owner's own device: a stranger who floods the account must not hold up its owner here either.
      device: await devices.read(client.device ?? null),
      password,
      client,
    });

  /**
   * One batch: what is to be set of the account, its trail, the counter, and the session under a new token; all
   * of it only where account and session are as they were when the password was checked.
   */
  const change = async (
    principal: Principal,
    { candidate, counterKey }: Verified,
    made: Change,
    client: Client,
  ) => {
    const now = nowMs();
    const { session } = principal;
    const draft = await tokens.draft(session.kind);
    const asChecked = (sessionId: string) =>
      and(
        isUnchanged(candidate),
        sql`EXISTS (SELECT 1 FROM ${sessions} WHERE id = ${sessionId} AND user_id = ${users.id})`,
      );
    const before = asChecked(session.id);
    const { value, bookmark } = await store.primary((db) =>
      db.batch([
        noteEventOf(db, made.type, before, client, now),
        resetCounter(db, counterKey, before),
        deleteSessionsOf(db, made.endsOthers ? candidate.id : null, before, session.id),
        renewSession(db, session.id, draft, before),
        // The session has its new id by now.
        db
          .update(users)
          .set({ ...made.values, updatedAtMs: now })
          .where(asChecked(draft.id))
          .returning(accountColumns),
      ]),
    );
    const [, , ended, [renewed], [account]] = value;
    if (!renewed || !account) return refuse({ reason: 'gone' });
    sessionStore.forget([session.id, ...ended.map(({ id }) => id)]);
    sessionStore.record(draft, bookmark);
    const token = await tokens.reveal(draft, renewed, account);
    if (token === null) throw new Error('A token of this very moment cannot be made.');
    const { passwordHash = candidate.passwordHash } = made.values;
    const known = await devices.read(client.device ?? null);
    const device = await devices.write(known, { id: account.id, passwordHash });
    return succeed({ account, token, device, endedSessions: ended.length });
  };

  const changeKey = async (
    principal: Principal,
    password: string,
    made: Change & { field: UniqueField },
    client: Client,
  ) => {
    const verified = await verify(principal, password, client);
    if (!verified.ok) return verified;
    const { counterKey, candidate } = verified.value;
    // As at a login: the password is at hand, and the device's mark is made of a hash of ours.
    const values = (await passwords.needsRehash(candidate.passwordHash, password))
      ? { ...made.values, passwordHash: await passwords.hash(password) }
      : made.values;
    try {
      const renewed = change(principal, verified.value, { ...made, values }, client);
      return await verification.following(counterKey, renewed);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const wanted = made.values.username ?? made.values.email ?? undefined;
      const taken = await registrations.findTaken({ [made.field]: wanted });
      return refuse(taken ?? ({ reason: 'taken', fields: [made.field], ownerId: null } as const));
    }
  };

  return {
    async checkPassword(principal, password, client) {
      const verified = await verify(principal, password, client);
      if (!verified.ok) return verified;
      await store.primary((db) => resetCounter(db, verified.value.counterKey));
      return succeed(null);
    },

    async changePassword(principal, { current, next }, client) {
      const verified = await verify(principal, current, client);
      if (!verified.ok) return verified;
      const { counterKey } = verified.value;
      const values = { passwordHash: await passwords.hash(next) };
      const made = { type: 'password_changed', values, endsOthers: true } as const;
      return verification.following(counterKey, change(principal, verified.value, made, client));
    },

    changeEmail(principal, { password, email }, client) {
      const values = { email, emailKey: emailKey(email) };
      return changeKey(principal, password, { field: 'email', type: 'email_changed', values }, client);
    },

    changeUsername(principal, { password, username }, client) {
      const values = { username, usernameKey: usernameKey(username) };
      return changeKey(principal, password, { field: 'username', type: 'username_changed', values }, client);
    },
  };
};
