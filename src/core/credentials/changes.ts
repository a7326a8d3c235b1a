// What an owner changes of the account's credentials: each change asks for the password again.
import { and, eq, sql } from 'drizzle-orm';
import {
  err,
  type Gone,
  ok,
  type Result,
  type Taken,
  type Throttled,
  type UniqueField,
  type WrongCredentials,
} from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import { emailKey, usernameKey } from '../identity.ts';
import { type Account, accountColumns, type Client, type Principal } from '../model.ts';
import { deleteSessionsOf, renewSession, type Sessions } from '../sessions/sessions.ts';
import type { Tokens } from '../sessions/tokens.ts';
import { whereUnchanged } from '../store/conditions.ts';
import { sessions, users } from '../store/schema.ts';
import { isUniqueViolation, type Store } from '../store/store.ts';
import { forgiven } from '../throttle/counters.ts';
import type { Devices } from '../throttle/devices.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { CheckedPassword, CheckPassword } from './check-password.ts';
import type { Passwords } from './passwords.ts';

type Refused = WrongCredentials | Throttled | Gone;

interface Change {
  type: EventType;
  values: Partial<typeof users.$inferInsert>;
  endsOthers?: boolean;
}

/**
 * What stands for the account after its password was confirmed: the session goes on under a new token, and the one
 * that was shown is void.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.2.4
 */
export interface Renewed {
  token: string;
  /** For the browser or app to keep, as after a login. */
  device: string;
}

export interface Credentials {
  /** Whether the password is the account's; counts like a login, so that a stolen session cannot guess it. */
  checkPassword(principal: Principal, password: string, client: Client): Promise<Result<null, Refused>>;
  /**
   * Sets a new password, ends every other session of the account and renews this one, in one batch. Gives how many
   * others ended.
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
  throttle: Throttle;
  checkPassword: CheckPassword;
  devices: Devices;
  /** Which of the names an account holds already. */
  findTaken: (wanted: { [K in UniqueField]?: string | undefined }) => Promise<Taken | null>;
  nowMs: () => number;
}

export const createCredentials = (options: CredentialsOptions): Credentials => {
  const { store, tokens, passwords, throttle, checkPassword, devices, findTaken, nowMs } = options;

  const check = async ({ account }: Principal, password: string, client: Client) =>
    checkPassword({
      account: eq(users.id, account.id),
      unknown: { key: 'gone', tag: String(account.id) },
      // The owner's own device: a stranger who floods the account must not hold up its owner here either.
      device: await devices.read(client.device ?? null),
      password,
      client,
    });

  /**
   * One batch: the new values, their event, the counter, and the session under a new token; all of it only if account
   * and session are as they were when the password was checked.
   */
  const change = async (
    principal: Principal,
    { candidate, counterKey }: CheckedPassword,
    { type, values, endsOthers = false }: Change,
    client: Client,
  ) => {
    const now = nowMs();
    const { session } = principal;
    const issued = await tokens.issue(session.kind);
    const asChecked = (sessionId: string) =>
      and(
        whereUnchanged(candidate),
        sql`EXISTS (SELECT 1 FROM ${sessions} WHERE id = ${sessionId} AND user_id = ${users.id})`,
      );
    const before = asChecked(session.id);
    const { value, bookmark } = await store.primary((db) =>
      db.batch([
        noteEventOf(db, type, before, client, now),
        deleteSessionsOf(db, endsOthers ? candidate.id : null, before, session.id),
        renewSession(db, session.id, issued, before),
        // The session has its new id by now.
        db
          .update(users)
          .set({ ...values, updatedAtMs: now, loginFailures: forgiven(counterKey) })
          .where(asChecked(issued.id))
          .returning(accountColumns),
      ]),
    );
    const [, ended, [renewed], [account]] = value;
    if (!renewed || !account) return err({ reason: 'gone' });
    options.sessions.forget([session.id, ...ended.map(({ id }) => id)]);
    const token = await options.sessions.handOut(issued, renewed, account, bookmark);
    if (token === null) return err({ reason: 'gone' });
    const { passwordHash = candidate.passwordHash } = values;
    const known = await devices.read(client.device ?? null);
    const device = await devices.write(known, { id: account.id, passwordHash });
    return ok({ account, token, device, endedSessions: ended.length });
  };

  const changeName = async (
    principal: Principal,
    password: string,
    wanted: Change & { field: UniqueField },
    client: Client,
  ) => {
    const checked = await check(principal, password, client);
    if (!checked.ok) return checked;
    const { counterKey, candidate } = checked.value;
    try {
      return await throttle.undoOnError(counterKey, async () => {
        // As at a login: the password is at hand, and the device's mark is made of a hash of our own.
        const values = (await passwords.needsRehash(candidate.passwordHash, password))
          ? { ...wanted.values, passwordHash: await passwords.hash(password) }
          : wanted.values;
        return change(principal, checked.value, { ...wanted, values }, client);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const name = wanted.values.username ?? wanted.values.email ?? undefined;
      const taken = await findTaken({ [wanted.field]: name });
      return err(taken ?? ({ reason: 'taken', fields: [wanted.field], ownerId: null } as const));
    }
  };

  return {
    async checkPassword(principal, password, client) {
      const checked = await check(principal, password, client);
      if (!checked.ok) return checked;
      const { counterKey, candidate } = checked.value;
      await store.primary((db) =>
        db
          .update(users)
          .set({ loginFailures: forgiven(counterKey) })
          .where(eq(users.id, candidate.id)),
      );
      return ok(null);
    },

    async changePassword(principal, { current, next }, client) {
      const checked = await check(principal, current, client);
      if (!checked.ok) return checked;
      return throttle.undoOnError(checked.value.counterKey, async () => {
        const values = { passwordHash: await passwords.hash(next) };
        const wanted = { type: 'password_changed', values, endsOthers: true } as const;
        return change(principal, checked.value, wanted, client);
      });
    },

    changeEmail(principal, { password, email }, client) {
      const values = { email, emailKey: emailKey(email) };
      return changeName(principal, password, { field: 'email', type: 'email_changed', values }, client);
    },

    changeUsername(principal, { password, username }, client) {
      const values = { username, usernameKey: usernameKey(username) };
      return changeName(principal, password, { field: 'username', type: 'username_changed', values }, client);
    },
  };
};
