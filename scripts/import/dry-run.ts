// A target for dry runs: the database is only read. Writes go to a temporary file, which queries include.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../terminal.ts';
import { PROJECT, type Row } from '../wrangler.ts';
import { isTaken, Taken, type Target } from './target.ts';

/** An empty SQLite database with the tables of the migrations. */
export const createScratch = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
  const folder = join(PROJECT, 'migrations');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  for (const name of files.sort()) database.exec(readFileSync(join(folder, name), 'utf8'));
  return database;
};

/** A target in a SQLite database. */
export const openScratch = (database: DatabaseSync): Target => ({
  async query(statements) {
    return statements.map((sql): Row[] => database.prepare(sql).all());
  },
  async write(statements) {
    database.exec('BEGIN');
    try {
      for (const sql of statements) database.exec(sql);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      const text = messageOf(error);
      throw isTaken(text) ? new Taken(text) : error;
    }
  },
  async close() {
    database.close();
  },
});

/** Queries return what the database would return if the writes had been applied to it. */
export const openDryRun = (real: Target): Target => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-dry-run-'));
  const scratch = openScratch(createScratch(join(folder, 'scratch.db')));
  return {
    async query(statements) {
      const [there, here] = [await real.query(statements), await scratch.query(statements)];
      return statements.map((_, index) => [...(there[index] ?? []), ...(here[index] ?? [])]);
    },
    write: scratch.write,
    async close() {
      await scratch.close();
      rmSync(folder, { recursive: true, force: true });
      await real.close();
    },
  };
};
