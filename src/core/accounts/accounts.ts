// Accounts: create one with its first session, read, list, change and remove.
import { and, asc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { changeOfEmail } from '../credentials/email-change.ts';
import type { Passwords } from '../credentials/passwords.ts';
import {
  err,
  type Gone,
  type LastAdmin,
  ok,
  type Result,
  StoreUnavailable,
  type Taken,
  type UniqueField,
} from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import { emailKey, usernameKey } from '../identity.ts';
import { DEFAULT_LOCALE } from '../locales.ts';
import type { Mail } from '../mail/mail.ts';
import { type Account, type Client, type LoginKind, ownerProof } from '../model.ts';
import { changeNames, nameKey } from '../names.ts';
import type { Proofs } from '../proofs/proofs.ts';
import { formerHolders } from '../proofs/rows.ts';
import { deleteSession, endSessionsOf, insertSession, type Sessions } from '../sessions/sessions.ts';
import { cookieSessionId, type IssuedSession, type StoredSession, type Tokens } from '../sessions/tokens.ts';
import { accountColumns } from '../store/columns.ts';
import {
  type CheckedAccount,
  whereHasSession,
  whereNotLastAdmin,
  whereUnchanged,
} from '../store/conditions.ts';
import { users } from '../store/schema.ts';
import { type Answer, type Database, isUniqueViolation, type Store } from '../store/store.ts';
import { type CounterKey, forgiven } from '../throttle/counters.ts';
import type { Devices } from '../throttle/devices.ts';

/** The fields of a new account, validated by the dialect. */
export interface NewAccount {
  username: string | null;
  email: string;
  password: string;
  name?: string;
  firstName?: string;
  lastName?: string;
  address?: string;
  siteUrl?: string;
  description?: string;
  /** When the owner proved the email elsewhere; null or absent for never. */
  emailVerifiedAtMs?: number | null;
}

export interface Registration {
  client: Client;
  /** The kind of session to open; null for none. */
  open: LoginKind | null;
  /** The cookie that the browser already has: its session ends. */
  replaces: string | null;
  /**
   * Further statements of the batch, if no session is opened.
   * @param isNew the condition that finds the new account
   */
  also?: (db: Database, isNew: SQL) => readonly BatchItem<'sqlite'>[];
}

export interface Registered {
  account: Account;
  /** The token of the new session; null if none was opened. */
  token: string | null;
  /** The device text for the next login; null if no session was opened. */
  device: string | null;
}

/** What its owner may change of an account. */
export type ProfileChanges = {
  [K in 'name' | 'firstName' | 'lastName' | 'address' | 'siteUrl' | 'description' | 'pictureId' | 'locale']?:
    | Account[K]
    | undefined;
} & {
  /** Pending until it is proven, if this deployment sends mail. The caller asks for a recent session. */
  email?: string | undefined;
};

export interface Removal {
  /** The admin who does it; none if it is the owner. */
  actorId?: number;
  keepsLastAdmin?: boolean;
  /** The owner's proof: nothing is removed if account and session are not as they were when the password was checked. */
  confirmed?: Confirmed;
}

/** What a correct password of the owner proves. */
export interface Confirmed {
  candidate: CheckedAccount;
  counterKey: CounterKey;
  sessionId: string;
}

export interface Accounts {
  /**
   * Which of these names another account has. An address that an account gave up stays reserved for it while the change
   * can be undone.
   * @param forId the account that asks, to which its own former address is free
   */
  findTaken(
    wanted: { username?: string | undefined; email?: string | undefined },
    forId?: number,
  ): Promise<Taken | null>;
  /**
   * Creates an account and its session in one batch. Of several parallel registrations with one name, one succeeds.
   *
   * @example
   * const created = await core.accounts.create(
   *   { username: 'ann', email: 'ann@example.com', password },
   *   { client, open: 'cookie', replaces: null },
   * );
   * if (!created.ok) return refuse(created.error);
   */
  create(account: NewAccount, registration: Registration): Promise<Result<Registered, Taken>>;
  /** The account of that id; null if there is none. */
  get(id: number): Promise<Account | null>;
  /** The account that other services know by this id; null if there is none. */
  getByPublicId(publicId: string): Promise<Account | null>;
  /**
   * The account's public id. Costs a round trip only for an account that an older version created after the migration
   * added the column. Of parallel calls, one sets the id.
   * @throws StoreUnavailable if the account was deleted meanwhile
   */
  ensurePublicId(account: Account): Promise<string>;
  /** Accounts by id, `limit` of them at most, from after `afterId`; costs the same on every page. */
  list(page: { afterId: number; limit: number }): Promise<Account[]>;
  /**
   * Changes the profile.
   * @param account as it was read: its names tell which of the names that are sent change
   */
  update(
    account: Account,
    changes: ProfileChanges,
    type: EventType,
    client: Client,
  ): Promise<Result<Account, Gone | Taken>>;
  /**
   * Removes an account with its sessions and tokens. Its name is free again; its id is never reused. Refuses to remove
   * the last admin if one must remain: the document of `account` has no such refusal, so that dialect lets every
   * account go.
   */
  remove(id: number, client: Client, removal?: Removal): Promise<Result<null, Gone | LastAdmin>>;
}

export interface AccountsOptions {
  store: Store;
  sessions: Sessions;
  tokens: Tokens;
  devices: Devices;
  passwords: Passwords;
  mail: Mail;
  proofs: Proofs;
  nowMs: () => number;
}

export const createAccounts = (options: AccountsOptions): Accounts => {
  const { store, sessions, tokens, devices, passwords, mail, nowMs } = options;

  const findTaken: Accounts['findTaken'] = async (wanted, forId = 0) => {
    const keys = {
      username: wanted.username === undefined ? null : usernameKey(wanted.username),
      email: wanted.email === undefined ? null : emailKey(wanted.email),
    };
    if (keys.username === null && keys.email === null) return null;
    const { value: rows } = await store.primary((db) => {
      const holdsUsername = keys.username === null ? undefined : eq(users.usernameKey, keys.username);
      const holdsEmail =
        keys.email === null
          ? undefined
          : or(
              eq(users.emailKey, keys.email),
              inArray(users.id, formerHolders(db, keys.email, forId, nowMs())),
            );
      return db
        .select({
          id: users.id,
          usernameKey: users.usernameKey,
          holdsEmail: sql<number>`${holdsEmail ?? sql`0`}`,
        })
        .from(users)
        .where(or(holdsUsername, holdsEmail))
        .all();
    });
    const fields: UniqueField[] = [];
    if (keys.username !== null && rows.some((row) => row.usernameKey === keys.username))
      fields.push('username');
    const owner = rows.find((row) => row.holdsEmail === 1);
    if (owner) fields.push('email');
    return fields.length > 0 ? { reason: 'taken', fields, ownerId: owner?.id ?? null } : null;
  };

  return {
    findTaken,

    async create(wanted, { client, open, replaces, also }) {
      const unique = { username: wanted.username ?? undefined, email: wanted.email };
      const taken = await findTaken(unique);
      if (taken) return err(taken);

      const passwordHash = await passwords.hash(wanted.password);
      const issued = open && (await tokens.issue(open));
      const replacedId = await cookieSessionId(replaces);
      const row = newRow(wanted, passwordHash, client, nowMs());
      try {
        const { value, bookmark } = await storeAccount(options, { row, issued, client, replacedId, also });
        const { account, session } = value;
        if (replacedId) sessions.forget([replacedId]);
        if (!issued || !session) return ok({ account, token: null, device: null });
        const token = await sessions.handOut(issued, session, account, bookmark);
        const known = await devices.read(client.device ?? null);
        return ok({ account, token, device: await devices.write(known, { id: account.id, passwordHash }) });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        // Another registration took the name between the check and the batch. Its account may have been deleted since.
        const winner = await findTaken(unique);
        if (winner) return err(winner);
        throw new StoreUnavailable('The name was taken and given up at the same moment.', { cause: error });
      }
    },

    async get(id) {
      const { value } = await store.primary((db) =>
        db.select(accountColumns).from(users).where(eq(users.id, id)).get(),
      );
      return value ?? null;
    },

    async getByPublicId(publicId) {
      const { value } = await store.primary((db) =>
        db.select(accountColumns).from(users).where(eq(users.publicId, publicId)).get(),
      );
      return value ?? null;
    },

    async ensurePublicId(account) {
      if (account.publicId !== null) return account.publicId;
      const { value } = await store.primary((db) =>
        db
          .update(users)
          .set({ publicId: sql`coalesce(${users.publicId}, lower(hex(randomblob(16))))` })
          .where(eq(users.id, account.id))
          .returning({ publicId: users.publicId }),
      );
      const publicId = value[0]?.publicId ?? null;
      if (publicId === null) throw new StoreUnavailable('The account was deleted meanwhile.');
      return publicId;
    },

    async list({ afterId, limit }) {
      const { value } = await store.primary((db) =>
        db
          .select(accountColumns)
          .from(users)
          .where(gt(users.id, afterId))
          .orderBy(asc(users.id))
          .limit(limit)
          .all(),
      );
      return value;
    },

    async update(account, { name, firstName, lastName, email, ...changes }, type, client) {
      const { id } = account;
      const now = nowMs();
      const names = changeNames(account, { name, firstName, lastName });
      const profile = { ...changes, ...(names && { ...names, nameKey: nameKey(names) }) };
      // Clients send back what they have read. That is no change: a pending address stays pending.
      const change =
        email === undefined || email === account.email
          ? null
          : changeOfEmail(account, email, mail.settings !== null);
      // No unique key covers a pending address, so it is checked here.
      const taken = change?.pending ? await findTaken({ email }, id) : null;
      if (taken) return err(taken);
      const isProfile = change === null || Object.values(profile).some((value) => value !== undefined);
      const whereUsable = and(eq(users.id, id), isNull(users.disabledAtMs));
      try {
        const { value } = await store.primary((db) =>
          db.batch([
            mail.notify(db, change?.notice ?? null, whereUsable, client),
            db
              .update(users)
              .set({ ...profile, ...change?.values, updatedAtMs: now })
              .where(whereUsable)
              .returning(accountColumns),
            ...(isProfile ? [noteEventOf(db, type, whereUsable, client, now)] : []),
            ...(change ? [noteEventOf(db, change.type, whereUsable, client, now)] : []),
            ...(change?.pending
              ? options.proofs.request(db, {
                  kind: 'change_email',
                  account: whereUsable,
                  to: change.pending,
                  client,
                })
              : []),
          ]),
        );
        mail.sendSoon(value);
        const changed = value[1][0];
        return changed ? ok(changed) : err({ reason: 'gone' });
      } catch (error) {
        if (change === null || !isUniqueViolation(error)) throw error;
        const holder = await findTaken({ email }, id);
        return err(holder ?? ({ reason: 'taken', fields: ['email'], ownerId: null } as const));
      }
    },

    async remove(id, client, { actorId, keepsLastAdmin = false, confirmed } = {}) {
      const { value } = await store.primary((db) => {
        const whereConfirmed = and(
          eq(users.id, id),
          confirmed && and(whereUnchanged(confirmed.candidate), whereHasSession(confirmed.sessionId)),
        );
        const whereRemovable = and(whereConfirmed, keepsLastAdmin ? whereNotLastAdmin(db, id) : undefined);
        return db.batch([
          noteEventOf(db, 'deleted', whereRemovable, client, nowMs(), actorId),
          mail.notify(db, 'account_deleted', whereRemovable, client, { byAdmin: actorId !== undefined }),
          // Deleting the account deletes its sessions; these are the ones whose KV records go too.
          endSessionsOf(db, id, whereRemovable)[0],
          db.delete(users).where(whereRemovable).returning({ id: users.id }),
          db.select({ id: users.id }).from(users).where(whereConfirmed),
          // The password was correct, whether or not the account could be removed.
          ...(confirmed
            ? [
                db
                  .update(users)
                  .set({ loginFailures: forgiven(confirmed.counterKey) })
                  .where(eq(users.id, id)),
              ]
            : []),
        ]);
      }, actorId);
      mail.sendSoon(value);
      const [, , latest, removed, left] = value;
      sessions.forget(latest.map((session) => session.id));
      if (removed.length > 0) return ok(null);
      return err({ reason: left.length > 0 ? 'last_admin' : 'gone' });
    },
  };
};

const newRow = (
  wanted: NewAccount,
  passwordHash: string,
  client: Client,
  now: number,
): typeof users.$inferInsert => {
  const names = {
    name: wanted.name ?? '',
    firstName: wanted.firstName ?? '',
    lastName: wanted.lastName ?? '',
  };
  return {
    username: wanted.username,
    usernameKey: wanted.username === null ? null : usernameKey(wanted.username),
    email: wanted.email,
    emailKey: emailKey(wanted.email),
    passwordHash,
    ...names,
    nameKey: nameKey(names),
    address: wanted.address ?? '',
    siteUrl: wanted.siteUrl ?? '',
    description: wanted.description ?? '',
    emailVerifiedAtMs: wanted.emailVerifiedAtMs ?? null,
    createdAtMs: now,
    updatedAtMs: now,
    lastLoginAtMs: now,
    locale: client.locale ?? DEFAULT_LOCALE,
  };
};

interface Storing {
  row: typeof users.$inferInsert;
  issued: IssuedSession | null;
  client: Client;
  replacedId: string | null;
  also: Registration['also'];
}

interface Stored {
  account: Account;
  session: StoredSession | null;
}

/** Stores the account, its session and its event in one batch. The id is not known before. */
const storeAccount = async (
  { store, mail, proofs }: AccountsOptions,
  { row, issued, client, replacedId, also }: Storing,
): Promise<Answer<Stored>> => {
  const isNew = eq(users.emailKey, row.emailKey);
  const statements = (db: Database) =>
    [
      db.insert(users).values(row).returning(accountColumns),
      noteEventOf(db, 'registered', isNew, client, row.createdAtMs),
      deleteSession(db, replacedId),
    ] as const;
  const prove = (db: Database) =>
    row.emailVerifiedAtMs ? [] : proofs.request(db, { kind: 'verify_email', account: isNew, client });
  if (!issued) {
    const { value, bookmark } = await store.primary((db) =>
      db.batch([...statements(db), ...(also?.(db, isNew) ?? []), ...prove(db)]),
    );
    mail.sendSoon(value);
    return { value: { account: only(value[0]), session: null }, bookmark };
  }
  const { value, bookmark } = await store.primary((db) =>
    db.batch([
      ...statements(db),
      insertSession(db, issued, isNew, client, ownerProof(row.createdAtMs)),
      ...prove(db),
    ]),
  );
  mail.sendSoon(value);
  return { value: { account: only(value[0]), session: only(value[3]) }, bookmark };
};

/** The row that an insert returns. */
const only = <T>(rows: readonly T[]): T => {
  const [row] = rows;
  if (row === undefined) throw new Error('An insert returned no row.');
  return row;
};
