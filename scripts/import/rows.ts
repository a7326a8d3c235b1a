// An account to be written to the table `users`, and the SQL for many of them.
import { createHash } from 'node:crypto';
import { nameKey } from '../../src/core/names.ts';

/** A row of `users` with the session that keeps its old token going. Times are milliseconds since the epoch. */
export interface NewRow {
  /** Null if the database is to give one. */
  id: number | null;
  /** The id that the account has in the file, as text; null if it has none. */
  sourceId: string | null;
  username: string | null;
  usernameKey: string | null;
  email: string;
  emailKey: string;
  passwordHash: string;
  /** Makes the hash if that is work, to be done just before the row is written; null if it is there already. */
  makeHash?: (() => Promise<string>) | null;
  name: string;
  firstName: string;
  lastName: string;
  address: string;
  siteUrl: string;
  description: string;
  pictureId: number | null;
  isAdmin: boolean;
  disabledAtMs: number | null;
  createdAtMs: number;
  updatedAtMs: number;
  lastLoginAtMs: number;
  /** When its owner proved the email, as the file says; null if it does not. */
  emailVerifiedAtMs: number | null;
  /** SHA-256 of the token that the account has, lower-case hex; null if it has none. */
  tokenId: string | null;
  /** Its generator of one-time codes, not encrypted yet; null if it has none. */
  totp?: string | null;
}

/** What a record has of an account: an update changes nothing else. */
export interface Sent {
  /** The columns of `users` that the record has a value for, empty or not. */
  columns: ReadonlySet<string>;
  /** Whether the record has the time of creation: it then helps to recognise the account. */
  createdAt: boolean;
  /** Whether it says who is an admin, and who is disabled. */
  admin: boolean;
  disabled: boolean;
}

/** The columns of `users` and where each comes from, in the order in which statements write them. */
export const COLUMNS: readonly [column: string, value: (row: NewRow) => string | number | null][] = [
  ['id', (row) => row.id],
  ['username', (row) => row.username],
  ['username_key', (row) => row.usernameKey],
  ['email', (row) => row.email],
  ['email_key', (row) => row.emailKey],
  ['password_hash', (row) => row.passwordHash],
  ['name', (row) => row.name],
  ['first_name', (row) => row.firstName],
  ['last_name', (row) => row.lastName],
  ['name_key', (row) => nameKey(row)],
  ['address', (row) => row.address],
  ['site_url', (row) => row.siteUrl],
  ['description', (row) => row.description],
  ['picture_id', (row) => row.pictureId],
  ['is_admin', (row) => (row.isAdmin ? 1 : 0)],
  ['disabled_at', (row) => row.disabledAtMs],
  ['created_at', (row) => row.createdAtMs],
  ['updated_at', (row) => row.updatedAtMs],
  ['last_login_at', (row) => row.lastLoginAtMs],
  ['email_verified_at', (row) => row.emailVerifiedAtMs],
];

/** 128 bits: enough that no two texts of any import share one. */
const DIGEST_CHARACTERS = 22;

/** The digest of a text in `imported_accounts`, for comparison only. */
export const digest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS);
/** Hashes that are made at a time. Each is computed in Node's thread pool, which has four threads. */
const HASHES_AT_ONCE = 4;

/** Makes the hashes that are yet to be made. */
export const makeHashes = async (rows: readonly NewRow[]): Promise<void> => {
  const unmade = rows.filter(({ makeHash }) => makeHash);
  for (let index = 0; index < unmade.length; index += HASHES_AT_ONCE) {
    const some = unmade.slice(index, index + HASHES_AT_ONCE);
    await Promise.all(
      some.map(async (row) => {
        row.passwordHash = (await row.makeHash?.()) ?? row.passwordHash;
      }),
    );
  }
};
