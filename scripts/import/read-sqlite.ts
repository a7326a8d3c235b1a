// The SQLite file of a Django project, or of one that uses better-auth, read without being changed.
import { DatabaseSync } from 'node:sqlite';
import { flattenBetterAuth } from './better-auth.ts';
import { type Found, InputError, RECORDS_AT_ONCE, type Source } from './records.ts';

const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    throw new InputError(`SQLite cannot read it: ${error instanceof Error ? error.message : error}`);
  }
};

const tablesOf = (database: DatabaseSync): string[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => String(name));

const columnsOf = (database: DatabaseSync, table: string): string[] =>
  database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map(({ name }) => String(name));

const has = (columns: readonly string[], ...wanted: string[]): boolean =>
  wanted.every((name) => columns.includes(name));

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The table of Django's user model: every one has `password` and `last_login` (AbstractBaseUser). */
const findDjangoTable = (database: DatabaseSync, model: string | null): string => {
  const tables = tablesOf(database);
  const wanted = model?.toLowerCase().replace('.', '_');
  const candidates = tables.filter((table) =>
    wanted === undefined
      ? has(columnsOf(database, table), 'password', 'last_login')
      : table.toLowerCase() === wanted,
  );
  const [table, ...more] = candidates;
  if (table === undefined) throw new InputError(`There is no table of users${model ? ` ${wanted}` : ''}.`);
  if (more.length > 0)
    throw new InputError(`More than one table may be the users': ${candidates.join(', ')}. Use --model.`);
  return table;
};

const djangoQuery = (database: DatabaseSync, model: string | null): { about: string; sql: string } => {
  const table = findDjangoTable(database, model);
  const columns = columnsOf(database, table);
  const key = columns.includes('id') ? 'id' : columns[0];
  if (key === undefined) throw new InputError(`The table ${table} has no columns.`);
  const hasTokens = has(columnsOf(database, 'authtoken_token'), 'key', 'user_id');
  const own = `t.${quoteName(key)}`;
  const token = hasTokens
    ? `(SELECT key FROM authtoken_token WHERE user_id = ${own} ORDER BY created DESC LIMIT 1)`
    : 'NULL';
  return {
    about: `a Django project's SQLite file, users of the table ${table}${hasTokens ? ' with their tokens' : ''}`,
    sql: `SELECT t.*, ${token} AS auth_token FROM ${quoteName(table)} AS t ORDER BY ${own}`,
  };
};

/** https://better-auth.com/docs/concepts/database#core-schema */
const isBetterAuth = (database: DatabaseSync): boolean =>
  has(columnsOf(database, 'user'), 'id', 'email') &&
  has(columnsOf(database, 'account'), 'userId', 'providerId', 'password');

const BETTER_AUTH_SQL = `SELECT u.*, (SELECT a.password FROM account AS a
  WHERE a.userId = u.id AND a.providerId = 'credential' LIMIT 1) AS password FROM "user" AS u ORDER BY u.rowid`;

/**
 * @param format which of the two it is, null to find out
 * @param model the user model of a Django project as `app.model`, null to find it
 */
export const openSqlite = (
  path: string,
  format: 'django' | 'better-auth' | null,
  model: string | null,
): Source => {
  const database = openDatabase(path);
  try {
    if (format === 'better-auth' && !isBetterAuth(database))
      throw new InputError("better-auth's tables `user` and `account` are not in this file.");
    const itsOwn = format === 'better-auth' || (format === null && isBetterAuth(database));
    const { about, sql } = itsOwn
      ? { about: "better-auth's SQLite file", sql: BETTER_AUTH_SQL }
      : djangoQuery(database, model);
    const total = Number(database.prepare(`SELECT count(*) AS n FROM (${sql})`).get()?.['n'] ?? 0);
    let done = 0;
    return {
      about,
      async *read() {
        done = 0;
        let found: Found[] = [];
        const statement = database.prepare(sql);
        // Whole numbers that a JavaScript number cannot hold are none of an account: let them be texts.
        statement.setReadBigInts(true);
        for (const row of statement.iterate()) {
          done += 1;
          const record = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
          found.push({ at: `row ${done}`, record: itsOwn ? flattenBetterAuth(record) : record });
          if (found.length < RECORDS_AT_ONCE) continue;
          yield found;
          found = [];
        }
        yield found;
      },
      fraction: () => (total === 0 ? 1 : done / total),
      remarks: () => [],
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};

const plain = (value: unknown): unknown => {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
};
