// The migrations: none rebuilds or drops a table, and together they create the schema.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTriggers, TRIGGERS } from '../../src/core/webhooks/triggers.ts';

const ROOT = join(import.meta.dirname, '../..');
const MIGRATIONS = join(ROOT, 'migrations');

const sqlFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();

/**
 * SQLite changes a column by rebuilding its table: a new table, a copy, `DROP TABLE`, a rename. D1 enforces
 * foreign keys meanwhile, so the drop deletes the rows of every table that refers to it.
 * @see https://developers.cloudflare.com/d1/sql-api/foreign-keys/
 */
const rebuildsTable = (sql: string): boolean => /\bDROP\s+TABLE\b|__new_|\bRENAME\s+TO\b/i.test(sql);

/**
 * The one rebuild: no foreign key refers to `events` and none leads from it, so nothing is deleted with the old table,
 * and the Worker before it works on the new one (test/core/events/event-ids.test.ts).
 */
const REBUILDS_EVENTS = '0019_events_by_account.sql';

describe('the migrations', () => {
  it('exist', () => {
    expect(sqlFiles(MIGRATIONS).length).toBeGreaterThan(0);
  });

  it('rebuild no table but the events', () => {
    const sql = readFileSync(join(MIGRATIONS, REBUILDS_EVENTS), 'utf8');
    expect(sql.match(/\bDROP\s+TABLE\b.*|\bRENAME\s+TO\b.*/gi)).toEqual([
      'DROP TABLE `events`;--> statement-breakpoint',
      'RENAME TO `events`;',
    ]);
    const all = sqlFiles(MIGRATIONS).map((file) => readFileSync(join(MIGRATIONS, file), 'utf8'));
    expect(all.join('\n')).not.toMatch(/REFERENCES\s+`?events/i);
  });

  const others = sqlFiles(MIGRATIONS).filter((name) => name !== REBUILDS_EVENTS);
  it.each(others)('drop and rebuild no table in %s', (name) => {
    expect(rebuildsTable(readFileSync(join(MIGRATIONS, name), 'utf8'))).toBe(false);
  });

  // The API that runs them on a deployed database cuts a trigger at its first semicolon.
  // https://github.com/cloudflare/workers-sdk/issues/15690
  it.each(sqlFiles(MIGRATIONS))('create no trigger in %s', (name) => {
    expect(readFileSync(join(MIGRATIONS, name), 'utf8')).not.toMatch(/\bTRIGGER\b/i);
  });

  it.each([
    ['drop table users;', true],
    ['DROP  TABLE IF EXISTS `users`;', true],
    ['CREATE TABLE `__new_users` (`id` integer);', true],
    ['ALTER TABLE `__new_users` RENAME TO `users`;', true],
    ['ALTER TABLE `users` ADD `phone` text;', false],
    ['DROP INDEX `events_user_id`;', false],
    ['CREATE TABLE `news` (`id` integer);', false],
  ])('count %s as a rebuild: %s', (sql, isRebuild) => {
    expect(rebuildsTable(sql)).toBe(isRebuild);
  });

  it('appear in the journal once each, in order', () => {
    const journal: unknown = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'));
    const tags = JSON.stringify(journal).match(/"tag":"[^"]+"/g) ?? [];
    expect(tags).toEqual(sqlFiles(MIGRATIONS).map((name) => `"tag":"${name.replace('.sql', '')}"`));
  });
});

it.each([
  'sessions',
  'login_failures',
  'imported_tokens',
  'proofs',
  'recovery_codes',
  'spent_challenges',
  'events_by_account',
])('creates the table %s WITHOUT ROWID', (table) => {
  const [, body = ''] =
    RegExp(`CREATE TABLE \`${table}\` \\(([^;]*);`).exec(
      sqlFiles(MIGRATIONS)
        .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'))
        .join('\n'),
    ) ?? [];
  expect(body).toMatch(/\n\) WITHOUT ROWID$/);
});

describe('the schema', () => {
  let copy = '';

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'latchkey-migrations-'));
    cpSync(MIGRATIONS, join(copy, 'migrations'), { recursive: true });
    cpSync(join(ROOT, 'src/core'), join(copy, 'src/core'), { recursive: true });
    cpSync(join(ROOT, 'drizzle.config.ts'), join(copy, 'drizzle.config.ts'));
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });

  afterEach(() => {
    rmSync(copy, { recursive: true });
  });

  /** Generates missing migrations in the copy, and returns the names of the new files. */
  const generate = (): string[] => {
    const before = new Set(sqlFiles(join(copy, 'migrations')));
    const tool = join(ROOT, 'node_modules/drizzle-kit/bin.cjs');
    execFileSync(process.execPath, [tool, 'generate'], { cwd: copy, stdio: 'pipe' });
    return sqlFiles(join(copy, 'migrations')).filter((name) => !before.has(name));
  };

  it('matches the migrations: generating again creates no file', () => {
    expect(generate()).toEqual([]);
  });

  it('gets a migration for a new column', () => {
    const path = join(copy, 'src/core/store/schema.ts');
    const schema = readFileSync(path, 'utf8');
    const changed = schema.replace(
      "name: text('name').notNull().default(''),",
      "$&\n  phone: text('phone'),",
    );
    expect(changed).not.toBe(schema);
    writeFileSync(path, changed);
    const made = generate();
    expect(made).toHaveLength(1);
    expect(readFileSync(join(copy, 'migrations', made[0] ?? ''), 'utf8')).toBe(
      'ALTER TABLE `users` ADD `phone` text;',
    );
  });
});

describe('the rebuild of the events', () => {
  it('copies every event, also of deleted accounts, and leaves the triggers of other tables', () => {
    const database = new DatabaseSync(':memory:');
    const run = (name: string): void => {
      for (const statement of readFileSync(join(MIGRATIONS, name), 'utf8').split('--> statement-breakpoint'))
        database.exec(statement);
    };
    const files = sqlFiles(MIGRATIONS);
    for (const name of files.slice(0, files.indexOf(REBUILDS_EVENTS))) run(name);
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
      INSERT INTO events (user_id, actor_id, type, dialect, address_prefix, user_agent, created_at)
      SELECT i * 7 % 331, iif(i % 5, NULL, 1), 'login', 'id', '192.0.2.0/24', 'agent ' || i, i FROM n`);
    for (const statement of makeTriggers()) database.exec(statement);
    const read = () => database.prepare('SELECT * FROM events ORDER BY user_id, id').all();
    const before = read();
    expect(before).toHaveLength(1000);
    run(REBUILDS_EVENTS);
    expect(read()).toEqual(before);
    const triggers = () =>
      database.prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").all();
    expect(triggers().length).toBeGreaterThan(5);
    expect(triggers().filter((trigger) => trigger['tbl_name'] === 'events')).toEqual([]);
    // The scheduled run makes those of the events again.
    for (const statement of makeTriggers()) database.exec(statement);
    expect(triggers()).toHaveLength(TRIGGERS.size);
    database.close();
  });

  it('works on an empty table', () => {
    const database = new DatabaseSync(':memory:');
    for (const name of sqlFiles(MIGRATIONS)) database.exec(readFileSync(join(MIGRATIONS, name), 'utf8'));
    expect(database.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 0 });
    database.close();
  });
});
