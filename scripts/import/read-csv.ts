// Reads CSV, TSV and similar formats record by record. An unclosed quote makes its own line invalid, not the next ones.
import { type Options, parse } from 'csv-parse/sync';
import type { Row } from '../wrangler.ts';
import { createFieldReader, type Field } from './fields.ts';
import { type Found, InputError, MAX_RECORD_BYTES, RECORDS_AT_ONCE, type Records } from './records.ts';
import { FIREBASE_CSV_COLUMNS } from './services.ts';
import { readTexts } from './text.ts';
import type { PlainFile } from './unpack.ts';

/** Possible delimiters. The one that occurs most often in the header is used. */
const DELIMITERS = [',', ';', '\t', '|'];

/** If a quoted value has more lines, its quote counts as unclosed. */
const MAX_RECORD_LINES = 1_000;

const count = (text: string, character: string): number => text.split(character).length - 1;

/** Delimiters within quotes are ignored. */
const findDelimiter = (header: string): string => {
  const bare = header.replaceAll(/"(?:[^"]|"")*"/g, '""');
  return DELIMITERS.reduce((best, other) => (count(bare, other) > count(bare, best) ? other : best));
};

export interface Dialect {
  delimiter: string;
  /** Null if quotes have no special meaning, as in the output of `mysql -B`. */
  quote: '"' | null;
  /** The escape character before a quote within quotes. A backslash also escapes line breaks and tabs. */
  escapedBy: '"' | '\\';
}

/**
 * `mysql -B` and `INTO OUTFILE` do not quote, spreadsheets do. If some fields begin but do not end with a quote, quotes
 * are plain characters.
 */
const findDialect = (head: string): Dialect => {
  const [header = ''] = head.split(/\r?\n/, 1);
  const delimiter = findDelimiter(header);
  const escapedBy = /\\"/.test(head) && !/""(?![\t,;|\r\n])/.test(head) ? '\\' : '"';
  if (delimiter !== '\t') return { delimiter, quote: '"', escapedBy };
  const fields = head
    .split(/\r?\n/)
    .slice(0, -1)
    .flatMap((line) => line.split('\t'));
  const opened = fields.filter((field) => field.startsWith('"'));
  const isQuoted = opened.length > 0 && opened.every((field) => field.length > 1 && field.endsWith('"'));
  return { delimiter, quote: isQuoted ? '"' : null, escapedBy: isQuoted ? escapedBy : '\\' };
};

const optionsOf = ({ delimiter, quote, escapedBy }: Dialect): Options => ({
  delimiter,
  quote: quote ?? false,
  escape: quote === null ? false : escapedBy,
  relax_column_count: true,
  skip_empty_lines: false,
  max_record_size: MAX_RECORD_BYTES,
  cast: (value, { quoting }) => (!quoting && isNull(value) ? null : value),
});

/** MySQL's spellings of NULL, with and without quotes around the other values. */
const isNull = (cell: string): boolean => cell === '\\N' || cell === 'NULL';

/** https://dev.mysql.com/doc/refman/8.4/en/mysql-command-options.html#option_mysql_batch */
const ESCAPED: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  b: '\b',
  Z: '\u001a',
};
const readEscapes = (value: string): string =>
  value.includes('\\') ? value.replaceAll(/\\(.)/gs, (_, one: string) => ESCAPED[one] ?? one) : value;

type Cells = (string | null)[];

const isCells = (value: unknown): value is Cells =>
  Array.isArray(value) && value.every((cell) => cell === null || typeof cell === 'string');

const parseCells = (text: string, options: Options): Cells[] => {
  const rows: unknown = parse(text, options);
  if (!Array.isArray(rows) || !rows.every(isCells)) throw new Error('The CSV parser gave no rows.');
  return rows;
};

/** Lines that are one record if all their quotes are closed. */
interface Group {
  line: number;
  lines: string[];
}

interface Line {
  line: number;
  text: string;
}

/** The lines of the file. */
async function* readLines(path: string, onRead: (bytes: number) => void): AsyncGenerator<Line[]> {
  let [rest, line] = ['', 0];
  for await (const text of readTexts(path, onRead)) {
    const parts = `${rest}${text}`.split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_RECORD_BYTES)
      throw new InputError(`Line ${line + parts.length + 1} is longer than ${MAX_RECORD_BYTES} bytes.`);
    const first = line + 1;
    line += parts.length;
    yield parts.map((part, index) => ({ line: first + index, text: part }));
  }
  if (rest !== '') yield [{ line: line + 1, text: rest }];
}

