// Imports into a scratch database in SQLite itself: the same statements as D1 gets, in milliseconds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { AccountRules } from '../../scripts/import/accounts.ts';
import { type Checkpoint, type Counts, noCounts } from '../../scripts/import/checkpoint.ts';
import { createDetails } from '../../scripts/import/details.ts';
import { createScratch, openScratch } from '../../scripts/import/dry-run.ts';
import type { Field } from '../../scripts/import/fields.ts';
import { loadHashCheck } from '../../scripts/import/hashes.ts';
import type { OnConflict } from '../../scripts/import/merge.ts';
import { runImport } from '../../scripts/import/run.ts';
import { type Format, openSource } from '../../scripts/import/source.ts';
import type { Target } from '../../scripts/import/target.ts';

/** When every import of the tests takes place. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A hash of bcrypt that is well-formed; nothing is verified here. */
export const BCRYPT = '$2b$10$vncwoY0avJfBxYCCBv3wDeSZw51hrqhXCDkfJA22m6zckcyGjoVY6';

/** A folder that is gone after the test. */
export const tempFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-import-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A file of that name with that content. */
export const tempFile = (name: string, content: string | Buffer): string => {
  const path = join(tempFolder(), name);
  writeFileSync(path, content);
  return path;
};

export interface Scratch {
  database: DatabaseSync;
  target: Target;
  /** The accounts by their ids, with those columns or all. */
  users(columns?: string): Record<string, unknown>[];
}

export const openDatabase = (): Scratch => {
  const database = createScratch(':memory:');
  return {
    database,
    target: openScratch(database),
    users: (columns = '*') =>
      database
        .prepare(`SELECT ${columns} FROM users ORDER BY id`)
        .all()
        .map((row) => ({ ...row })),
  };
};

export interface Given {
  format?: Format;
  model?: string;
  map?: Record<string, Field>;
  rules?: Partial<AccountRules>;
  keepIds?: boolean;
  onConflict?: OnConflict;
  checkpoint?: Checkpoint;
  counts?: Counts;
  target?: Target;
}

/** Imports a file, and returns the counts, the lines of the report and the columns passed over. */
export const importInto = async (scratch: Scratch, path: string, given: Given = {}) => {
  const source = await openSource(path, given.format ?? null, given.model ?? null);
  const counts = given.counts ?? noCounts();
  const details = createDetails(null, { bytes: 0, lines: 0 });
  try {
    const { unknown } = await runImport({
      source,
      target: given.target ?? scratch.target,
      checkpoint: given.checkpoint ?? null,
      counts,
      details,
      checkHash: await loadHashCheck(),
      bar: { show: () => {}, end: () => {} },
      options: {
        rules: { admins: 'superuser', badUsername: 'refuse', ...given.rules },
        map: new Map(Object.entries(given.map ?? {})),
        keepIds: given.keepIds ?? false,
        onConflict: given.onConflict ?? 'skip',
      },
      nowMs: NOW_MS,
      isStopped: () => false,
    });
    return { counts, unknown, lines: details.first(), about: source.about };
  } finally {
    source.close();
  }
};

/** Imports records as JSON lines. */
export const importRecords = (scratch: Scratch, records: readonly unknown[], given: Given = {}) =>
  importInto(
    scratch,
    tempFile('users.jsonl', records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    given,
  );

/** A record with what every account must have. */
export const person = (name: string, more: Record<string, unknown> = {}) => ({
  username: name,
  email: `${name}@example.com`,
  password: BCRYPT,
  ...more,
});
