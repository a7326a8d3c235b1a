// An account on its way into the table `users`, and how many of them become one SQL statement.

/** A row of `users` with the session that keeps its old token going. Times are milliseconds since the epoch. */
export interface NewRow {
  /** Null where the database is to give one. */
  id: number | null;
  username: string | null;
  usernameKey: string | null;
  email: string;
  emailKey: string;
  passwordHash: string;
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
  /** SHA-256 of the token that the account has, lower-case hex; null where it has none. */
  tokenId: string | null;
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
  ['address', (row) => row.address],
  ['site_url', (row) => row.siteUrl],
  ['description', (row) => row.description],
  ['picture_id', (row) => row.pictureId],
  ['is_admin', (row) => (row.isAdmin ? 1 : 0)],
  ['disabled_at', (row) => row.disabledAtMs],
  ['created_at', (row) => row.createdAtMs],
  ['updated_at', (row) => row.updatedAtMs],
  ['last_login_at', (row) => row.lastLoginAtMs],
];