const UNCLOSED = 'A quote is opened on this line and never closed.';

/** Reads a row as a record; null if it has another number of values than columns. */
const toRecord = (cells: Cells, columns: readonly string[], unescapes: boolean): Row | null => {
  // An extra delimiter at the end is common, for example in exports of Firebase.
  const isLong = cells.length === columns.length + 1 && cells.at(-1) === '';
  if (!isLong && cells.length !== columns.length) return null;
  return Object.fromEntries(
    columns.map((column, index) => {
      const cell = cells[index] ?? null;
      return [column, unescapes && cell !== null ? readEscapes(cell) : cell];
    }),
  );
};

const wrongLength = (cells: Cells, columns: readonly string[]): string =>
  `It has ${cells.length} values, and the header has ${columns.length}.`;

interface CsvReader {
  take(line: Line): void;
  /** The number of records that are available. */
  size(): number;
  /** Returns the records that were read so far; at the end of the file, all of them. */
  flush(isEnd: boolean): Found[];
}

const createCsvReader = (dialect: Dialect, columns: readonly string[], skipLines: number): CsvReader => {
  const options = optionsOf(dialect);
  const unescapes = dialect.escapedBy === '\\';
  let groups: Group[] = [];
  let open: Group | null = null;
  let [openQuotes, openCharacters] = [0, 0];
  let found: Found[] = [];

  const quotesIn = (text: string): number => {
    if (dialect.quote === null) return 0;
    const bare = unescapes ? text.replaceAll(/\\./gs, '') : text;
    return count(bare, '"');
  };

  /** Lines without quotes are split at their delimiters. Most lines are such lines, and this is ten times as fast. */
  const cut = ({ lines: [line = '', ...others] }: Group): Cells | null =>
    others.length > 0 || (dialect.quote !== null && line.includes(dialect.quote))
      ? null
      : line.split(dialect.delimiter).map((cell) => (isNull(cell) ? null : cell));

  const parseGroups = () => {
    const whole = groups.map((group) => ({ group, cells: cut(group) }));
    groups = [];
    const quoted = whole.filter(({ cells }) => cells === null).map(({ group }) => group);
    let rows: Cells[];
    try {
      rows = parseCells(quoted.map(({ lines }) => lines.join('\n')).join('\n'), options);
    } catch {
      rows = [];
    }
    const isFine = rows.length === quoted.length;
    let next = 0;
    for (const { group, cells } of whole) {
      const parsed = cells ?? (isFine ? rows[next] : undefined);
      if (cells === null) next += 1;
      const record = parsed ? toRecord(parsed, columns, unescapes) : null;
      if (record) found.push({ at: `line ${group.line}`, record });
      else if (cells) found.push({ at: `line ${group.line}`, problem: wrongLength(cells, columns) });
      else parseAlone(group);
    }
  };

  /** Reads a group of lines. If it is not a record, its first line is invalid, and reading continues at the next. */
  const parseAlone = ({ line, lines }: Group) => {
    const at = `line ${line}`;
    let problem: string;
    try {
      // A quote within an unquoted value is a plain character.
      const rows = parseCells(lines.join('\n'), { ...options, relax_quotes: lines.length === 1 });
      const [cells = []] = rows;
      const record = rows.length === 1 ? toRecord(cells, columns, unescapes) : null;
      if (record) {
        found.push({ at, record });
        return;
      }
      problem = lines.length > 1 ? UNCLOSED : wrongLength(cells, columns);
    } catch {
      problem = lines.length > 1 ? UNCLOSED : 'Its quotes are not closed, or stand within a value.';
    }
    found.push({ at, problem });
    const again = createCsvReader(dialect, columns, 0);
    for (const [index, text] of lines.slice(1).entries()) again.take({ line: line + 1 + index, text });
    found.push(...again.flush(true));
  };

  const abandonOpen = () => {
    if (open === null) return;
    const { line, lines } = open;
    open = null;
    parseGroups();
    found.push({ at: `line ${line}`, problem: UNCLOSED });
    const [, ...others] = lines;
    for (const [index, text] of others.entries()) reader.take({ line: line + 1 + index, text });
  };

  const reader: CsvReader = {
    take({ line, text }) {
      if (line <= skipLines) return;
      const isOdd = quotesIn(text) % 2 === 1;
      if (open === null) {
        if (!isOdd) {
          if (text.trim() !== '') groups.push({ line, lines: [text.replace(/\r$/, '')] });
          return;
        }
        open = { line, lines: [text] };
        [openQuotes, openCharacters] = [1, text.length];
        return;
      }
      open.lines.push(text);
      openCharacters += text.length;
      if (isOdd) openQuotes += 1;
      if (openQuotes % 2 === 0) {
        groups.push({ line: open.line, lines: [...open.lines.slice(0, -1), text.replace(/\r$/, '')] });
        open = null;
      } else if (open.lines.length > MAX_RECORD_LINES || openCharacters > MAX_RECORD_BYTES) abandonOpen();
    },
    size: () => groups.length + found.length,
    flush(isEnd) {
      while (isEnd && open !== null) abandonOpen();
      if (groups.length > 0) parseGroups();
      const read = found;
      found = [];
      return read;
    },
  };
  return reader;
};

