// The database of a command: the local one, or the deployed one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../terminal.ts';
import {
  explainRefusal,
  isRow,
  PROJECT,
  queryWithWrangler,
  type Row,
  runWrangler,
  targetFlags,
} from '../wrangler.ts';

export interface Target {
  /** Runs statements that only read, and returns the rows of each. */
  query(statements: readonly string[]): Promise<Row[][]>;
  /** Runs statements in one transaction. Throws Taken if a name or an id is taken, and then changes nothing. */
  write(statements: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Another account has a value that must be unique, or the name of an account changed since it was read. */
export class Taken extends Error {
  override name = 'Taken';
}

/** Where the database is, according to the command line. */
export interface Place {
  remote?: boolean | undefined;
  'persist-to'?: string | undefined;
  config?: string | undefined;
  env?: string | undefined;
}

/** The error of the database if a name or an id is taken, or if `assertUnchanged` (sql.ts) finds a change. */
export const isTaken = (text: string): boolean =>
  text.includes('UNIQUE constraint failed') ||
  text.includes('NOT NULL constraint failed: imported_tokens.id');

/** The cause is the text of the database. */
const toError = (text: string): Error =>
  isTaken(text) ? new Taken(text) : new Error(explainRefusal(text), { cause: text });

export const openTarget = (place: Place): Promise<Target> =>
  place.remote === true
    ? Promise.resolve(openWithWrangler(['--remote', ...targetFlags(place)]))
    : openLocal(place);

/** The used part of D1's binding. https://developers.cloudflare.com/d1/worker-api/d1-database/ */
interface Binding {
  prepare(sql: string): unknown;
  batch(statements: readonly unknown[]): Promise<{ results: unknown }[]>;
}

const isBinding = (value: unknown): value is Binding =>
  typeof value === 'object' && value !== null && 'prepare' in value && 'batch' in value;

/** The local database through the Worker's binding, without a process per statement. */
const openLocal = async (place: Place): Promise<Target> => {
  const proxy = await withoutMessages(async () => {
    const { getPlatformProxy } = await import('wrangler');
    const folder = place['persist-to'];
    const configPath = resolve(PROJECT, place.config ?? 'wrangler.toml');
    // Without a folder, the proxy would take that of the caller, but `wrangler dev` takes that of the configuration.
    const state =
      folder === undefined ? join(dirname(configPath), '.wrangler/state') : resolve(PROJECT, folder);
    return getPlatformProxy({
      configPath,
      ...(place.env === undefined ? {} : { environment: place.env }),
      persist: { path: join(state, 'v3') },
      remoteBindings: false,
    });
  });
  const database: unknown = isRow(proxy.env) ? proxy.env['DB'] : null;
  if (!isBinding(database)) throw new Error('The configuration binds no database as DB.');

  const batch = async (statements: readonly string[]): Promise<Row[][]> => {
    if (statements.length === 0) return [];
    try {
      const done = await database.batch(statements.map((sql) => database.prepare(sql)));
      return done.map(({ results }) => (Array.isArray(results) ? results.filter(isRow) : []));
    } catch (error) {
      throw toError(messageOf(error));
    }
  };
  return {
    query: batch,
    write: async (statements) => {
      await batch(statements);
    },
    close: () => proxy.dispose(),
  };
};

/** Wrangler prints the name of its file of secrets to the standard output, where it does not belong in a report. */
const withoutMessages = async <T>(work: () => Promise<T>): Promise<T> => {
  const before = process.env['WRANGLER_LOG'];
  process.env['WRANGLER_LOG'] = before ?? 'error';
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env['WRANGLER_LOG'];
  }
};

/** The maximum length of an argument: 128 KiB on Linux, 32 KiB for a whole command on Windows. */
const MAX_COMMAND_BYTES = process.platform === 'win32' ? 30_000 : 120_000;

/**
 * A database through wrangler's command line. It reads with `--command`, which returns rows, and writes with `--file`,
 * which D1 applies completely or not at all.
 *
 * @param flags which database: `--remote`, or `--local` and where
 * @see https://developers.cloudflare.com/d1/best-practices/import-export-data/
 */
export const openWithWrangler = (flags: readonly string[]): Target => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sql-'));
  const file = join(folder, 'batch.sql');

  return {
    async query(statements) {
      const results: Row[][] = [];
      for (const group of groupByBytes(statements, MAX_COMMAND_BYTES)) {
        results.push(...(await queryWithWrangler(flags, group)));
      }
      return results;
    },
    async write(statements) {
      if (statements.length === 0) return;
      writeFileSync(file, statements.map((sql) => `${sql};\n`).join(''), { mode: 0o600 });
      const command = ['d1', 'execute', 'DB', ...flags, '--yes', '--file', file];
      const { status, stdout, stderr } = await runWrangler(command);
      if (status !== 0) throw toError(`${stdout}${stderr}`.trim());
    },
    async close() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const groupByBytes = (statements: readonly string[], maxBytes: number): string[][] => {
  const groups: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const sql of statements) {
    const size = Buffer.byteLength(sql) + 2;
    if (bytes + size > maxBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(sql);
    bytes += size;
  }
  return groups;
};
