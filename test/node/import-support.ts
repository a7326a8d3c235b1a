// Runs imports against SQLite in memory: the same statements as D1 gets, in milliseconds.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { AccountRules } from '../../scripts/import/accounts.ts';
import { type Checkpoint, type Counts, noCounts } from '../../scripts/import/checkpoint.ts';
import { createDetails, noDetails } from '../../scripts/import/details.ts';
import { createScratch, openScratch } from '../../scripts/import/dry-run.ts';
import type { Field } from '../../scripts/import/fields.ts';
import { type FirebaseParameters, type HashOptions, loadHashCheck } from '../../scripts/import/hashes.ts';
import type { IdList } from '../../scripts/import/ids.ts';
import type { MergeRules } from '../../scripts/import/merge.ts';
import { runImport } from '../../scripts/import/run.ts';
import { openSource, type SourceOptions } from '../../scripts/import/source.ts';
import type { Target } from '../../scripts/import/target.ts';

/** The time of every import in the tests. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A hash of bcrypt that is well-formed; nothing is verified here. */
export const BCRYPT = '$2b$10$vncwoY0avJfBxYCCBv3wDeSZw51hrqhXCDkfJA22m6zckcyGjoVY6';

/** A folder that is removed after the test. */
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
  /** The accounts in the order of their ids, with those columns or all. */
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
  format?: string;
  model?: string;
  source?: Partial<SourceOptions>;
  map?: Record<string, Field>;
  rules?: Partial<AccountRules>;
  keepIds?: boolean;
  merge?: Partial<MergeRules>;
  onConflict?: MergeRules['onConflict'];
  nowMs?: number;
  hashes?: HashOptions;
  firebase?: FirebaseParameters | null;
  checkpoint?: Checkpoint;
  counts?: Counts;
  target?: Target;
  ids?: IdList;
  dryRun?: boolean;
  batchRecords?: number;
}

/** Lines of the report that most tests do not check. */
const IS_SETTLED = /^(?:updated|kept|admin): /;

/**
 * Imports a file, and returns the counts, the report and the columns passed over. `lines` are those of the report
 * that say what did not go as in the file; `told` is all of it.
 */
export const importInto = async (scratch: Scratch, path: string, given: Given = {}) => {
  const map = new Map(Object.entries(given.map ?? {}));
  const source = await openSource(path, {
    format: given.format ?? null,
    model: given.model ?? null,
    table: null,
    columns: null,
    encoding: null,
    map,
    onProgress: () => {},
    ...given.source,
  });
  const counts = given.counts ?? noCounts();
  const report = join(tempFolder(), 'report.txt');
  const details = createDetails(report, noDetails());
  try {
    const { unknown } = await runImport({
      source,
      target: given.target ?? scratch.target,
      checkpoint: given.checkpoint ?? null,
      counts,
      details,
      ids: given.ids ?? null,
      checkHash: await loadHashCheck(given.hashes),
      firebase: given.firebase ?? null,
      bar: { show: () => {}, end: () => {} },
      options: {
        rules: {
          admins: 'superuser',
          badUsername: 'refuse',
          noEmail: 'refuse',
          noPassword: 'refuse',
          keepIds: given.keepIds ?? false,
          ...given.rules,
        },
        map,
        keepIds: given.keepIds ?? false,
        dryRun: given.dryRun ?? false,
        merge: {
          onConflict: given.onConflict ?? 'skip',
          match: 'account',
          grantAdminToExisting: false,
          revive: false,
          sharedEmail: 'conflict',
          ...given.merge,
        },
      },
      nowMs: given.nowMs ?? NOW_MS,
      startedAtMs: given.nowMs ?? NOW_MS,
      isStopped: () => false,
      ...(given.batchRecords === undefined ? {} : { batchRecords: given.batchRecords }),
    });
    const told = existsSync(report) ? readFileSync(report, 'utf8').trimEnd().split('\n') : [];
    const lines = told.filter((line) => !IS_SETTLED.test(line));
    return { counts, unknown, lines, told, reasons: details.state().reasons, about: source.about };
  } finally {
    details.close();
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
