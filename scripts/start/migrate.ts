// Applies the migrations to the local database, all in one process. `wrangler d1 migrations apply` starts a runtime for
// each: 8 s for 20 of them. Deployments use wrangler's command.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../configuration.ts';
import type { Target } from '../import/target.ts';
import { messageOf } from '../terminal.ts';

/**
 * Wrangler's own list of applied migrations: each of the two continues what the other began.
 * https://developers.cloudflare.com/d1/reference/migrations/
 */
const createList = (table: string): string =>
  `CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

/**
 * Applies the migrations that are not applied yet, each in one transaction.
 * @returns their names
 * @throws Error with the name of a migration that fails. Those before it stay applied.
 */
export const applyMigrations = async (
  target: Pick<Target, 'query' | 'write'>,
  { folder, table }: Configuration['migrations'],
): Promise<string[]> => {
  const { unstable_splitSqlQuery: splitStatements } = await import('wrangler');
  const list = `"${table.replaceAll('"', '""')}"`;
  await target.write([createList(list)]);
  const [rows = []] = await target.query([`SELECT name FROM ${list}`]);
  const applied = new Set(rows.map(({ name }) => name));
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql') && !applied.has(name));
  for (const name of names.sort()) {
    const statements = splitStatements(readFileSync(join(folder, name), 'utf8'));
    const record = `INSERT INTO ${list} (name) VALUES ('${name.replaceAll("'", "''")}')`;
    try {
      await target.write([...statements, record]);
    } catch (error) {
      const text = error instanceof Error && typeof error.cause === 'string' ? error.cause : messageOf(error);
      throw new Error(`The migration ${name} could not be applied: ${text}`);
    }
  }
  return names;
};
