// Changes of credentials by their owner: password, email, username. Each needs the current password.
import { and, eq } from 'drizzle-orm';
import {
  err,
  type Gone,
  type LastAdmin,
  ok,
  type Reauthenticate,
  type Result,
  type Taken,
  type Throttled,
  type UniqueField,
  type WrongCredentials,
} from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import { usernameKey } from '../identity.ts';
import type { NoticeKind } from '../mail/kinds.ts';
import type { Mail } from '../mail/mail.ts';
import type { Account, Client, Principal } from '../model.ts';
import type { Proofs } from '../proofs/proofs.ts';
import { rebindProofs } from '../proofs/rows.ts';
import { countSessionsOf, endSessionsOf, renewSession, type Sessions } from '../sessions/sessions.ts';
import type { Tokens } from '../sessions/tokens.ts';
import { accountColumns } from '../store/columns.ts';
import { type CheckedAccount, whereHasSession, whereUnchanged } from '../store/conditions.ts';
import { users } from '../store/schema.ts';
import { isUniqueViolation, type Store } from '../store/store.ts';
import { type CounterKey, forgiven } from '../throttle/counters.ts';
import type { Devices } from '../throttle/devices.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { CheckedPassword, CheckPassword } from './check-password.ts';
import { changeOfEmail } from './email-change.ts';
import type { Passwords } from './passwords.ts';

type Refused = WrongCredentials | Throttled | Gone | Reauthenticate;

interface Change {
  type: EventType;
  /** The mail that tells the owner; null if there is none, or another mail does. */
  notice: NoticeKind | null;
  values: Partial<typeof users.$inferInsert>;
  endsOthers?: boolean;
  /** The new address, if it must be proven first. */
  pending?: { address: string; key: string };
}

/**
 * The renewed session after its password was confirmed. It has a new token; the old token is invalid.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.2.4
 */
export interface Renewed {
  token: string;
  /** For the browser or app to keep, as after a login. */
  device: string;
}

export interface Credentials {
  /**
   * Deletes the account if the password is correct and nothing changed while it was checked. Counted like a login, so
   * that a stolen session cannot guess the password. Refuses to delete the last admin.
   */
  deleteAccount(
    principal: Principal,
    password: string,
    client: Client,
  ): Promise<Result<null, Refused | LastAdmin>>;
  /** Checks the password, counted like a login, and continues the session with a new token as a recent one. */
  confirm(principal: Principal, password: string, client: Client): Promise<Result<Renewed, Refused>>;
  /**
   * Sets a new password, ends every other session of the account and renews this one, in one batch. Returns how many
   * others ended.
   */
  changePassword(
    principal: Principal,
    change: { current: string; next: string },
    client: Client,
  ): Promise<Result<Renewed & { endedSessions: number }, Refused>>;
  /**
   * Requests a new email and renews the session; the others go on. The email is pending until it is confirmed by a mail
   * to it. It changes at once if this deployment sends no mail, or if only the spelling changes.
   */
  changeEmail(
    principal: Principal,
    change: { password: string; email: string },
    client: Client,
  ): Promise<Result<Renewed & { account: Account }, Refused | Taken>>;
  /** Sets a new username and renews the session. Other sessions continue. */
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
  /** Which of the names another account has. */
  findTaken: (wanted: { [K in UniqueField]?: string | undefined }, forId: number) => Promise<Taken | null>;
  /** Removes the account if it has not changed since its password was checked. */
  remove: (
    id: number,
    client: Client,
    removal: {
      keepsLastAdmin: true;
      confirmed: { candidate: CheckedAccount; counterKey: CounterKey; sessionId: string };
    },
  ) => Promise<Result<null, Gone | LastAdmin>>;
  mail: Mail;
  proofs: Proofs;
  nowMs: () => number;
}

