// Registration: which names are taken, and an account with its first session in one batch.
import { eq, or } from 'drizzle-orm';
import type { Passwords } from '../credentials/passwords.ts';
import { type Result, refuse, StoreUnavailable, succeed, type Taken, type UniqueField } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import { emailKey, usernameKey } from '../identity.ts';
import { type Account, accountColumns, type Client, type LoginKind } from '../model.ts';
import { deleteSession, insertSession, type StoredSession } from '../sessions/rows.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { SessionDraft, Tokens } from '../sessions/tokens.ts';
import { users } from '../store/schema.ts';
import { type Answer, type Database, isUniqueViolation, type Store } from '../store/store.ts';
import type { Devices } from '../throttle/devices.ts';

/** What makes an account. Everything has been checked by the dialect, whose rules differ. */
export interface NewAccount {
  username: string | null;
  email: string;
  password: string;
  name?: string;
  firstName?: string;
  lastName?: string;
}

export interface Registration {
  client: Client;
  /** The session to open with the account, null for none. */
  open: LoginKind | null;
  /** The cookie that the browser holds already: its session ends. */
  replaces: string | null;
}

export interface Registered {
  account: Account;
  /** The token of the session that was opened, null where none was. */
  token: string | null;
  /** For the browser or app to keep, and to show at the next login; null where no session was opened. */
  device: string | null;
}

export interface Registrations {
  /** Which of these an account holds already; the fields to ask about may be any or none. */
  findTaken(wanted: { username?: string | undefined; email?: string | undefined }): Promise<Taken | null>;
  /** Makes an account, and a session with it, in one batch. Of many at once with one name, one wins. */
  create(account: NewAccount, registration: Registration): Promise<Result<Registered, Taken>>;
}

export interface RegistrationsOptions {
  store: Store;
  sessions: Sessions;
  tokens: Tokens;
  devices: Devices;
  passwords: Passwords;
  nowMs: () => number;
}

export const createRegistrations = (options: RegistrationsOptions): Registrations => {
  const { store, sessions, tokens, devices, passwords, nowMs } = options;

  const findTaken: Registrations['findTaken'] = async (wanted) => {
    const keys = {
      username: wanted.username === undefined ? null : usernameKey(wanted.username),
      email: wanted.email === undefined ? null : emailKey(wanted.email),
    };
    if (keys.username === null && keys.email === null) return null;
    const { value: rows } = await store.primary((db) =>
      db
        .select({ id: users.id, usernameKey: users.usernameKey, emailKey: users.emailKey })
        .from(users)
        .where(
          or(
            keys.username === null ? undefined : eq(users.usernameKey, keys.username),
            keys.email === null ? undefined : eq(users.emailKey, keys.email),
          ),
        )
        .all(),
    );
    const fields: UniqueField[] = [];
    if (keys.username !== null && rows.some((row) => row.usernameKey === keys.username))
      fields.push('username');
    const owner = keys.email === null ? undefined : rows.find((row) => row.emailKey === keys.email);
    if (owner) fields.push('email');
    return fields.length > 0 ? { reason: 'taken', fields, ownerId: owner?.id ?? null } : null;
  };

  return {
    findTaken,

    async create(wanted, registration) {
      const { client, open, replaces } = registration;
      const unique = { username: wanted.username ?? undefined, email: wanted.email };
      const taken = await findTaken(unique);
      if (taken) return refuse(taken);

      const passwordHash = await passwords.hash(wanted.password);
      const draft = open && (await tokens.draft(open));
      const replacedId = await tokens.idOfCookie(replaces);
      const row = newRow(wanted, passwordHash, nowMs());
      try {
        const { value, bookmark } = await storeAccount(store, { row, draft, client, replacedId });
        const account = value.account;
        if (replacedId) sessions.forget([replacedId]);
        if (!draft || !value.session) return succeed({ account, token: null, device: null });
        sessions.record(draft, bookmark);
        const token = await tokens.reveal(draft, value.session, account);
        const device = await devices.write(await devices.read(client.device ?? null), {
          id: account.id,
          passwordHash,
        });
        return succeed({ account, token, device });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        // Another registration won between the check and the batch; or it lost its account again since.
        const winner = await findTaken(unique);
        if (winner) return refuse(winner);
        throw new StoreUnavailable('The name was taken and given up at the same moment.', { cause: error });
      }
    },
  };
};

const newRow = (wanted: NewAccount, passwordHash: string, now: number): typeof users.$inferInsert => ({
  username: wanted.username,
  usernameKey: wanted.username === null ? null : usernameKey(wanted.username),
  email: wanted.email,
  emailKey: emailKey(wanted.email),
  passwordHash,
  name: wanted.name ?? '',
  firstName: wanted.firstName ?? '',
  lastName: wanted.lastName ?? '',
  createdAtMs: now,
  updatedAtMs: now,
  lastLoginAtMs: now,
});

interface Storing {
  row: typeof users.$inferInsert;
  draft: SessionDraft | null;
  client: Client;
  replacedId: string | null;
}

interface Stored {
  account: Account;
  session: StoredSession | null;
}

/** The account, its session and its trail in one batch: all of it or nothing. The id is not known before. */
const storeAccount = async (
  store: Store,
  { row, draft, client, replacedId }: Storing,
): Promise<Answer<Stored>> => {
  const isNew = eq(users.emailKey, row.emailKey);
  const statements = (db: Database) =>
    [
      db.insert(users).values(row).returning(accountColumns),
      noteEventOf(db, 'registered', isNew, client, row.createdAtMs),
      deleteSession(db, replacedId),
    ] as const;
  if (!draft) {
    const { value, bookmark } = await store.primary((db) => db.batch(statements(db)));
    return { value: { account: only(value[0]), session: null }, bookmark };
  }
  const { value, bookmark } = await store.primary((db) =>
    db.batch([...statements(db), insertSession(db, draft, isNew, client)]),
  );
  return { value: { account: only(value[0]), session: only(value[3]) }, bookmark };
};

/** The row that an insert returns. */
const only = <T>(rows: readonly T[]): T => {
  const [row] = rows;
  if (row === undefined) throw new Error('An insert returned no row.');
  return row;
};
