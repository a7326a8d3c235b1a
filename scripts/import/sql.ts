// The SQL of imports and exports. The same text goes to the database here and to the deployed one: no parameters,
// because what is sent as a file binds none.
import { COLUMNS, type NewRow } from './rows.ts';

type Value = string | number | null;

/** D1 takes statements of up to 100,000 bytes. https://developers.cloudflare.com/d1/platform/limits/ */
const MAX_STATEMENT_BYTES = 90_000;

/** One that reads travels as an argument of a command: 128 KiB on Linux, 32 KiB for all of it on Windows. */
const MAX_READ_BYTES = process.platform === 'win32' ? 24_000 : MAX_STATEMENT_BYTES;

/**
 * A text as SQL. NUL would end the statement for some readers, and a lone surrogate has no UTF-8.
 * @see https://www.sqlite.org/lang_expr.html#literal_values_constants_
 */
export const quote = (text: string): string => {
  if (text.includes('\0') || !text.isWellFormed()) throw new Error('A text holds what SQL cannot say.');
  return `'${text.replaceAll("'", "''")}'`;
};

/**
 * Lists of values as SQL texts, each a JSON array as long as a statement may be. JSON escapes every control
 * character, so the SQL of a row stands on one line and no tool that splits files can take it for two.
 */
const packJson = (items: readonly (Value | readonly Value[])[], maxBytes = MAX_STATEMENT_BYTES): string[] => {
  const packs: string[] = [];
  let open: string[] = [];
  let bytes = 0;
  for (const item of items) {
    const json = JSON.stringify(item);
    // Each quote is doubled in SQL.
    const size = Buffer.byteLength(json) + json.split("'").length;
    if (bytes + size > maxBytes && open.length > 0) {
      packs.push(quote(`[${open.join(',')}]`));
      open = [];
      bytes = 0;
    }
    open.push(json);
    bytes += size;
  }
  if (open.length > 0) packs.push(quote(`[${open.join(',')}]`));
  return packs;
};

/** Statements that make the accounts, and then their sessions. They fail where a name or an id is taken. */
export const insertAccounts = (rows: readonly NewRow[], sessions: SessionTimes): string[] => {
  const names = COLUMNS.map(([column]) => column).join(', ');
  const values = COLUMNS.map((_, index) => `value ->> ${index}`).join(', ');
  const packs = packJson(rows.map((row) => COLUMNS.map(([, pick]) => pick(row))));
  return [
    ...packs.map((pack) => `INSERT INTO users (${names}) SELECT ${values} FROM json_each(${pack})`),
    ...insertSessions(rows, sessions),
  ];
};

export interface SessionTimes {
  createdAtMs: number;
  expiresAtMs: number;
}

/** The kind under which a token that another service made is found again: as the 40 hex digits that it is. */
const IMPORTED_KIND = 'imported';

/**
 * Statements that let the tokens of these accounts be known. A token that is known already stays as it is; one of a
 * disabled account does not come along, since disabling ends tokens for good.
 */
export const insertSessions = (
  rows: readonly NewRow[],
  { createdAtMs, expiresAtMs }: SessionTimes,
): string[] => {
  const pairs = rows.flatMap(({ tokenId, emailKey }) => (tokenId === null ? [] : [[tokenId, emailKey]]));
  return packJson(pairs).map(
    (pack) => `INSERT INTO sessions (id, user_id, kind, nonce, created_at, last_seen_at, expires_at)
      SELECT value ->> 0, users.id, '${IMPORTED_KIND}', NULL, ${createdAtMs}, ${createdAtMs}, ${expiresAtMs}
      FROM json_each(${pack}) JOIN users ON users.email_key = value ->> 1
      WHERE users.disabled_at IS NULL ON CONFLICT DO NOTHING`,
  );
};

/** What an update leaves as it is: who the account is, since when, and what an import must not take from it. */
const KEPT_BY_UPDATE = new Set([
  'id',
  'created_at',
  'is_admin',
  'disabled_at',
  'updated_at',
  'last_login_at',
]);

/**
 * Statements that give accounts, by their id, the values of the file. An import makes admins and disables, but
 * neither takes admin away nor enables: both may have been decided here meanwhile. No admin is disabled by it.
 */
export const updateAccounts = (rows: readonly NewRow[], nowMs: number): string[] => {
  const sent = (column: string) => `value ->> ${COLUMNS.findIndex(([name]) => name === column)}`;
  const set = COLUMNS.flatMap(([column]) => {
    if (KEPT_BY_UPDATE.has(column)) return [];
    // An account that has a username keeps it where the file knows none.
    const isName = column === 'username' || column === 'username_key';
    return [`${column} = ${isName ? `coalesce(${sent(column)}, users.${column})` : sent(column)}`];
  });
  const isDisabled = `users.disabled_at IS NULL AND users.is_admin = 0 AND ${sent('disabled_at')} IS NOT NULL`;
  const packs = packJson(rows.map((row) => COLUMNS.map(([, pick]) => pick(row))));
  return packs.flatMap((pack) => [
    `DELETE FROM sessions WHERE user_id IN (
      SELECT users.id FROM json_each(${pack}) JOIN users ON users.id = ${sent('id')} WHERE ${isDisabled})`,
    `UPDATE users SET ${set.join(', ')}, updated_at = ${nowMs},
      disabled_at = CASE WHEN ${isDisabled} THEN ${sent('disabled_at')} ELSE users.disabled_at END,
      is_admin = max(users.is_admin, ${sent('is_admin')}),
      last_login_at = max(users.last_login_at, ${sent('last_login_at')})
      FROM json_each(${pack}) WHERE users.id = ${sent('id')}`,
  ]);
};

/** Which accounts hold any of these keys or ids: rows of `id`, `username_key`, `email_key`. */
export const findHolders = (rows: readonly Pick<NewRow, 'id' | 'usernameKey' | 'emailKey'>[]): string[] => {
  const search = (column: string, values: readonly Value[]) => {
    const packs = packJson(
      values.filter((value) => value !== null),
      MAX_READ_BYTES,
    );
    return packs.map(
      (pack) =>
        `SELECT id, username_key, email_key FROM users WHERE ${column} IN (SELECT value FROM json_each(${pack}))`,
    );
  };
  const emails = rows.map((row) => row.emailKey);
  const usernames = rows.map((row) => row.usernameKey);
  const ids = rows.map((row) => row.id);
  return [...search('email_key', emails), ...search('username_key', usernames), ...search('id', ids)];
};

/** Which of these ids an account had that was deleted: rows of `user_id`. */
export const findDeleted = (ids: readonly number[]): string[] =>
  packJson(ids, MAX_READ_BYTES).map(
    (pack) =>
      `SELECT user_id FROM events WHERE type = 'deleted' AND user_id IN (SELECT value FROM json_each(${pack}))`,
  );

/** The highest id that was ever given: a row of `seq`, or none. */
export const FIND_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'users'";

/** A page of accounts by their ids, with every column of an import. */
export const selectAccounts = (afterId: number, limit: number): string =>
  `SELECT ${COLUMNS.map(([column]) => column).join(', ')} FROM users WHERE id > ${afterId} ORDER BY id LIMIT ${limit}`;

/** How many accounts there are: a row of `n`. */
export const COUNT_ACCOUNTS = 'SELECT count(*) AS n FROM users';
