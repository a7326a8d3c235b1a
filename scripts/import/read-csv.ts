// CSV with a header, record by record.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { isRow } from '../wrangler.ts';
import { type Found, InputError, MAX_RECORD_BYTES, RECORDS_AT_ONCE } from './records.ts';

/** What stands between the values: the one of these that the header has most of. */
const DELIMITERS = [',', ';', '\t', '|'];

const findDelimiter = (header: string): string => {
  const count = (delimiter: string) => header.split(delimiter).length;
  return DELIMITERS.reduce((best, other) => (count(other) > count(best) ? other : best));
};

const toFound = (value: unknown): Found | null => {
  if (!isRow(value) || !isRow(value['record']) || !isRow(value['info'])) return null;
  // The line on which the record ends; a value may hold line breaks.
  return { at: `line ${value['info']['lines']}`, record: value['record'] };
};

/** The file's bytes. Another encoding would be read without complaint, and each name in it spoilt. */
async function* readUtf8(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) continue;
    try {
      decoder.decode(chunk, { stream: true });
    } catch {
      throw new InputError('It is not UTF-8: save it as UTF-8.');
    }
    bytes += chunk.length;
    onRead(bytes);
    yield chunk;
  }
}

/**
 * Reads CSV as RFC 4180 has it, with `;`, tabs or `|` in the place of commas where the header has them. A row
 * with more or fewer values than the header is a problem of its own.
 *
 * @param header the file's first line
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export async function* readCsv(
  path: string,
  header: string,
  onRead: (bytes: number) => void,
): AsyncGenerator<Found[]> {
  let found: Found[] = [];
  const skip = (error: CsvError | undefined): undefined => {
    const at = `line ${error && 'lines' in error ? error['lines'] : '?'}`;
    found.push({ at, problem: error?.message ?? 'This row cannot be read.' });
  };
  const file = Readable.from(readUtf8(path, onRead), { objectMode: false });
  const parser = parse({
    bom: true,
    columns: (names: string[]) => names.map((name) => name.trim()),
    delimiter: findDelimiter(header),
    info: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: skip,
  });
  file.on('error', (error) => parser.destroy(error));
  try {
    for await (const value of file.pipe(parser)) {
      const record = toFound(value);
      if (record) found.push(record);
      if (found.length < RECORDS_AT_ONCE) continue;
      yield found;
      found = [];
    }
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error));
  }
  yield found;
}
