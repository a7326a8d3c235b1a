// Opens an input: what kind of file it is, and the reader for that kind.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { isRow } from '../wrangler.ts';
import { flattenBetterAuth } from './better-auth.ts';
import { readCsv } from './read-csv.ts';
import { openDjangoDump } from './read-django.ts';
import { readJsonArray, readJsonLines } from './read-json.ts';
import { openSqlite } from './read-sqlite.ts';
import { type Found, InputError, type Source } from './records.ts';

export const FORMATS = ['django', 'csv', 'jsonl', 'better-auth'] as const;
export type Format = (typeof FORMATS)[number];

const HEAD_BYTES = 64 * 1024;

const readHead = (path: string): Buffer => {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
};

type Kind = 'sqlite' | 'array' | 'lines' | 'text';

const kindOf = (head: Buffer): Kind => {
  if (head.toString('latin1').startsWith('SQLite format 3\0')) return 'sqlite';
  if (head[0] === 0xff || head[0] === 0xfe) throw new InputError('It is UTF-16: save it as UTF-8.');
  if (head[0] === 0x1f && head[1] === 0x8b) throw new InputError('It is compressed: unpack it with gunzip.');
  const start = head.toString('utf8').replace(/^\u{feff}/u, '').trimStart(); // biome-ignore format: one chain
  if (start.startsWith('[')) return 'array';
  return start.startsWith('{') ? 'lines' : 'text';
};

const isDump = (head: Buffer): boolean => /^\W*\[\s*\{\s*"(?:model|pk)"\s*:/.test(head.toString('utf8'));

/**
 * @param format what it is said to be, null to find out
 * @param model Django's user model, null to find it
 * @throws InputError where it is of no kind that is known, or not of the one that it is said to be
 */
export const openSource = async (
  path: string,
  format: Format | null,
  model: string | null,
): Promise<Source> => {
  const head = readHead(path);
  const size = statSync(path).size;
  const kind = kindOf(head);
  let bytes = 0;
  const onRead = (count: number) => {
    bytes = count;
  };
  const fraction = () => (size === 0 ? 1 : bytes / size);

  if (kind === 'sqlite') {
    if (format === 'csv' || format === 'jsonl') throw new InputError(`It is SQLite, not ${format}.`);
    return openSqlite(path, format, model);
  }
  if (kind === 'text') {
    const isCsv =
      format === 'csv' || (format === null && ['.csv', '.tsv'].includes(extname(path).toLowerCase()));
    if (!isCsv) throw new InputError(`Its beginning is not that of ${format ?? 'a format known here'}.`);
    const [header = ''] = head.toString('utf8').split(/\r?\n/, 1);
    return simple('CSV', () => readCsv(path, header, onRead), fraction);
  }
  if (format === 'csv') throw new InputError('It is JSON, not CSV.');
  if (kind === 'array' && (format === 'django' || (format === null && isDump(head))))
    return openDjangoDump(path, model, onRead, fraction);
  if (format === 'django') throw new InputError('It is neither what dumpdata writes nor SQLite.');

  const read = kind === 'array' ? readJsonArray : readJsonLines;
  const name = kind === 'array' ? 'a JSON array' : 'JSON lines';
  if (format !== 'better-auth') return simple(name, () => read(path, onRead), fraction);
  return simple(`better-auth's users as ${name}`, () => flattened(read(path, onRead)), fraction);
};

const simple = (about: string, read: Source['read'], fraction: Source['fraction']): Source => ({
  about,
  read,
  fraction,
  remarks: () => [],
  close: () => {},
});

async function* flattened(pages: AsyncIterable<Found[]>): AsyncGenerator<Found[]> {
  for await (const page of pages) {
    yield page.map((found) =>
      'record' in found && isRow(found.record)
        ? { at: found.at, record: flattenBetterAuth(found.record) }
        : found,
    );
  }
}