const isFirebase = (cells: Cells): boolean =>
  cells.length >= FIREBASE_CSV_COLUMNS.length - 1 &&
  cells.length <= FIREBASE_CSV_COLUMNS.length + 1 &&
  /^(?:true|false)$/.test(cells[2] ?? '') &&
  !cells.includes('localId');

const NO_HEADER =
  'Its first line does not name the columns of users. If the file has no header, name the columns in order: --columns id,username,email,password. If it has one, map its columns: --map column=field.';

const readHeader = (cells: Cells, map: ReadonlyMap<string, Field>): readonly string[] => {
  const columns = cells.map((cell) => (cell ?? '').trim());
  const record = Object.fromEntries(columns.map((column) => [column, null]));
  const { has } = createFieldReader(map, () => {})(record);
  const isKnown = (['email', 'username', 'password_hash'] as const).some(has);
  // Values are never shown: a first line that is not a header may contain a hash.
  if (!isKnown) throw new InputError(NO_HEADER);
  const twice = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
  if (twice !== undefined) throw new InputError(`Its header names the column ${twice} twice.`);
  return columns;
};

/**
 * Opens a file with commas, semicolons, tabs or bars as delimiters, in the format of RFC 4180 or of MySQL.
 *
 * @param columns the names of the columns if the file has no header; null to read them from the first line
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export const openCsv = (
  file: PlainFile,
  columns: readonly string[] | null,
  map: ReadonlyMap<string, Field>,
): Records => {
  const head = file.head.toString('utf8').replace(/^\u{feff}/u, '');
  const dialect = findDialect(head);
  const headerLines = headerOf(head);
  let cells: Cells;
  try {
    [cells = []] = parseCells(headerLines, optionsOf(dialect));
  } catch {
    throw new InputError('A quote in its first line is not closed.');
  }
  const hasHeader = columns === null && !isFirebase(cells);
  const names = columns ?? (isFirebase(cells) ? FIREBASE_CSV_COLUMNS : readHeader(cells, map));
  const skipLines = hasHeader ? headerLines.split('\n').length : 0;
  let bytes = 0;
  return {
    about: dialect.delimiter === '\t' ? 'TSV' : 'CSV',
    columns: names,
    async *read() {
      const reader = createCsvReader(dialect, names, skipLines);
      for await (const lines of readLines(file.path, (done) => {
        bytes = done;
      })) {
        for (const line of lines) {
          reader.take(line);
          if (reader.size() >= RECORDS_AT_ONCE) yield reader.flush(false);
        }
      }
      yield reader.flush(true);
    },
    fraction: () => (file.bytes === 0 ? 1 : bytes / file.bytes),
    close: () => {},
  };
};

/** Reads the first record, which may have line breaks within quotes. */
const headerOf = (head: string): string => {
  const lines = head.split('\n');
  let header = lines[0] ?? '';
  for (let index = 1; count(header, '"') % 2 === 1 && index < lines.length && index < 20; index += 1)
    header += `\n${lines[index]}`;
  return header.replace(/\r$/, '');
};
