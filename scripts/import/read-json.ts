// Reads JSON from a stream, record by record: JSON lines, or the objects of an array anywhere in a document.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { Tokenizer, TokenType } from '@streamparser/json';
import { isRow, type Row } from '../wrangler.ts';
import type { Field } from './fields.ts';
import {
  type Found,
  InputError,
  MAX_RECORD_BYTES,
  type OnProgress,
  RECORDS_AT_ONCE,
  type Records,
} from './records.ts';
import { chooseTable, type Table } from './tables.ts';
import { createDecoder } from './text.ts';
import type { PlainFile } from './unpack.ts';

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\u{feff}');
const CHUNK_BYTES = 256 * 1024;

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;

/** The bytes of the file without a byte order mark, with the number of bytes read so far. */
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

/** Integers that are not exact as JavaScript numbers become texts, because they are ids. */
const readJsonNumber = (text: string): number | string => {
  const number = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(number) ? text : number;
};

const LONG_NUMBER = /\d{16}/;

/** The third argument of a reviver of JSON.parse. https://github.com/tc39/proposal-json-parse-with-source */
const sourceOf = (context: unknown): string | null =>
  isRow(context) && typeof context['source'] === 'string' ? context['source'] : null;

const parseJson = (text: string): unknown =>
  LONG_NUMBER.test(text)
    ? JSON.parse(text, (...[, value, context]: [string, unknown, unknown?]) =>
        typeof value === 'number' ? readJsonNumber(sourceOf(context) ?? String(value)) : value,
      )
    : JSON.parse(text);

const toFound = (at: string, bytes: Buffer): Found => {
  if (!isUtf8(bytes))
    return { at, problem: 'This is not UTF-8: --encoding windows-1252, or another, reads it.' };
  try {
    const record = parseJson(bytes.toString('utf8'));
    return isRow(record) ? { at, record } : { at, problem: 'This is no JSON object.' };
  } catch {
    return { at, problem: 'This is not valid JSON.' };
  }
};

/**
 * Reads JSON lines. A line that is not a JSON object is an invalid record. Empty lines are counted and skipped.
 */
async function* readJsonLines(path: string, onRead: (bytes: number) => void): AsyncGenerator<Found[]> {
  let found: Found[] = [];
  let line = 0;
  let rest: Buffer = Buffer.alloc(0);
  /** Whether the current line is too long and is skipped. */
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

/** The name of the top-level list of a document: an array, or a sequence of objects. */
const DOCUMENT = 'document';

/** An object or array that contains the current token. */
interface Level {
  isArray: boolean;
  /** Within an object: the key of the next value. */
  key: string | null;
  /** The name of the array as a table: see `nameOf`. */
  name: string;
  /** `name` and `type` of an object, which name the table in its `data`. */
  ownName: string | null;
  ownType: string | null;
}

interface Visitor {
  /** Called at the start of an object in an array or at the top. Returns whether to read its content. */
  onRecord(table: string, offset: number): boolean;
  /** Called for each of its columns. */
  onColumn(table: string, column: string): void;
  onValue(record: Row): void;
}

/** phpMyAdmin writes `{"type":"table","name":"users","data":[…]}`: that array is the table `users`. */
const nameOf = (levels: readonly Level[]): string => {
  const parent = levels.at(-1);
  if (parent === undefined) return DOCUMENT;
  if (parent?.key === 'data' && parent.ownType === 'table' && parent.ownName !== null) return parent.ownName;
  return levels
    .map(({ isArray, key }) => (isArray ? '[]' : (key ?? '')))
    .join('.')
    .replaceAll('.[]', '[]');
};

/** Walks through a document and builds only the values of the requested records. */
const createWalker = (visitor: Visitor) => {
  const levels: Level[] = [];
  /** The nested values that are being built, starting with the record; empty outside of a requested record. */
  const building: (Row | unknown[])[] = [];
  let [recordDepth, recordStart] = [0, 0];
  let expectsKey = false;

  const put = (value: unknown) => {
    const into = building.at(-1);
    const level = levels.at(-1);
    if (Array.isArray(into)) into.push(value);
    else if (into && level?.key != null) {
      // `__proto__` is a normal key in JSON. An assignment would change the prototype.
      if (level.key === '__proto__') Object.defineProperty(into, level.key, { value, enumerable: true });
      else into[level.key] = value;
    }
  };

  const begin = (isArray: boolean, offset: number) => {
    const parent = levels.at(-1);
    if (building.length > 0) {
      const value = isArray ? [] : {};
      put(value);
      building.push(value);
    } else if (!isArray && (parent === undefined || parent.isArray)) {
      if (visitor.onRecord(parent?.name ?? DOCUMENT, offset)) {
        building.push({});
        [recordDepth, recordStart] = [levels.length + 1, offset];
      }
    }
    levels.push({ isArray, key: null, name: isArray ? nameOf(levels) : '', ownName: null, ownType: null });
    expectsKey = !isArray;
  };

  const end = () => {
    const wasRecord = building.length > 0 && levels.length === recordDepth;
    levels.pop();
    expectsKey = false;
    const built = building.pop();
    if (wasRecord && built && !Array.isArray(built)) visitor.onValue(built);
  };

  const take = (value: unknown) => {
    const level = levels.at(-1);
    if (level && !level.isArray && typeof value === 'string') {
      if (level.key === 'name') level.ownName = value;
      if (level.key === 'type') level.ownType = value;
    }
    if (building.length > 0) put(value);
  };

  const visit = (token: TokenType, value: unknown, offset: number): void => {
    const level = levels.at(-1);
    if (building.length > 0 && offset - recordStart > MAX_RECORD_BYTES)
      throw new InputError(`A record is longer than ${MAX_RECORD_BYTES} bytes, or damaged.`);
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET)
      begin(token === TokenType.LEFT_BRACKET, offset);
    else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) {
      if (level === undefined || level.isArray !== (token === TokenType.RIGHT_BRACKET))
        throw new Error('unbalanced');
      end();
    } else if (token === TokenType.COMMA) expectsKey = level?.isArray === false;
    else if (token === TokenType.COLON) expectsKey = false;
    else if (expectsKey && level && typeof value === 'string') {
      level.key = value;
      const above = levels.at(-2);
      if (above === undefined || above.isArray) visitor.onColumn(above?.name ?? DOCUMENT, value);
    } else take(value);
  };
  return { visit, isInside: () => levels.length > 0 };
};

