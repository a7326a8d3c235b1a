// The migrations: none rebuilds or drops a table, and together they make what the schema says.
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
 * SQLite changes a column by rebuilding its table: a new one, a copy, `DROP TABLE`, a renaming. D1 enforces
 * foreign keys meanwhile, so the drop deletes the rows of every table that refers to it.
 * @see https://developers.cloudflare.com/d1/sql-api/foreign-keys/
 */
const rebuildsTable = (sql: string): boolean => /\bDROP\s+TABLE\b|__new_|\bRENAME\s+TO\b/i.test(sql);

describe('a migration', () => {
  it('is one of at least one', () => {
    expect(sqlFiles(MIGRATIONS).length).toBeGreaterThan(0);
  });

  it.each(sqlFiles(MIGRATIONS))('%s drops no table and rebuilds none', (name) => {
    expect(rebuildsTable(readFileSync(join(MIGRATIONS, name), 'utf8'))).toBe(false);
  });

  // The endpoint that runs them on a deployed database cuts a trigger at its first semicolon.
  // https://github.com/cloudflare/workers-sdk/issues/15690
  it.each(sqlFiles(MIGRATIONS))('%s makes no trigger', (name) => {
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
  ])('%s would be seen', (sql, isRebuild) => {
    expect(rebuildsTable(sql)).toBe(isRebuild);
  });

  it('is named in the journal, each once and in order', () => {
    const journal: unknown = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'));
    const tags = JSON.stringify(journal).match(/"tag":"[^"]+"/g) ?? [];
    expect(tags).toEqual(sqlFiles(MIGRATIONS).map((name) => `"tag":"${name.replace('.sql', '')}"`));
  });
});

it.each(['sessions', 'login_failures', 'imported_tokens', 'proofs', 'recovery_codes', 'spent_challenges'])(
  'the table %s keeps its rows in the index of its key',
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

  /** Generates what is missing in the copy, and tells which files that made. */
  const generate = (): string[] => {
    const before = new Set(sqlFiles(join(copy, 'migrations')));
    const tool = join(ROOT, 'node_modules/drizzle-kit/bin.cjs');
    execFileSync(process.execPath, [tool, 'generate'], { cwd: copy, stdio: 'pipe' });
    return sqlFiles(join(copy, 'migrations')).filter((name) => !before.has(name));
  };

  it('is what the migrations make: generating again makes nothing new', () => {
    expect(generate()).toEqual([]);
  });

  it('that gains a column gets a migration, which shows that a difference is seen', () => {
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
