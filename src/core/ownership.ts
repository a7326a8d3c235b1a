// What an owner changes of the account's own credentials: each asks for the password once more.
import { and, eq, isNull, ne } from 'drizzle-orm';
import type { Devices } from './devices.ts';
import {
  type Gone,
  type Result,
  refuse,
  succeed,
  type Taken,
  type Throttled,
  type UniqueField,
  type WrongCredentials,
} from './errors.ts';
import { type EventType, noteEventOf } from './events.ts';
import { emailKey, usernameKey } from './identity.ts';
import { type Account, accountColumns, type Client, type Principal } from './model.ts';
import type { Passwords } from './passwords.ts';
import type { Registrations } from './registration.ts';
import { sessions, users } from './schema.ts';
import type { Sessions } from './sessions.ts';
import { isUniqueViolation, type Store } from './store.ts';
import { resetCounter } from './throttle.ts';
import type { Verification, Verified } from './verification.ts';

type Refused = WrongCredentials | Throttled | Gone;

export interface Ownership {
  /** Tells whether the password is the account's; counts like a login, so that a stolen session cannot guess it. */
  confirmPassword(principal: Principal, password: string, client: Client): Promise<Result<null, Refused>>;
  /** Sets a new password and ends every other session of the account, in one batch. Gives how many ended. */
  changePassword(
    principal: Principal,
    change: { current: string; next: string },
    client: Client,
  ): Promise<Result<{ endedSessions: number }, Refused>>;
  changeEmail(
    principal: Principal,
    change: { password: string; email: string },
    client: Client,
  ): Promise<Result<Account, Refused | Taken>>;
  changeUsername(
    principal: Principal,
    change: { password: string; username: string },
    client: Client,
  ): Promise<Result<Account, Refused | Taken>>;
}

export interface OwnershipOptions {
  store: Store;
  sessions: Sessions;
  passwords: Passwords;
  verification: Verification;
  devices: Devices;
  registrations: Registrations;
  nowMs: () => number;
}

export const createOwnership = (options: OwnershipOptions): Ownership => {
  const { store, sessions: sessionStore, passwords, verification, devices, registrations, nowMs } = options;

  const verify = async ({ account }: Principal, password: string, client: Client) =>
    verification.verify({
      account: eq(users.id, account.id),
      unknown: `gone:${account.id}`,
      // The owner's own device: a stranger who floods the account must not hold up its owner here either.
      device: await devices.read(client.device ?? null),
      password,
      client,
    });

  /** The account as it was when its password was checked: what changed meanwhile is not overwritten. */
  const unchanged = ({ candidate }: Verified) =>
    and(
      eq(users.id, candidate.id),
      eq(users.passwordHash, candidate.passwordHash),
      isNull(users.disabledAtMs),
    );

  const changeKey = async (
    principal: Principal,
    password: string,
    change: { field: UniqueField; type: EventType; values: Partial<typeof users.$inferInsert> },
    client: Client,
  ): Promise<Result<Account, Refused | Taken>> => {
    const verified = await verify(principal, password, client);
    if (!verified.ok) return verified;
    const now = nowMs();
    const account = unchanged(verified.value);
    try {
      const { value } = await store.primary((db) =>
        db.batch([
          db
            .update(users)
            .set({ ...change.values, updatedAtMs: now })
            .where(account)
            .returning(accountColumns),
          noteEventOf(db, change.type, account, client, now),
          resetCounter(db, verified.value.counterKey),
        ]),
      );
      const [changed] = value[0];
      return changed ? succeed(changed) : refuse({ reason: 'gone' });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await store.primary((db) => resetCounter(db, verified.value.counterKey));
      const wanted = change.values.username ?? change.values.email ?? undefined;
      const taken = await registrations.findTaken({ [change.field]: wanted });
      return refuse(taken ?? { reason: 'taken', fields: [change.field], ownerId: null });
    }
  };

  return {
    async confirmPassword(principal, password, client) {
      const verified = await verify(principal, password, client);
      if (!verified.ok) return verified;
      await store.primary((db) => resetCounter(db, verified.value.counterKey));
      return succeed(null);
    },

    async changePassword(principal, { current, next }, client) {
      const verified = await verify(principal, current, client);
      if (!verified.ok) return verified;
      const passwordHash = await passwords.hash(next);
      const now = nowMs();
      const { account, session } = principal;
      const isUnchanged = unchanged(verified.value);
      const isOther = and(eq(sessions.userId, account.id), ne(sessions.id, session.id));
      const { value } = await store.primary((db) =>
        db.batch([
          noteEventOf(db, 'password_changed', isUnchanged, client, now),
          resetCounter(db, verified.value.counterKey),
          db.delete(sessions).where(isOther).returning({ id: sessions.id }),
          db
            .update(users)
            .set({ passwordHash, updatedAtMs: now })
            .where(isUnchanged)
            .returning({ id: users.id }),
        ]),
      );
      const [, , ended, changed] = value;
      sessionStore.forget(ended.map(({ id }) => id));
      return changed.length > 0 ? succeed({ endedSessions: ended.length }) : refuse({ reason: 'gone' });
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
