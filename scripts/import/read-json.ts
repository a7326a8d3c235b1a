// JSON from a stream, record by record: lines of it, or the objects of one long array.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { isRow } from '../wrangler.ts';
import { type Found, InputError, MAX_RECORD_BYTES, RECORDS_AT_ONCE } from './records.ts';

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BYTE_ORDER_MARK = Buffer.from('\u{feff}');
const CHUNK_BYTES = 256 * 1024;

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;

/** The file's bytes without a byte order mark; tells how many have been read. */
async function* readChunks(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    if (!Buffer.isBuffer(chunk)) continue;
    const hasMark = bytes === 0 && chunk.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    bytes += chunk.length;
    onRead(bytes);
    yield hasMark ? chunk.subarray(BYTE_ORDER_MARK.length) : chunk;
  }
}

const toFound = (at: string, bytes: Buffer): Found => {
  if (!isUtf8(bytes)) return { at, problem: 'This is not UTF-8.' };
  try {
    const record: unknown = JSON.parse(bytes.toString('utf8'));
    return isRow(record) ? { at, record } : { at, problem: 'This is no JSON object.' };
  } catch {
    return { at, problem: 'This is not valid JSON.' };
  }
};

/** Reads JSON lines. A line that is no JSON object is a problem of its own; empty lines count, and are nothing. */
export async function* readJsonLines(path: string, onRead: (bytes: number) => void): AsyncGenerator<Found[]> {
  let found: Found[] = [];
  let line = 0;
  let rest: Buffer = Buffer.alloc(0);
  /** True while a line is passed over that is too long to be kept. */
  let tooLong = false;

  const take = (bytes: Buffer) => {
    line += 1;
    const at = `line ${line}`;
    if (tooLong) found.push({ at, problem: `This line is longer than ${MAX_RECORD_BYTES} bytes.` });
    else if (!bytes.every(isSpace)) found.push(toFound(at, bytes));
    tooLong = false;
  };

  for await (const chunk of readChunks(path, onRead)) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      take(Buffer.concat([rest, chunk.subarray(start, end)]));
      rest = Buffer.alloc(0);
      start = end + 1;
      if (found.length < RECORDS_AT_ONCE) continue;
      yield found;
      found = [];
    }
    rest = Buffer.concat([rest, chunk.subarray(start)]);
    if (rest.length > MAX_RECORD_BYTES) {
      tooLong = true;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0 || tooLong) take(rest);
  yield found;
}

/**
 * Reads the objects of one JSON array, as `manage.py dumpdata` writes it, whether on one line or on many. Looks
 * only for where an object ends, and leaves what is in it to JSON.parse.
 */
export async function* readJsonArray(path: string, onRead: (bytes: number) => void): AsyncGenerator<Found[]> {
  let found: Found[] = [];
  let [line, record, startLine] = [1, 0, 1];
  let state: 'before' | 'inside' | 'after' = 'before';
  let depth = 0;
  let [inText, escaped] = [false, false];
  let rest: Buffer = Buffer.alloc(0);

  for await (const chunk of readChunks(path, onRead)) {
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (byte === LINE_FEED) line += 1;
      if (depth > 0) {
        if (escaped) escaped = false;
        else if (inText) {
          if (byte === QUOTE) inText = false;
          else if (byte === BACKSLASH) escaped = true;
        } else if (byte === QUOTE) inText = true;
        else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
        else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
          depth -= 1;
          if (depth > 0) continue;
          const bytes = Buffer.concat([rest, chunk.subarray(start, index + 1)]);
          rest = Buffer.alloc(0);
          record += 1;
          found.push(toFound(`record ${record} (line ${startLine})`, bytes));
        }
        continue;
      }
      if (isSpace(byte) || (byte === COMMA && state === 'inside')) continue;
      if (byte === OPEN_OBJECT && state === 'inside') [depth, start, startLine] = [1, index, line];
      else if (byte === OPEN_ARRAY && state === 'before') state = 'inside';
      else if (byte === CLOSE_ARRAY && state === 'inside') state = 'after';
      else throw new InputError(`Line ${line}: this is no JSON array of objects.`);
    }
    if (depth > 0) rest = Buffer.concat([rest, chunk.subarray(start)]);
    if (rest.length > MAX_RECORD_BYTES)
      throw new InputError(
        `Line ${startLine}: an object is longer than ${MAX_RECORD_BYTES} bytes, or damaged.`,
      );
    if (found.length < RECORDS_AT_ONCE) continue;
    yield found;
    found = [];
  }
  yield found;
  if (state !== 'after') throw new InputError(`The file ends on line ${line}, in the middle of its array.`);
}
