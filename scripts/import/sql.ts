// The SQL of imports and exports. The local and the deployed database get the same text, without parameters, because a
// file cannot bind any.
import { endsSessions, type Update } from './merge.ts';
import { COLUMNS, digest, type NewRow } from './rows.ts';

type Value = string | number | null;

/** D1 takes statements of up to 100,000 bytes. https://developers.cloudflare.com/d1/platform/limits/ */
const MAX_STATEMENT_BYTES = 90_000;

/** A statement that reads is an argument of a command: 128 KiB on Linux, 32 KiB for all arguments on Windows. */
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
 * Lists of values as SQL texts, each a JSON array that fits a statement. JSON escapes every control character, so the
 * SQL of a row is one line, and no tool that splits files can split it.
 */
const packJson = (items: readonly (Value | readonly Value[])[], maxBytes = MAX_STATEMENT_BYTES): string[] => {
  const packs: string[] = [];
  let open: string[] = [];
  let bytes = 0;
  for (const item of items) {
    const json = JSON.stringify(item);
    // Quotes are doubled in SQL.
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

/** Statements that create the accounts. They fail if a name or an id is taken. */
export const insertAccounts = (rows: readonly NewRow[]): string[] => {
  const names = COLUMNS.map(([column]) => column).join(', ');
  const values = COLUMNS.map((_, index) => `value ->> ${index}`).join(', ');
  const packs = packJson(rows.map((row) => COLUMNS.map(([, pick]) => pick(row))));
  return packs.map((pack) => `INSERT INTO users (${names}) SELECT ${values} FROM json_each(${pack})`);
};

/** How an account is found: a new one by its email, because its id is not known, any other by its id. */
export type Key = 'email_key' | 'id';

const keyOf = (row: NewRow, by: Key): Value => (by === 'id' ? row.id : row.emailKey);

export interface SessionTimes {
  createdAtMs: number;
  expiresAtMs: number;
}

/** The kind of sessions for tokens of 40 hex digits that another service created. */
const IMPORTED_KIND = 'imported';

/**
 * Statements that import the tokens of these accounts. A token is imported once: if it has no session any more, it was
 * ended in Latchkey. Tokens of disabled accounts are not imported, because disabling ends tokens for good.
 */
export const insertSessions = (
  rows: readonly NewRow[],
  by: Key,
  { createdAtMs, expiresAtMs }: SessionTimes,
): string[] => {
  const pairs = rows.flatMap((row) => (row.tokenId === null ? [] : [[row.tokenId, keyOf(row, by)]]));
  return packJson(pairs).flatMap((pack) => [
    `INSERT INTO sessions (id, user_id, kind, nonce, created_at, last_seen_at, expires_at)
      SELECT value ->> 0, users.id, '${IMPORTED_KIND}', NULL, ${createdAtMs}, ${createdAtMs}, ${expiresAtMs}
      FROM json_each(${pack}) JOIN users ON users.${by} = value ->> 1
      WHERE users.disabled_at IS NULL AND value ->> 0 NOT IN (SELECT id FROM imported_tokens)
      ON CONFLICT DO NOTHING`,
    `INSERT INTO imported_tokens SELECT value ->> 0 FROM json_each(${pack}) WHERE true ON CONFLICT DO NOTHING`,
  ]);
};

/** Statements that import the authenticator apps of new accounts. */
export const insertGenerators = (rows: readonly NewRow[], nowMs: number): string[] => {
  const pairs = rows.flatMap(({ totp = null, emailKey }) => (totp === null ? [] : [[totp, emailKey]]));
  return packJson(pairs).map(
    (pack) => `INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at)
      SELECT users.id, 'totp', 'Authenticator app', value ->> 0, ${nowMs}, ${nowMs}
      FROM json_each(${pack}) JOIN users ON users.email_key = value ->> 1`,
  );
};

/** What `imported_accounts` stores about a record. */
export interface Imported {
  row: NewRow;
  saidAdmin: boolean;
  saidDisabled: boolean;
}

/** Statements that record which account came from which record, for later imports. */
export const noteImported = (accounts: readonly Imported[], by: Key, importedAtMs: number): string[] => {
  const items = accounts.map(({ row, saidAdmin, saidDisabled }) => [
    keyOf(row, by),
    row.sourceId,
    digest(row.emailKey),
    row.usernameKey === null ? null : digest(row.usernameKey),
    digest(row.passwordHash),
    saidAdmin ? 1 : 0,
    saidDisabled ? 1 : 0,
  ]);
  const columns = [
    'source_id',
    'email_digest',
    'username_digest',
    'password_digest',
    'is_admin',
    'is_disabled',
  ];
  const values = columns.map((_, index) => `value ->> ${index + 1}`).join(', ');
  const set = [...columns, 'imported_at'].map((column) => `${column} = excluded.${column}`).join(', ');
  return packJson(items).map(
    (pack) => `INSERT INTO imported_accounts (user_id, ${columns.join(', ')}, imported_at)
      SELECT users.id, ${values}, ${importedAtMs}
      FROM json_each(${pack}) JOIN users ON users.${by} = value ->> 0
      WHERE true ON CONFLICT (user_id) DO UPDATE SET ${set}`,
  );
};

/**
 * Statements that fail if the username or email of one of these accounts changed since it was read: they insert a NULL,
 * which is refused, and so is the whole batch.
 */
const assertUnchanged = (updates: readonly Update[]): string[] =>
  packJson(updates.map(({ id, emailKey, usernameKey }) => [id, emailKey, usernameKey])).map(
    (pack) => `INSERT INTO imported_tokens (id) SELECT NULL FROM json_each(${pack})
      WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = value ->> 0
        AND users.email_key = value ->> 1 AND users.username_key IS value ->> 2)`,
  );

/** The columns of `users` that one value of the record sets. */
const setColumn = (column: string, value: (column: string) => string): string[] => {
  if (column === 'email') {
    // Another address is not verified, and no change of address is pending.
    const ifSame = (name: string) =>
      `${name} = CASE WHEN users.email_key = ${value('email_key')} THEN users.${name} END`;
    return [
      ...['email', 'email_key'].map((name) => `${name} = ${value(name)}`),
      ...['email_verified_at', 'pending_email'].map(ifSame),
    ];
  }
  // If the file has no username, the account keeps its own.
  if (column === 'username')
    return ['username', 'username_key'].map((name) => `${name} = coalesce(${value(name)}, users.${name})`);
  if (column === 'last_login_at') return [`${column} = max(users.${column}, ${value(column)})`];
  return [`${column} = ${value(column)}`];
};

/**
 * An account has one name: the form that the record has replaces the other, which is empty in its row. If only one of
 * first and last name is sent, the key is not known here, and the scheduled run fills it in.
 */
const setOtherNames = (columns: readonly string[], value: (column: string) => string): string[] => {
  const [name, first, last] = ['name', 'first_name', 'last_name'].map((column) => columns.includes(column));
  if (!name && !first && !last) return [];
  const replaced = name ? ['first_name', 'last_name'] : ['name'];
  return [
    ...(name && (first || last) ? [] : replaced.map((column) => `${column} = ''`)),
    `name_key = ${first === last ? value('name_key') : 'NULL'}`,
  ];
};

const updateColumns = (updates: readonly Update[], nowMs: number): string[] => {
  // Records of one kind have the same columns: this is one group, or a few.
  const groups = new Map<string, Update[]>();
  for (const update of updates) {
    const key = update.columns.join();
    const group = groups.get(key);
    if (group) group.push(update);
    else groups.set(key, [update]);
  }
  const value = (column: string) => `value ->> ${COLUMNS.findIndex(([name]) => name === column)}`;
  return [...groups.values()].flatMap((group) => {
    const columns = group[0]?.columns ?? [];
    const set = [...columns.flatMap((column) => setColumn(column, value)), ...setOtherNames(columns, value)];
    const packs = packJson(group.map(({ row }) => COLUMNS.map(([, pick]) => pick(row))));
    return packs.map(
      (pack) => `UPDATE users SET ${[...set, `updated_at = ${nowMs}`].join(', ')}
        FROM json_each(${pack}) WHERE users.id = ${value('id')}`,
    );
  });
};

/** What allows a login without the password. An account that gets its password from the file loses all of it. */
export const TOKEN_TABLES = ['app_grants', 'sessions', 'app_passwords'] as const;

/** What an owner has set up or agreed to. Deleted if the account was created in Latchkey, maybe by a stranger. */
export const OWNERS_TABLES = ['factors', 'recovery_codes', 'proofs', 'app_consents'] as const;

/**
 * For such an account: no change of address is pending, and apps get another `sub`. With the old one, its new owner would
 * get what the stranger has there, and the other way round. `ensurePublicId` creates the new one.
 */
const FORGET_OWNER = 'pending_email = NULL, public_id = NULL';

const deleteOf = (tables: readonly string[], updates: readonly Update[]): string[] =>
  packJson(updates.map(({ id }) => id)).flatMap((pack) =>
    tables.map((table) => `DELETE FROM ${table} WHERE user_id IN (SELECT value FROM json_each(${pack}))`),
  );

/** SQL for the id of the next event of an account, as in src/core/events/events.ts. */
export const nextEventId = (userId: string, nowMs: number): string =>
  `max(${nowMs}, coalesce((SELECT max(events.id) + 1 FROM events WHERE events.user_id = ${userId}), 0))`;

/** Statements that record events for accounts whose password, rights or state an import changed. */
const noteEvents = (type: string, updates: readonly Update[], nowMs: number): string[] =>
  packJson(updates.map(({ id }) => id)).map(
    (
      pack,
    ) => `INSERT INTO events (id, user_id, actor_id, type, dialect, address_prefix, user_agent, created_at)
      SELECT ${nextEventId('value', nowMs)}, value, NULL, '${type}', 'import', NULL, NULL, ${nowMs} FROM json_each(${pack})`,
  );

const setFlag = (assignment: string, updates: readonly Update[]): string[] =>
  packJson(updates.map(({ id }) => id)).map(
    (pack) => `UPDATE users SET ${assignment} WHERE id IN (SELECT value FROM json_each(${pack}))`,
  );

/**
 * Statements that update accounts from the file: the columns of the record, and the rights that were decided. They end
 * older sessions where needed. They fail if the name of an account changed meanwhile.
 */
export const updateAccounts = (updates: readonly Update[], nowMs: number): string[] => {
  const ended = updates.filter(endsSessions);
  const taken = updates.filter(({ takesOver }) => takesOver);
  const gaining = updates.filter(({ admin }) => admin === 'gains');
  const losing = updates.filter(({ admin }) => admin === 'loses');
  const disabled = updates.filter(({ disables }) => disables);
  return [
    ...assertUnchanged(updates),
    ...deleteOf(TOKEN_TABLES, ended),
    ...deleteOf(OWNERS_TABLES, taken),
    ...setFlag(FORGET_OWNER, taken),
    ...updateColumns(updates, nowMs),
    ...setFlag('is_admin = 1', gaining),
    ...setFlag('is_admin = 0', losing),
    ...packJson(disabled.map(({ id, row }) => [id, row.disabledAtMs])).map(
      (pack) =>
        `UPDATE users SET disabled_at = value ->> 1 FROM json_each(${pack}) WHERE users.id = value ->> 0`,
    ),
    ...noteEvents(
      'password_changed',
      updates.filter(({ setsPassword }) => setsPassword),
      nowMs,
    ),
    ...noteEvents('admin_granted', gaining, nowMs),
    ...noteEvents('admin_revoked', losing, nowMs),
    ...noteEvents('disabled', disabled, nowMs),
  ];
};

const HOLDER_COLUMNS = `users.id, users.username_key, users.email_key, users.is_admin, users.disabled_at,
  users.created_at, imported.source_id, imported.email_digest, imported.password_digest,
  imported.is_admin AS was_admin, imported.is_disabled AS was_disabled, imported.imported_at`;

/** The accounts with any of these keys or ids, and what the last import recorded about them. */
export const findHolders = (
  rows: readonly Pick<NewRow, 'id' | 'sourceId' | 'usernameKey' | 'emailKey'>[],
): string[] => {
  const search = (column: string, values: readonly Value[]) => {
    const packs = packJson(
      values.filter((value) => value !== null),
      MAX_READ_BYTES,
    );
    return packs.map(
      (pack) =>
        `SELECT ${HOLDER_COLUMNS} FROM users LEFT JOIN imported_accounts AS imported ON imported.user_id = users.id
          WHERE ${column} IN (SELECT value FROM json_each(${pack}))`,
    );
  };
  return [
    ...search(
      'users.email_key',
      rows.map((row) => row.emailKey),
    ),
    ...search(
      'users.username_key',
      rows.map((row) => row.usernameKey),
    ),
    ...search(
      'users.id',
      rows.map((row) => row.id),
    ),
    ...search(
      'imported.source_id',
      rows.map((row) => row.sourceId),
    ),
  ];
};

/** The ids of new accounts: rows of `id` and `email_key`. */
export const findIds = (rows: readonly Pick<NewRow, 'emailKey'>[]): string[] =>
  packJson(
    rows.map(({ emailKey }) => emailKey),
    MAX_READ_BYTES,
  ).map(
    (pack) => `SELECT id, email_key FROM users WHERE email_key IN (SELECT value FROM json_each(${pack}))`,
  );

/** The admins who are not disabled: rows of `id`. */
export const FIND_ADMINS = 'SELECT id FROM users WHERE is_admin = 1 AND disabled_at IS NULL';

/** A page of imported accounts that were deleted in Latchkey, by id. */
export const selectDeletedImports = (afterId: number, limit: number): string =>
  `SELECT user_id, source_id, email_digest, username_digest FROM imported_accounts
    WHERE user_id > ${afterId} AND user_id NOT IN (SELECT id FROM users) ORDER BY user_id LIMIT ${limit}`;

/** Which of these ids belonged to a deleted account: rows of `user_id`. */
export const findDeleted = (ids: readonly number[]): string[] =>
  packJson(ids, MAX_READ_BYTES).map(
    (pack) =>
      `SELECT user_id FROM events WHERE type = 'deleted' AND user_id IN (SELECT value FROM json_each(${pack}))`,
  );

/** The highest id that was ever assigned: a row of `seq`, or none. */
export const FIND_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'users'";

/** A page of accounts by id, with all columns of an import. */
export const selectAccounts = (afterId: number, limit: number): string =>
  `SELECT ${COLUMNS.map(([column]) => column).join(', ')} FROM users WHERE id > ${afterId} ORDER BY id LIMIT ${limit}`;

/** The number of accounts: a row of `n`. */
export const COUNT_ACCOUNTS = 'SELECT count(*) AS n FROM users';
