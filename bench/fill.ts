// Fills a database directly, in batches. Through the Worker, a million users would take a day.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** Rows per transaction. */
const BATCH_ROWS = 20_000;
const BAR_CHARACTERS = 40;

/** The folder of D1 below Miniflare's storage folder. */
const D1_FOLDER = join('d1', 'miniflare-D1DatabaseObject');

const findDatabase = (storage: string): string => {
  const folder = join(storage, D1_FOLDER);
  const name = readdirSync(folder).find((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  if (name === undefined) throw new Error(`There is no database in ${folder}.`);
  return join(folder, name);
};

const drawBar = (done: number, all: number): void => {
  if (!process.stderr.isTTY) return;
  const full = Math.round((done / all) * BAR_CHARACTERS);
  const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_CHARACTERS - full)}`;
  process.stderr.write(`\rfilling in ${all} users [${bar}]${done === all ? '\n' : ''}`);
};

/** Create the members `from` to `to - 1`, each with an active session, two events and the hash of the first account. */
const STATEMENTS = [
  `INSERT INTO users (username, username_key, email, email_key, password_hash, first_name, last_name,
     name_key, created_at, updated_at, last_login_at)
   SELECT name, name, name || '@bench.test', name || '@bench.test', hash, 'Member', 'No. ' || i,
     'member no. ' || i, :now, :now, :now
   FROM (SELECT i, printf('member%07d', i) AS name FROM n), (SELECT password_hash AS hash FROM users WHERE id = 1)`,
  `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
   SELECT lower(hex(randomblob(32))), i + 2, 'cookie', :now, :now, :now + 1000000000 + i FROM n`,
  `INSERT INTO events (user_id, id, type, dialect, created_at)
   SELECT i + 2, :now + at, type, 'account', :now
   FROM n, (SELECT 0 AS at, 'registered' AS type UNION ALL SELECT 1, 'login')`,
];

const RANGE = 'WITH RECURSIVE n(i) AS (SELECT :from UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :to) ';

const inRange = (statement: string): string => RANGE + statement;

/** Adds `users` members to a database that has one account, and makes that account an admin. */
export const fillDatabase = (storage: string, users: number): void => {
  const database = new DatabaseSync(findDatabase(storage));
  database.exec('PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF');
  const statements = STATEMENTS.map((statement) => database.prepare(inRange(statement)));
  const now = Date.now();
  for (let from = 0; from < users; from += BATCH_ROWS) {
    const to = Math.min(users, from + BATCH_ROWS);
    database.exec('BEGIN');
    for (const statement of statements) statement.run({ ':from': from, ':to': to, ':now': now });
    database.exec('COMMIT');
    drawBar(to, users);
  }
  database.exec('UPDATE users SET is_admin = 1 WHERE id = 1; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
};

const LITTER_ROWS = 2_000;

/** Statements that insert expired rows for the clean-up, dated `atMs`. Their number is the same at every size. */
export const leaveLitter = (atMs: number): string[] => {
  const range = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${LITTER_ROWS})`;
  return [
    `${range} INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
     SELECT lower(hex(randomblob(32))), i % 900 + 2, 'cookie', ${atMs}, ${atMs}, ${atMs} FROM n`,
    `${range} INSERT INTO events (user_id, id, type, dialect, created_at)
     SELECT i, ${atMs}, 'login', 'account', ${atMs} FROM n`,
    `${range} INSERT INTO login_failures (key, count, last_at) SELECT 'account:litter' || i, 1, ${atMs} FROM n`,
  ];
};
