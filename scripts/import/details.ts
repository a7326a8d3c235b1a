// The report's list of records that need a person's attention: all of them in a file, the first few on the screen.
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Detail } from './merge.ts';

/** As many as fit on a screen. */
export const SHOWN = 20;

export interface DetailsLength {
  bytes: number;
  lines: number;
}

export interface Details {
  add(details: readonly Detail[]): void;
  /** How long the file is by now. */
  length(): DetailsLength;
  /** The first few, as they are written. */
  first(): string[];
  path: string | null;
  close(): void;
}

/** A control character of a strange file must not reach the terminal. */
const plain = (text: string): string =>
  text.replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));

export const writeDetail = ({ kind, at, label, text }: Detail): string =>
  plain(`${kind}: ${at}${label === '' ? '' : `, ${label}`}: ${text}`);

/** Far more than the first few lines take. */
const HEAD_BYTES = 64 * 1024;

const readHead = (path: string, bytes: number): string[] => {
  const file = openSync(path, 'r');
  const head = Buffer.alloc(Math.min(bytes, HEAD_BYTES));
  readSync(file, head);
  closeSync(file);
  return head.toString('utf8').split('\n').slice(0, -1).slice(0, SHOWN);
};

/**
 * @param path null for a list that is only shown
 * @param kept how much of it an interrupted import had written when it was last sure of it
 */
export const createDetails = (path: string | null, kept: DetailsLength): Details => {
  let { bytes, lines } = kept;
  const first = path !== null && bytes > 0 ? readHead(path, bytes) : [];
  if (path !== null && bytes === 0) rmSync(path, { force: true });
  let file: number | null = null;

  const open = (to: string): number => {
    const opened = openSync(to, kept.bytes === 0 ? 'w' : 'r+', 0o600);
    ftruncateSync(opened, kept.bytes);
    return opened;
  };

  return {
    path,
    add(details) {
      if (details.length === 0) return;
      const written = details.map(writeDetail);
      first.push(...written.slice(0, Math.max(0, SHOWN - first.length)));
      lines += written.length;
      if (path === null) return;
      file ??= open(path);
      bytes += writeSync(file, written.map((line) => `${line}\n`).join(''), bytes);
    },
    length: () => ({ bytes, lines }),
    first: () => first,
    close() {
      if (file !== null) closeSync(file);
    },
  };
};
