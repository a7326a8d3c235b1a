// The output of every reader: pages of records with their positions.
import type { Row } from '../wrangler.ts';

/** A record, or the reason why it is invalid. `at` is its position in words: `line 12`. */
export type Found = { at: string; record: Row } | { at: string; problem: string };

/** Records of one kind in a file. */
export interface Records {
  /** The detected format in words, which is shown. */
  about: string;
  /** The columns of the records, as far as they are known before all records are read. */
  columns: readonly string[];
  /** Reads the records from the beginning. Can be called again. Throws InputError if the rest cannot be read. */
  read(): AsyncIterable<readonly Found[]>;
  /** The part that was read, from 0 to 1. */
  fraction(): number;
  close(): void;
}

export interface Source extends Omit<Records, 'columns'> {
  /** Notes about other content of the input, which are shown. */
  remarks(): string[];
}

/** The input cannot be read, or not in the format that the operator named. The message is for the operator. */
export class InputError extends Error {
  override name = 'InputError';
}

/** Longer records are not accounts. Bounds the memory that a damaged file can take. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** Records per page: one step of an asynchronous loop is expensive. */
export const RECORDS_AT_ONCE = 500;

/** Receives the progress of a long step: records or bytes so far, the part from 0 to 1, and what is being done. */
export type OnProgress = (done: number, fraction: number, what: string) => void;
