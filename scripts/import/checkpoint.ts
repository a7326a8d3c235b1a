// Stores the progress of an import in a file beside its input, so that an interrupted import can continue.
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isRow, type Row } from '../wrangler.ts';
import type { DetailsState, Reason } from './details.ts';

/** Counts of the records that were processed so far. */
export interface Counts {
  read: number;
  imported: number;
  updated: number;
  alreadyThere: number;
  conflicts: number;
  refused: number;
  /** Not created, because they were deleted in Latchkey. */
  deleted: number;
  tokens: number;
  admins: number;
  disabled: number;
  /** Imported under a placeholder address. */
  withoutEmail: number;
  idsKept: number;
  /** Total running time in milliseconds. */
  tookMs: number;
  /** Imported or updated accounts, by kind of hash. */
  hashes: Record<string, number>;
  /** Accounts that were imported as disabled, by the column that caused it. */
  disabledBy: Record<string, number>;
}

export const noCounts = (): Counts => ({
  read: 0,
  imported: 0,
  updated: 0,
  alreadyThere: 0,
  conflicts: 0,
  refused: 0,
  deleted: 0,
  tokens: 0,
  admins: 0,
  disabled: 0,
  withoutEmail: 0,
  idsKept: 0,
  tookMs: 0,
  hashes: {},
  disabledBy: {},
});

export interface Progress {
  counts: Counts;
  report: DetailsState;
  /** The length of the list of ids in bytes; 0 if there is none. */
  idsBytes: number;
  /** When the import started. */
  startedAtMs: number;
}

export interface Checkpoint {
  /** Null if there is nothing to continue. Throws OtherImport if the file belongs to another input or command. */
  load(): Progress | null;
  save(progress: Progress): void;
  remove(): void;
}

/** The checkpoint belongs to another version of the input or to another command. */
export class OtherImport extends Error {
  override name = 'OtherImport';
}

export const checkpointPath = (input: string): string => `${input}.latchkey-import.json`;

const isCounts = (value: unknown): value is Counts =>
  isRow(value) &&
  isRow(value['hashes']) &&
  isRow(value['disabledBy']) &&
  Object.keys(noCounts()).every((name) => isRow(value[name]) || typeof value[name] === 'number');

const isReason = (value: unknown): value is Reason =>
  isRow(value) &&
  typeof value['kind'] === 'string' &&
  typeof value['reason'] === 'string' &&
  typeof value['count'] === 'number' &&
  Array.isArray(value['first']);

const isState = (value: unknown): value is DetailsState =>
  isRow(value) &&
  typeof value['bytes'] === 'number' &&
  Array.isArray(value['reasons']) &&
  value['reasons'].every(isReason);

const isProgress = (saved: Row): saved is Row & Progress =>
  isCounts(saved['counts']) &&
  isState(saved['report']) &&
  typeof saved['idsBytes'] === 'number' &&
  typeof saved['startedAtMs'] === 'number';

/** @param command the options that must be unchanged to continue */
export const createCheckpoint = (input: string, command: unknown): Checkpoint => {
  const path = checkpointPath(input);
  const { size, mtimeMs } = statSync(input);
  const identity = JSON.stringify({ version: 3, size, mtimeMs, command });

  return {
    load() {
      if (!existsSync(path)) return null;
      let saved: unknown;
      try {
        saved = JSON.parse(readFileSync(path, 'utf8'));
      } catch {
        throw new OtherImport(`${path} cannot be read. Start over with --restart.`);
      }
      if (!isRow(saved) || saved['identity'] !== identity || !isProgress(saved))
        throw new OtherImport(
          `${path} is of an import that was interrupted, of another file or with other options. ` +
            'Run that one again, or start over with --restart: what is imported already stays.',
        );
      const { counts, report, idsBytes, startedAtMs } = saved;
      return { counts, report, idsBytes, startedAtMs };
    },
    save(progress) {
      // Replaced atomically by a rename.
      writeFileSync(`${path}.new`, `${JSON.stringify({ identity, ...progress })}\n`);
      renameSync(`${path}.new`, path);
    },
    remove() {
      rmSync(path, { force: true });
    },
  };
};
