// `npx node bench/bytes.ts`: the bytes that a user, a session and an event take in the database, including indexes.
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { readSchema } from './workerd.ts';

/** Enough rows that the initial size of a table does not affect the result. */
const ROWS = 50_000;

const database = new DatabaseSync(':memory:');
for (const statement of readSchema()) database.exec(statement);

const sizeInBytes = (): number => {
  const pages = Number(Object.values(database.prepare('PRAGMA page_count').get() ?? {})[0]);
  const bytes = Number(Object.values(database.prepare('PRAGMA page_size').get() ?? {})[0]);
  return pages * bytes;
};

/** Inserts rows with values of typical length and returns the bytes per row. */
const measure = (sql: string, valuesOf: (id: number) => (string | number)[]): number => {
  const before = sizeInBytes();
  const insert = database.prepare(sql);
  database.exec('BEGIN');
  for (let id = 1; id <= ROWS; id += 1) insert.run(...valuesOf(id));
  database.exec('COMMIT');
  return Math.round((sizeInBytes() - before) / ROWS);
};

const HASH = `$pbkdf2-sha512$i=75000,r=3$${'s'.repeat(22)}$${'h'.repeat(86)}`;
const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';
const NOW_MS = 1_795_000_000_000;

const bytes = {
  user: measure(
    `INSERT INTO users (username, username_key, email, email_key, password_hash, name, public_id, created_at, updated_at,
      last_login_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    (id) => {
      const name = `person${id.toString(36).padStart(6, '0')}`;
      const email = `${name}@example.com`;
      const publicId = randomBytes(16).toString('hex');
      return [name, name, email, email, HASH, 'Kate Ashdown', publicId, NOW_MS, NOW_MS, NOW_MS];
    },
  ),
  session: measure(
    `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at, user_agent, country)
      VALUES (?, ?, 'cookie', ?, ?, ?, ?, 'DE')`,
    (id) => [randomBytes(32).toString('hex'), id, NOW_MS, NOW_MS, NOW_MS, AGENT],
  ),
  event: measure(
    `INSERT INTO events (user_id, type, dialect, address_prefix, user_agent, created_at)
      VALUES (?, 'login', 'users', '203.0.113.0/24', ?, ?)`,
    (id) => [id, AGENT, NOW_MS],
  ),
};

console.log(JSON.stringify(bytes));
