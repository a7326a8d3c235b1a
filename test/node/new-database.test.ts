// OWASP ASVS 5.0, V6.3.2 and V6.4.2: a new database has no default account, and no password hint or secret question.
import { expect, it } from 'vitest';
import { openDatabase } from './import-support.ts';

const { database } = openDatabase();

const tables = database
  .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
  .all()
  .map(({ name }) => String(name));

it('has no row in any table after all migrations', () => {
  expect(tables).toContain('users');
  const filled = tables.filter((name) => database.prepare(`SELECT 1 FROM "${name}"`).get() !== undefined);
  expect(filled).toEqual([]);
});

it('has no column for a password hint, a secret question or its answer', () => {
  const columns = tables.flatMap((table) =>
    database
      .prepare(`SELECT name FROM pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => `${table}.${String(name)}`),
  );
  expect(columns.length).toBeGreaterThan(80);
  expect(columns.filter((name) => /hint|question|answer/.test(name))).toEqual([]);
});
