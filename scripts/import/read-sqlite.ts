// Reads a SQLite file of any service: finds the table of users, and does not change the file.
import { DatabaseSync } from 'node:sqlite';
import { flattenBetterAuth } from './better-auth.ts';
import type { Field } from './fields.ts';
import { type Found, InputError, RECORDS_AT_ONCE, type Records } from './records.ts';
import { chooseTable, type Table } from './tables.ts';
import { decodeBytes } from './text.ts';

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

const columnsOf = (database: DatabaseSync, table: string): string[] =>
  database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map(({ name }) => String(name));

const tablesOf = (database: DatabaseSync): Table[] =>
  database
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .all()
    .map(({ name }) => ({ name: String(name), columns: columnsOf(database, String(name)) }));

const has = (columns: readonly string[], ...wanted: string[]): boolean =>
  wanted.every((name) => columns.includes(name));

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

interface Plan {
  about: string;
  sql: string;
  isBetterAuth?: boolean;
}

/** The table of Django's user model: every one has `password` and `last_login` (AbstractBaseUser). */
const planDjango = (tables: readonly Table[], table: Table): Plan => {
  const key = table.columns.includes('id') ? 'id' : (table.columns[0] ?? 'rowid');
  const tokens = tables.find(({ name }) => name === 'authtoken_token');
  const hasTokens = tokens !== undefined && has(tokens.columns, 'key', 'user_id');
  const own = `t.${quoteName(key)}`;
  const token = hasTokens
    ? `(SELECT key FROM authtoken_token WHERE user_id = ${own} ORDER BY created DESC LIMIT 1)`
    : 'NULL';
  return {
    about: `a Django project's SQLite file, users of the table ${table.name}${hasTokens ? ' with their tokens' : ''}`,
    sql: `SELECT t.*, ${token} AS auth_token FROM ${quoteName(table.name)} AS t ORDER BY ${own}`,
  };
};

const isDjangoTable = ({ columns }: Table): boolean => has(columns, 'password', 'last_login');

const findDjangoTable = (tables: readonly Table[], model: string | null): Table => {
  const wanted = model?.toLowerCase().replace('.', '_');
  const candidates = tables.filter((table) =>
    wanted === undefined ? isDjangoTable(table) : table.name.toLowerCase() === wanted,
  );
  const [table, ...more] = candidates;
  if (table === undefined) throw new InputError(`There is no table of users${model ? ` ${wanted}` : ''}.`);
  if (more.length > 0)
    throw new InputError(
      `More than one table may be the users': ${candidates.map(({ name }) => name).join(', ')}. Use --model.`,
    );
  return table;
};

/** https://better-auth.com/docs/concepts/database#core-schema */
const isBetterAuth = (tables: readonly Table[]): boolean => {
  const columns = (name: string) => tables.find((table) => table.name === name)?.columns ?? [];
  return has(columns('user'), 'id', 'email') && has(columns('account'), 'userId', 'providerId', 'password');
};

const BETTER_AUTH: Plan = {
  about: "better-auth's SQLite file",
  sql: `SELECT u.*, (SELECT a.password FROM account AS a
  WHERE a.userId = u.id AND a.providerId = 'credential' LIMIT 1) AS password FROM "user" AS u ORDER BY u.rowid`,
  isBetterAuth: true,
};

export interface SqliteOptions {
  /** The format that the operator named; null to detect it. */
  format: 'django' | 'better-auth' | null;
  /** The user model of a Django project as `app.model`; null to detect it. */
  model: string | null;
  /** The table that the operator named. */
  table: string | null;
  map: ReadonlyMap<string, Field>;
}

const choosePlan = (tables: readonly Table[], { format, model, table, map }: SqliteOptions): Plan => {
  if (format === 'better-auth' && !isBetterAuth(tables))
    throw new InputError("better-auth's tables `user` and `account` are not in this file.");
  if (table === null) {
    if (format === 'better-auth' || (format === null && isBetterAuth(tables))) return BETTER_AUTH;
    const isDjango = format === 'django' || model !== null || tables.some(isDjangoTable);
    if (isDjango) return planDjango(tables, findDjangoTable(tables, model));
  }
  const chosen = chooseTable(tables, table, map);
  // A table without rowids has a primary key.
  return { about: `SQLite, the table ${chosen.name}`, sql: `SELECT * FROM ${quoteName(chosen.name)}` };
};

export const openSqlite = (path: string, options: SqliteOptions): Records => {
  const database = openDatabase(path);
  try {
    const plan = choosePlan(tablesOf(database), options);
    const { about, sql } = plan;
    const total = Number(database.prepare(`SELECT count(*) AS n FROM (${sql})`).get()?.['n'] ?? 0);
    const columns = database
      .prepare(sql)
      .columns()
      .map(({ name }) => String(name));
    let done = 0;
    return {
      about,
      columns,
      async *read() {
        done = 0;
        let found: Found[] = [];
        const statement = database.prepare(sql);
        // No value of an account is an integer that a JavaScript number cannot hold, so these stay texts.
        statement.setReadBigInts(true);
        for (const row of statement.iterate()) {
          done += 1;
          const record = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
          found.push({ at: `row ${done}`, record: plan.isBetterAuth ? flattenBetterAuth(record) : record });
          if (found.length < RECORDS_AT_ONCE) continue;
          yield found;
          found = [];
        }
        yield found;
      },
      fraction: () => (total === 0 ? 1 : done / total),
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};

const plain = (value: unknown): unknown => {
  // Ruby and others store texts as BLOB.
  if (value instanceof Uint8Array) return decodeBytes(Buffer.from(value));
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
};