/** Creates a tokenizer that keeps the digits of long numbers. */
class ExactTokenizer extends Tokenizer {
  // Overriding this method is how the library lets callers parse numbers.
  protected override parseNumber(text: string): number {
    const number = readJsonNumber(text);
    this.lastNumber = number;
    return typeof number === 'number' ? number : Number(number);
  }
  lastNumber: number | string = 0;
}

/** Reads a whole document. Returns a function that finds the line of an offset. Offsets must not decrease. */
async function* walk(
  path: string,
  visitor: Visitor & { lineAt?: (line: number) => void },
  onRead: (bytes: number) => void,
  /** Called after each part. Returns the records to yield. */
  drain: () => Found[],
): AsyncGenerator<Found[]> {
  const tokenizer = new ExactTokenizer({ separator: '' });
  const checkText = createDecoder();
  const { visit, isInside } = createWalker({
    ...visitor,
    onRecord(table, offset) {
      lines.moveTo(offset);
      return visitor.onRecord(table, lines.line);
    },
  });
  const lines = createLineCounter();
  tokenizer.onToken = ({ token, value, offset }) =>
    visit(token, token === TokenType.NUMBER ? tokenizer.lastNumber : value, offset);
  try {
    for await (const chunk of readChunks(path, onRead)) {
      lines.enter(chunk);
      checkText(chunk);
      tokenizer.write(chunk);
      const found = drain();
      if (found.length > 0) yield found;
      lines.leave();
    }
    checkText();
    tokenizer.end();
    if (isInside()) throw new Error('It ended too early.');
  } catch (error) {
    if (error instanceof InputError) throw error;
    const isCut = error instanceof Error && /ended|end/i.test(error.message);
    const where = `near line ${lines.atEnd()}`;
    throw new InputError(
      isCut
        ? `The JSON ends in the middle of it, ${where}. Users may be missing: write the file again.`
        : `The JSON is damaged, ${where}.`,
    );
  }
  yield drain();
}

/** Counts lines up to an offset. Offsets must not decrease. */
const createLineCounter = () => {
  let [line, start, at] = [1, 0, 0];
  let chunk: Buffer = Buffer.alloc(0);
  const moveTo = (offset: number) => {
    const target = Math.min(offset - start, chunk.length);
    for (
      let next = chunk.indexOf(LINE_FEED, at);
      next >= 0 && next < target;
      next = chunk.indexOf(LINE_FEED, at)
    ) {
      line += 1;
      at = next + 1;
    }
    at = Math.max(at, target);
  };
  return {
    get line() {
      return line;
    },
    enter(next: Buffer) {
      chunk = next;
      at = 0;
    },
    moveTo,
    leave() {
      moveTo(start + chunk.length);
      start += chunk.length;
      chunk = Buffer.alloc(0);
    },
    atEnd() {
      moveTo(start + chunk.length);
      return line;
    },
  };
};

