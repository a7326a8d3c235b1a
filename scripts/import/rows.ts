// An account as a row of the table `users`, and the SQL for many of them.
import { createHash } from 'node:crypto';
import { nameKey } from '../../src/core/names.ts';

/** A row of `users`, and the session for its existing token. Times are milliseconds since the epoch. */
export interface NewRow {
  /** Null if the database assigns one. */
  id: number | null;
  /** The id that the account has in the file, as text; null if it has none. */
  sourceId: string | null;
  username: string | null;
  usernameKey: string | null;
  email: string;
  emailKey: string;
  passwordHash: string;
  /** Computes the hash just before the row is written; null if the hash needs no computation. */
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
  /** When the owner verified the email, according to the file; null if unknown. */
  emailVerifiedAtMs: number | null;
  /** SHA-256 of the account's token, lower-case hex; null if there is none. */
  tokenId: string | null;
  /** Its TOTP secret and parameters, not encrypted yet; null if there are none. */
  totp?: string | null;
}

/** Which values of an account a record has. An update changes no others. */
export interface Sent {
  /** The columns of `users` for which the record has a value, even an empty one. */
  columns: ReadonlySet<string>;
  /** Whether the record has the time of creation, which helps to match the account. */
  createdAt: boolean;
  /** Whether the record has columns for admins and for disabled accounts. */
  admin: boolean;
  disabled: boolean;
}

/** The columns of `users` and their sources, in the order of the statements. */
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

/** 128 bits, so that no two texts of an import have the same digest. */
const DIGEST_CHARACTERS = 22;

/** The digest of a text for `imported_accounts`. It is only compared. */
export const digest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS);
/** Hashes that are computed in parallel. Node's thread pool has four threads. */
const HASHES_AT_ONCE = 4;

/** Computes the missing hashes. */
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
