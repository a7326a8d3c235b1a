// The output of every reader: records with their position, many at a time.
import type { Row } from '../wrangler.ts';

/** A record, or what is wrong with it. `at` tells a person where it is: `line 12`. */
export type Found = { at: string; record: Row } | { at: string; problem: string };

/** Records of one kind in a file. */
export interface Records {
  /** What the input was taken for, to be shown. */
  about: string;
  /** The columns that the records have, as far as they are known before all are read. */
  columns: readonly string[];
  /** Reads it from its beginning; can be called again. Throws InputError where it cannot be read any further. */
  read(): AsyncIterable<readonly Found[]>;
  /** How much of it was read, from 0 to 1. */
  fraction(): number;
  close(): void;
}

export interface Source extends Omit<Records, 'columns'> {
  /** What the input has besides the records that were read, to be told. */
  remarks(): string[];
}

/** The input cannot be read, or not as what it was said to be. The message is for the person who gave it. */
export class InputError extends Error {
  override name = 'InputError';
}

/** Longer records are not accounts. Bounds the memory that a damaged file can take. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** Records that are handed on together: one step of an asynchronous loop is dear. */
export const RECORDS_AT_ONCE = 500;

/** Told how far a long step is: records or bytes so far, from 0 to 1, and what happens. */
export type OnProgress = (done: number, fraction: number, what: string) => void;
