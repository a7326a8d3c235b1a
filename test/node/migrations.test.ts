// The migrations: none rebuilds or drops a table, and together they create the schema.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

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

describe('the migrations', () => {
  it('exist', () => {
    expect(sqlFiles(MIGRATIONS).length).toBeGreaterThan(0);
  });

  it.each(sqlFiles(MIGRATIONS))('drop and rebuild no table in %s', (name) => {
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

it.each(['sessions', 'login_failures', 'imported_tokens', 'proofs', 'recovery_codes', 'spent_challenges'])(
  'creates the table %s WITHOUT ROWID',
  (table) => {
    const [, body = ''] =
      RegExp(`CREATE TABLE \`${table}\` \\(([^;]*);`).exec(
        sqlFiles(MIGRATIONS)
          .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'))
          .join('\n'),
      ) ?? [];
    expect(body).toMatch(/\n\) WITHOUT ROWID$/);
  },
);

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
