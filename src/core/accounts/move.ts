// Moves an account from the old service when its owner logs in here with the old password.
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import {
  canBeEmail,
  isMatchable,
  isPlaceholderEmail,
  isUsername,
  isWebUrl,
  placeholderEmail,
} from '../formats.ts';
import { emailKey, type Identifier, usernameKey } from '../identity.ts';
import type { Client } from '../model.ts';
import { digestOf } from '../secrets.ts';
import { importedAccounts, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import type { Accounts, NewAccount } from './accounts.ts';

/** A login to check with the old service. The name is sent as typed, because the old service may be case-sensitive. */
export interface OldLogin {
  by: Identifier['by'];
  name: string;
  password: string;
}

/** What the old service says about an account. Null for what it does not say. */
export interface OldAccount {
  id: string | null;
  username: string | null;
  email: string | null;
  /** Whether it says that the owner proved the email there. */
  isEmailVerified: boolean;
  name: string | null;
  firstName: string | null;
  lastName: string | null;
  address: string | null;
  siteUrl: string | null;
  description: string | null;
}

/** Asks the old service. Null for a wrong name or password, and if there is no answer. Never throws. */
export type AskOldService = (login: OldLogin) => Promise<OldAccount | null>;

/** Whether the account exists here now, so that the same login can be tried again. */
export type MoveAccount = (identifier: Identifier, password: string, client: Client) => Promise<boolean>;

export interface MoveAccountOptions {
  store: Store;
  accounts: Pick<Accounts, 'create'>;
  askOldService: AskOldService;
  nowMs: () => number;
  warn: (message: string, cause: unknown) => void;
}

/**
 * Creates the account with the given password. Changes no existing account: a name that another account has is a
 * conflict, which is logged and refused like a wrong password. An account that was deleted here is not created again.
 */
export const createMoveAccount =
  ({ store, accounts, askOldService, nowMs, warn }: MoveAccountOptions): MoveAccount =>
  async (identifier, password, client) => {
    const refuse = (reason: string): false => {
      warn('an account of the old service was not moved', reason);
      return false;
    };
    // No account has it, here or there.
    if (!isMatchable(identifier.text)) return false;
    const found = await askOldService({ by: identifier.by, name: identifier.text, password });
    if (!found) return false;
    const names = readNames(found);
    if (!names) return refuse('It has neither an email nor a username that an account can have here.');
    // Only the account whose password was checked counts, never an account with another name.
    if (!isNamed(names, identifier)) return refuse('It has another name than the login.');
    const digests = await digestsOf(names);
    if (await wasDeleted(store, digests)) return refuse('The account was deleted here.');

    const account: NewAccount = {
      ...names,
      ...readProfile(found),
      password,
      emailVerifiedAtMs: found.isEmailVerified && !isPlaceholderEmail(names.email) ? nowMs() : null,
    };
    const created = await accounts.create(account, {
      client,
      open: null,
      replaces: null,
      also: (db, isNew) => noteMoved(db, isNew, { ...digests, sourceId: readSourceId(found.id) }, nowMs()),
    });
    // A parallel login of the same person may have moved the account.
    if (created.ok || created.error.fields.includes(identifier.by)) return true;
    return refuse(`Another account has its ${created.error.fields.join(' and its ')}.`);
  };

interface Names {
  username: string | null;
  email: string;
}

/** Django's own limit, which the import has too. */
const MAX_USERNAME = 150;

/** Leaves out a username that is not allowed here. Without an email, a placeholder is used. Null if no name remains. */
const readNames = ({ username, email }: OldAccount): Names | null => {
  const named = (username ?? '').trim();
  const mailed = (email ?? '').trim();
  const ownName = isUsername(named) && named.length <= MAX_USERNAME ? named : null;
  if (canBeEmail(mailed) && !isPlaceholderEmail(mailed)) return { username: ownName, email: mailed };
  return mailed === '' && ownName !== null ? { username: ownName, email: placeholderEmail(ownName) } : null;
};

const isNamed = ({ username, email }: Names, { by, key }: Identifier): boolean =>
  by === 'email' ? emailKey(email) === key : username !== null && usernameKey(username) === key;

/** The same limits as the import: scripts/import/accounts.ts. */
const MAX_NAME = 255;
const MAX_ADDRESS = 200;
const MAX_DESCRIPTION = 1023;
const MAX_URL = 200;

const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t\r]/u;

/** A field that is not allowed here is left out rather than losing the account. */
const readProfile = (found: OldAccount) => {
  const text = (value: string | null, max: number, severalLines = false): string => {
    const trimmed = (value ?? '').trim();
    const isBad = (severalLines ? CONTROL_BUT_LINES : CONTROL).test(trimmed) || !trimmed.isWellFormed();
    return isBad || [...trimmed].length > max ? '' : trimmed;
  };
  const siteUrl = text(found.siteUrl, MAX_URL);
  return {
    name: text(found.name, MAX_NAME),
    firstName: text(found.firstName, MAX_NAME),
    lastName: text(found.lastName, MAX_NAME),
    address: text(found.address, MAX_ADDRESS, true),
    siteUrl: isWebUrl(siteUrl) ? siteUrl : '',
    description: text(found.description, MAX_DESCRIPTION, true),
  };
};

/** Longer than any id that a database generates. */
const MAX_SOURCE_ID = 128;

const readSourceId = (id: string | null): string | null =>
  id === null || id === '' || id.length > MAX_SOURCE_ID || !isMatchable(id) || CONTROL.test(id) ? null : id;

interface Digests {
  emailDigest: string;
  usernameDigest: string | null;
}

const digestsOf = async ({ email, username }: Names): Promise<Digests> => ({
  emailDigest: await digestOf(emailKey(email)),
  usernameDigest: username === null ? null : await digestOf(usernameKey(username)),
});

/** Whether an account with one of these names was moved from the old service and then deleted here. */
const wasDeleted = async (store: Store, { emailDigest, usernameDigest }: Digests): Promise<boolean> => {
  const { value } = await store.primary((db) => {
    const deleted = (isNamed: SQL) =>
      db
        .select({ id: importedAccounts.userId })
        .from(importedAccounts)
        .leftJoin(users, eq(users.id, importedAccounts.userId))
        .where(and(isNamed, isNull(users.id)))
        .limit(1);
    // Two statements: one with OR would scan all accounts that were ever imported.
    return db.batch([
      deleted(eq(importedAccounts.emailDigest, emailDigest)),
      deleted(eq(importedAccounts.usernameDigest, usernameDigest ?? NO_DIGEST)),
    ]);
  });
  return value.some((rows) => rows.length > 0);
};

/** No text has this digest. */
const NO_DIGEST = '';

/** Stored instead of the digest of an imported hash: a later import keeps the current password. */
const NO_HASH = '';

/** The statement that records where the account came from, as an import does, so that a later import recognises it. */
const noteMoved = (
  db: Database,
  isNew: SQL,
  { emailDigest, usernameDigest, sourceId }: Digests & { sourceId: string | null },
  nowMs: number,
) => [
  db
    .insert(importedAccounts)
    .select(
      sql`SELECT ${users.id}, ${sourceId}, ${emailDigest}, ${usernameDigest}, ${NO_HASH}, 0, 0, ${nowMs} FROM ${users} WHERE ${isNew}`,
    ),
];