export const createCredentials = (options: CredentialsOptions): Credentials => {
  const { store, tokens, passwords, throttle, checkPassword, devices, findTaken, remove } = options;
  const { mail, proofs, nowMs } = options;

  /**
   * A password is enough only for a session that was opened with everything the account requires. If the account has a
   * second factor, the password is not enough for a session of an app password, an imported token, or a session from
   * before the factor was added. Otherwise anyone with the password and such a session could take over the account.
   */
  const check = async ({ account, session }: Principal, password: string, client: Client) => {
    if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' } as const);
    const checked = await checkIt(account, password, client);
    if (!checked.ok || checked.value.candidate.factors.length === 0 || session.factor !== null)
      return checked;
    throttle.undoAttempt(checked.value.counterKey);
    return err({ reason: 'reauthenticate' } as const);
  };

  const checkIt = async (account: Account, password: string, client: Client) =>
    checkPassword({
      account: eq(users.id, account.id),
      unknown: { key: 'gone', tag: String(account.id) },
      // With the device, so that a flood by a stranger does not make the owner wait here either.
      device: await devices.read(client.device ?? null),
      password,
      client,
    });

  /**
   * One batch: the new values, the event, the counter, and the renewed session. It changes nothing unless account and
   * session are as they were when the password was checked.
   */
  const change = async (
    principal: Principal,
    { candidate, counterKey }: CheckedPassword,
    { type, notice, values, pending, endsOthers = false }: Change,
    client: Client,
  ) => {
    const now = nowMs();
    const { session } = principal;
    const issued = await tokens.issue(session.kind);
    const asChecked = (sessionId: string) => and(whereUnchanged(candidate), whereHasSession(sessionId));
    const before = asChecked(session.id);
    const { value, bookmark } = await store.primary((db) =>
      db.batch([
        noteEventOf(db, type, before, client, now),
        mail.notify(db, notice, before, client),
        countSessionsOf(db, endsOthers ? candidate.id : null, before, session.id),
        ...endSessionsOf(db, endsOthers ? candidate.id : null, before, session.id),
        renewSession(db, session.id, issued, before),
        // The session has its new id by now.
        db
          .update(users)
          .set({ ...values, updatedAtMs: now, loginFailures: forgiven(counterKey) })
          .where(asChecked(issued.id))
          .returning(accountColumns),
        ...(values.passwordHash === undefined || endsOthers
          ? []
          : [rebindProofs(db, candidate, values.passwordHash)]),
        ...(pending
          ? proofs.request(db, {
              kind: 'change_email',
              account: and(eq(users.id, candidate.id), whereHasSession(issued.id)),
              to: pending,
              client,
            })
          : []),
      ]),
    );
    mail.sendSoon(value);
    const [, , [ended], latest, , [renewed], [account]] = value;
    if (!renewed || !account) return err({ reason: 'gone' });
    options.sessions.forget([session.id, ...latest.map(({ id }) => id)]);
    const token = await options.sessions.handOut(issued, renewed, account, bookmark);
    if (token === null) return err({ reason: 'gone' });
    const { passwordHash = candidate.passwordHash } = values;
    const known = await devices.read(client.device ?? null);
    const device = await devices.write(known, { id: account.id, passwordHash });
    return ok({ account, token, device, endedSessions: ended?.n ?? 0 });
  };

  const changeName = async (
    principal: Principal,
    password: string,
    wanted: Change & { field: UniqueField; name: string },
    client: Client,
  ) => {
    const checked = await check(principal, password, client);
    if (!checked.ok) return checked;
    const { counterKey, candidate } = checked.value;
    const names = { [wanted.field]: wanted.name };
    if (wanted.pending) {
      // No unique key covers a pending address, so it is checked here.
      const taken = await throttle.undoOnError(counterKey, () => findTaken(names, candidate.id));
      if (taken) {
        throttle.undoAttempt(counterKey);
        return err(taken);
      }
    }
    try {
      return await throttle.undoOnError(counterKey, async () => {
        // As at a login, an outdated hash is replaced. The device's mark also needs a hash of our own.
        const values = (await passwords.needsRehash(candidate.passwordHash, password))
          ? { ...wanted.values, passwordHash: await passwords.hash(password) }
          : wanted.values;
        return change(principal, checked.value, { ...wanted, values }, client);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const taken = await findTaken(names, candidate.id);
      return err(taken ?? ({ reason: 'taken', fields: [wanted.field], ownerId: null } as const));
    }
  };

  return {
    async deleteAccount(principal, password, client) {
      const checked = await check(principal, password, client);
      if (!checked.ok) return checked;
      const confirmed = { ...checked.value, sessionId: principal.session.id };
      return throttle.undoOnError(confirmed.counterKey, () =>
        remove(principal.account.id, client, { keepsLastAdmin: true, confirmed }),
      );
    },

    async confirm(principal, password, client) {
      const checked = await check(principal, password, client);
      if (!checked.ok) return checked;
      return throttle.undoOnError(checked.value.counterKey, () =>
        change(principal, checked.value, { type: 'reauthenticated', notice: null, values: {} }, client),
      );
    },

    async changePassword(principal, { current, next }, client) {
      const checked = await check(principal, current, client);
      if (!checked.ok) return checked;
      return throttle.undoOnError(checked.value.counterKey, async () => {
        const values = { passwordHash: await passwords.hash(next) };
        const wanted = {
          type: 'password_changed',
          notice: 'password_changed',
          values,
          endsOthers: true,
        } as const;
        return change(principal, checked.value, wanted, client);
      });
    },

    changeEmail(principal, { password, email }, client) {
      const wanted = changeOfEmail(principal.account, email, mail.settings !== null);
      return changeName(principal, password, { ...wanted, field: 'email', name: email }, client);
    },

    changeUsername(principal, { password, username }, client) {
      const values = { username, usernameKey: usernameKey(username) };
      const wanted = { type: 'username_changed', notice: 'username_changed', values } as const;
      return changeName(principal, password, { ...wanted, field: 'username', name: username }, client);
    },
  };
};