/** The maximum number of arrays, and of columns per array, that are considered. */
const MAX_TABLES = 1_000;
const MAX_COLUMNS = 500;

/** Finds the arrays of objects in a document and its top-level object, with the columns of each. */
const findTables = async (path: string, onRead: (bytes: number) => void): Promise<Table[]> => {
  const tables = new Map<string, Set<string>>();
  const visitor: Visitor = {
    onRecord(table) {
      if (tables.size < MAX_TABLES && !tables.has(table)) tables.set(table, new Set());
      return false;
    },
    onColumn(table, column) {
      const columns = tables.get(table);
      if (columns && columns.size < MAX_COLUMNS) columns.add(column);
    },
    onValue() {},
  };
  for await (const _ of walk(path, visitor, onRead, () => []));
  return [...tables].map(([name, columns]) => ({ name, columns: [...columns] }));
};

const isDjangos = ({ columns }: Table): boolean => columns.includes('model') && columns.includes('fields');

const isObject = (text: string): boolean => {
  try {
    return isRow(JSON.parse(text));
  } catch {
    return false;
  }
};

/** Whether the file has one JSON object per line. */
export const isJsonLines = (head: Buffer): boolean => {
  const [first = '', ...others] = head
    .toString('utf8')
    .replace(/^\u{feff}/u, '')
    .trimStart()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  // `{` alone on a line starts an object that spans several lines.
  if (!/^\{./.test(first.trim()) || others.length === 0) return false;
  if (isObject(first)) return true;
  // If most other lines are valid, a damaged first line is also a record. In a document with one object per line, such as
  // after `{"users":[`, all lines except the last end with a comma.
  return others.filter(isObject).length * 2 > others.length;
};

const MAX_HEAD_RECORDS = 50;

const columnsOfLines = async (path: string): Promise<string[]> => {
  const columns = new Set<string>();
  for await (const page of readJsonLines(path, () => {})) {
    for (const found of page.slice(0, MAX_HEAD_RECORDS))
      if ('record' in found) for (const column of Object.keys(found.record)) columns.add(column);
    if (columns.size > 0) break;
  }
  return [...columns];
};

export const openJsonLines = async (file: PlainFile): Promise<Records> => {
  let bytes = 0;
  return {
    about: 'JSON lines',
    columns: await columnsOfLines(file.path),
    read: () =>
      readJsonLines(file.path, (done) => {
        bytes = done;
      }),
    fraction: () => (file.bytes === 0 ? 1 : bytes / file.bytes),
    close: () => {},
  };
};

/**
 * Opens a JSON document. It is first read completely to find the array of the users.
 *
 * @param wanted the name of the array; null to find it
 * @throws InputError if the document is damaged, or the array is ambiguous
 */
export const openJsonDocument = async (
  file: PlainFile,
  wanted: string | null,
  map: ReadonlyMap<string, Field>,
  onProgress: OnProgress,
): Promise<Records> => {
  let bytes = 0;
  const fraction = () => (file.bytes === 0 ? 1 : bytes / file.bytes);
  const tables = await findTables(file.path, (done) => {
    bytes = done;
    onProgress(done, fraction(), 'bytes looked through');
  });
  const dump = tables.find(isDjangos);
  const table = dump && wanted === null ? dump : chooseTable(tables, wanted, map, 'list');
  return {
    about: table.name === DOCUMENT ? 'a JSON array' : `the list ${table.name} of a JSON document`,
    columns: table.columns,
    async *read() {
      let found: Found[] = [];
      let [number, startLine] = [0, 1];
      const visitor: Visitor = {
        onRecord(name, line) {
          startLine = line;
          return name === table.name;
        },
        onColumn() {},
        onValue(record) {
          number += 1;
          found.push({ at: `record ${number} (line ${startLine})`, record });
        },
      };
      yield* walk(
        file.path,
        visitor,
        (done) => {
          bytes = done;
        },
        () => {
          const read = found;
          found = [];
          return read;
        },
      );
    },
    fraction,
    close: () => {},
  };
};
