// Reads SQL dumps (pg_dump, mysqldump, SQLite's .dump). Rows of tables that may contain users go into a temporary SQLite
// database, which is then read like any SQLite file. Streams: memory holds one row and one part of the file.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Field } from './fields.ts';
import { InputError, MAX_RECORD_BYTES, type OnProgress } from './records.ts';
import { looksLikeUsers, type Table } from './tables.ts';
import { encodeBytes, holdsBytes, readMixedTexts } from './text.ts';
import type { PlainFile } from './unpack.ts';

/** Further tables that are read: tokens of Django REST framework, passwords of better-auth. */
const COMPANIONS = new Set(['authtoken_token', 'account', 'user']);

export const isSqlDump = (head: Buffer): boolean =>
  /^\u{feff}?(?:\s|--.*\n|\/\*[\s\S]*?\*\/;?|\\[a-z]+.*\n)*(?:CREATE|INSERT|REPLACE|COPY|SET|DROP|BEGIN|START|PRAGMA|SELECT|LOCK|ALTER|USE)\s/iu.test(
    head.toString('utf8'),
  );

/** In MySQL, a backslash in a text is an escape. In PostgreSQL only after `E`, in SQLite never. */
const isMysql = (head: string): boolean => /MySQL dump|MariaDB dump|\/\*!\d{5}|phpMyAdmin|`/.test(head);

const NAME = '(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|\\[[^\\]]+\\]|[\\p{L}_][\\p{L}\\p{N}_$]*)';
const PATH = `${NAME}(?:\\s*\\.\\s*${NAME})*`;
const COPY = new RegExp(
  `^COPY\\s+(${PATH})\\s*\\(([^)]*)\\)\\s+FROM\\s+stdin\\b[^;]*;[^\\S\\n]*\\r?\\n`,
  'iu',
);
const INSERT = new RegExp(
  `^(?:INSERT|REPLACE)\\s+(?:IGNORE\\s+|OR\\s+\\w+\\s+)?INTO\\s+(${PATH})\\s*(?:\\(([^)]*)\\)\\s*)?(?:OVERRIDING\\s+\\w+\\s+VALUE\\s+)?VALUES\\s*(?=\\()`,
  'iu',
);
const CREATE = new RegExp(
  `^CREATE\\s+(?:TEMP(?:ORARY)?\\s+|UNLOGGED\\s+)?TABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?(${PATH})\\s*\\(`,
  'iu',
);
const NO_COLUMN =
  /^(?:PRIMARY|KEY|UNIQUE|CONSTRAINT|INDEX|FULLTEXT|SPATIAL|CHECK|FOREIGN|EXCLUDE|LIKE|PERIOD)\b/i;
/** Longer than the head of any relevant statement. */
const MAX_HEAD_CHARACTERS = 64 * 1024;

/** Longer than any relevant keyword or tag. */
const MAX_WORD = 64;

const unquoteName = (name: string): string => {
  const text = name.trim();
  if (/^["`]/.test(text)) return text.slice(1, -1).replaceAll('""', '"').replaceAll('``', '`');
  return text.startsWith('[') ? text.slice(1, -1) : text;
};

/** `public.users` and `dbo.users` are `users`; `auth.users` stays. */
const readPath = (path: string): string => {
  const parts = [...path.matchAll(new RegExp(NAME, 'gu'))].map(([part]) => unquoteName(part));
  return parts.length > 1 && /^(?:public|dbo|main)$/.test(parts[0] ?? '')
    ? parts.slice(1).join('.')
    : parts.join('.');
};

const readNames = (list: string): string[] =>
  [...list.matchAll(new RegExp(NAME, 'gu'))].map(([name]) => unquoteName(name));

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' };

/** https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.2 */
const readCopyValue = (text: string): string | null => {
  if (text === '\\N') return null;
  if (!text.includes('\\')) return text;
  return text.replaceAll(
    /\\(?:x([0-9a-f]{1,2})|([0-7]{1,3})|(.))/gs,
    (_, hex?: string, octal?: string, one = '') => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return ESCAPES[one] ?? one;
    },
  );
};

/** https://dev.mysql.com/doc/refman/8.4/en/string-literals.html */
const readMysqlText = (text: string): string =>
  text.replaceAll(/\\(.)|''/gs, (_, one?: string) => {
    if (one === undefined) return "'";
    if (one === '0') return '\0';
    return one === 'Z' ? '\u001a' : one === 'v' || one === 'f' ? one : (ESCAPES[one] ?? one);
  });

const readEscapedText = (text: string): string =>
  text.replaceAll(/\\(.)|''/gs, (_, one?: string) => (one === undefined ? "'" : (ESCAPES[one] ?? one)));

type Value = string | null;

/** Reads a tuple and its end; null if the text ends before. */
type Parsed<T> = { value: T; end: number } | null;

const PLAIN_TEXT = /'((?:[^']|'')*)'(?!')/y;
const ESCAPED_TEXT = /'((?:[^'\\]|\\[\s\S]|'')*)'(?!')/y;
const SPACE = /\s*/y;
const BARE = /[^\s,()'"]+(?:\s+[^\s,()'"]+)*/y;
const CAST =
  /(?:\s*::\s*(?:"[^"]+"|[\w.]+)(?:\s*\([\d, ]*\))?(?:\s+(?:varying(?:\s*\([\d, ]*\))?|precision|with(?:out)?\s+time\s+zone))?(?:\[\])?)+/y;

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

const skipSpace = (text: string, at: number): number => at + (matchAt(SPACE, text, at)?.[0].length ?? 0);

/** Finds the end of an expression in parentheses, which is kept as text. */
const skipParentheses = (text: string, at: number): number | null => {
  let depth = 0;
  for (let index = at; index < text.length; index += 1) {
    const character = text[index];
    if (character === "'") {
      const quoted = matchAt(ESCAPED_TEXT, text, index);
      if (!quoted) return null;
      index += quoted[0].length - 1;
    } else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return null;
};

const readValue = (text: string, at: number, mysql: boolean): Parsed<Value> => {
  const prefix = /(?:[EeNn]|_[a-z0-9]+\s+)?(?=')/y;
  const before = matchAt(prefix, text, at)?.[0] ?? '';
  const start = at + before.length;
  let value: Value;
  let end: number;
  if (text[start] === "'") {
    const escapes = mysql || /^e/i.test(before);
    const quoted = matchAt(escapes ? ESCAPED_TEXT : PLAIN_TEXT, text, start);
    // Whether a quote at the end of the part is doubled is only known with the next part.
    if (!quoted || start + quoted[0].length >= text.length) return null;
    const inner = quoted[1] ?? '';
    value = mysql ? readMysqlText(inner) : escapes ? readEscapedText(inner) : inner.replaceAll("''", "'");
    end = start + quoted[0].length;
  } else {
    const bare = matchAt(BARE, text, at);
    end = at + (bare?.[0].length ?? 0);
    if (text[end] === '(' || text[end] === "'") {
      // An expression, such as `now()` or `X'00'`, is kept as text.
      const next = text[end] === '(' ? skipParentheses(text, end) : skipQuoted(text, end);
      if (next === null) return null;
      end = next;
    }
    if (end >= text.length) return null;
    const raw = text.slice(at, end).replace(CAST, '');
    if (raw === '') throw new InputError('A row of the dump cannot be read.');
    value = /^null$/i.test(raw) ? null : raw;
  }
  const cast = matchAt(CAST, text, end);
  return { value, end: end + (cast?.[0].length ?? 0) };
};

const skipQuoted = (text: string, at: number): number | null => {
  const quoted = matchAt(ESCAPED_TEXT, text, at);
  return quoted ? at + quoted[0].length : null;
};

const readTuple = (text: string, at: number, mysql: boolean): Parsed<Value[]> => {
  const values: Value[] = [];
  let index = at + 1;
  for (;;) {
    index = skipSpace(text, index);
    if (index >= text.length) return null;
    const read = readValue(text, index, mysql);
    if (!read) return null;
    values.push(read.value);
    index = skipSpace(text, read.end);
    if (index >= text.length) return null;
    if (text[index] === ')') return { value: values, end: index + 1 };
    if (text[index] !== ',') {
      // An unexpected character may be part of an incomplete word, such as `varying` after a cast.
      if (text.length - index < MAX_WORD) return null;
      throw new InputError('A row of the dump cannot be read.');
    }
    index += 1;
  }
};

/** The names of the columns in the body of a CREATE TABLE. */
const readColumns = (body: string): string[] => {
  const columns: string[] = [];
  let [depth, start] = [0, 0];
  const take = (end: number) => {
    const item = body.slice(start, end).trim();
    start = end + 1;
    if (item === '' || NO_COLUMN.test(item)) return;
    const [name] = new RegExp(`^${NAME}`, 'u').exec(item) ?? [];
    if (name !== undefined) columns.push(unquoteName(name));
  };
  for (let index = 0; index < body.length; index += 1) {
    const character = body[index];
    if (character === "'") index = (skipQuoted(body, index) ?? body.length) - 1;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === ',' && depth === 0) take(index);
  }
  take(body.length);
  return columns;
};

export interface Sink {
  /** Whether to read the rows of a table. */
  begin(table: string, columns: readonly string[]): boolean;
  row(values: readonly Value[]): void;
  /** The columns of a table without column names in the dump; empty if they are unknown. */
  nameless(table: string): readonly string[];
}

type State = 'statement' | 'skip' | 'copy' | 'tuples';

/** Reads a dump in parts, which may be split anywhere. */
export const createDumpReader = (mysql: boolean, sink: Sink) => {
  const created = new Map<string, string[]>();
  let text = '';
  let state: State = 'statement';
  let wanted = false;
  /** Within the rows of an INSERT: whether a row was just completed. */
  let isAfterTuple = false;
  let delimiter = ';';
  /** The end mark of the current quoted text in a skipped statement; null outside of one. */
  let skipUntil: string | null = null;

  const skipComment = (isEnd: boolean): boolean | null => {
    if (text.startsWith('--') || text.startsWith('#') || text.startsWith('\\')) {
      const end = text.indexOf('\n');
      if (end < 0) return null;
      text = text.slice(end + 1);
      return true;
    }
    if (!isEnd && (text === '-' || text === '/')) return null;
    if (!text.startsWith('/*')) return false;
    const end = text.indexOf('*/');
    if (end < 0) return null;
    text = text.slice(end + 2);
    return true;
  };

  /** Whether the text may be the start of a relevant statement. */
  const isUndecided = (): boolean => {
    if (text.length >= MAX_HEAD_CHARACTERS) return false;
    if (text.length < MAX_WORD && !text.includes('\n')) return true;
    if (/^DELIMITER\b/i.test(text)) return !text.includes('\n');
    if (/^COPY\b/i.test(text)) return !/;[^\S\n]*\r?\n/.test(text);
    if (CREATE.test(text)) return true;
    return /^(?:INSERT|REPLACE|CREATE)\b/i.test(text) && !text.includes(delimiter);
  };

  /** Starts a statement. False if more of the file is needed. */
  const readStatement = (isEnd: boolean): boolean => {
    text = text.trimStart().replace(/^;+\s*/, '');
    const comment = skipComment(isEnd);
    if (comment !== false) return comment === true;
    if (text === '') return false;
    const [change, named] = /^DELIMITER\s+(\S+)[^\n]*\n/i.exec(text) ?? [];
    if (change !== undefined) {
      delimiter = named ?? ';';
      text = text.slice(change.length);
      return true;
    }
    // `DELIMITER ;;` starts triggers and routines, whose statements are ignored.
    if (delimiter === ';' && readHead()) return true;
    if (!isEnd && isUndecided()) return false;
    state = 'skip';
    return true;
  };

  const readHead = (): boolean => {
    const copy = COPY.exec(text);
    if (copy) {
      const [head, path = '', list = ''] = copy;
      wanted = sink.begin(readPath(path), readNames(list));
      text = text.slice(head.length);
      state = 'copy';
      return true;
    }
    const insert = INSERT.exec(text);
    if (insert) {
      const [head, path = '', list] = insert;
      const table = readPath(path);
      const columns = list === undefined ? (created.get(table) ?? sink.nameless(table)) : readNames(list);
      wanted = columns.length > 0 && sink.begin(table, columns);
      if (wanted) {
        text = text.slice(head.length);
        state = 'tuples';
      } else state = 'skip';
      return true;
    }
    const create = CREATE.exec(text);
    if (!create) return false;
    const open = create[0].length - 1;
    const end = skipParentheses(text, open);
    if (end === null) return false;
    const [, path = ''] = create;
    created.set(readPath(path), readColumns(text.slice(open + 1, end - 1)));
    text = text.slice(end);
    state = 'skip';
    return true;
  };

  /** The end mark of a comment or quoted text that starts at an index: null if none starts, '' if more text is needed. */
  const closerAt = (index: number, isEnd: boolean): string | null => {
    const character = text[index] ?? '';
    if (character === "'" || character === '"' || character === '`') return character;
    const isCut = !isEnd && text.length - index < 2;
    if (character === '-') return isCut ? '' : text[index + 1] === '-' ? '\n' : null;
    if (character === '/') return isCut ? '' : text[index + 1] === '*' ? '*/' : null;
    if (character !== '$' || mysql) return null;
    const tag = matchAt(/\$\w*\$/y, text, index)?.[0];
    if (tag !== undefined) return tag;
    return !isEnd && text.length - index < MAX_WORD && /^\$\w*$/.test(text.slice(index)) ? '' : null;
  };

  /** Whether a word starts at an index; null if the text ends within it. */
  const startsWith = (word: string, index: number, isEnd: boolean): boolean | null => {
    if (text.startsWith(word, index)) return true;
    return !isEnd && word.length > text.length - index && word.startsWith(text.slice(index)) ? null : false;
  };

  /** Skips a statement. True at its end. Otherwise, unclear text is kept for the next part. */
  const skip = (isEnd: boolean): boolean => {
    let index = 0;
    for (; index < text.length; index += 1) {
      if (skipUntil !== null) {
        if (mysql && text[index] === '\\' && (skipUntil === "'" || skipUntil === '"')) {
          if (!isEnd && index + 1 >= text.length) break;
          index += 1;
          continue;
        }
        const isOver = startsWith(skipUntil, index, isEnd);
        if (isOver === null) break;
        if (!isOver) continue;
        index += skipUntil.length - 1;
        skipUntil = null;
        continue;
      }
      const isDone = startsWith(delimiter, index, isEnd);
      if (isDone === null) break;
      if (isDone) {
        text = text.slice(index + delimiter.length);
        state = 'statement';
        return true;
      }
      const closer = closerAt(index, isEnd);
      if (closer === '') break;
      if (closer === null) continue;
      skipUntil = closer;
      // Searching starts after the start mark, because a dollar tag is also its end mark.
      if (closer.startsWith('$')) index += closer.length - 1;
      else if (closer === '*/' || closer === '\n') index += 1;
    }
    text = text.slice(Math.min(index, text.length));
    return false;
  };

  const readCopy = (isEnd: boolean): boolean => {
    let start = 0;
    for (let end = text.indexOf('\n'); ; end = text.indexOf('\n', start)) {
      if (end < 0 && !(isEnd && start < text.length)) break;
      const line = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, '');
      start = end < 0 ? text.length : end + 1;
      if (line === '\\.') {
        text = text.slice(start);
        state = 'statement';
        return true;
      }
      if (wanted) sink.row(line.split('\t').map(readCopyValue));
    }
    text = text.slice(start);
    return false;
  };

  const readTuples = (): boolean => {
    let start = skipSpace(text, 0);
    for (;;) {
      if (isAfterTuple) {
        // Whether another row follows may only be known with the next part.
        if (start >= text.length) break;
        isAfterTuple = false;
        if (text[start] !== ',') {
          // The end of the statement, or a clause before it, such as ON CONFLICT.
          text = text.slice(start);
          state = 'skip';
          return true;
        }
        start = skipSpace(text, start + 1);
      }
      if (start >= text.length) break;
      if (text[start] !== '(') throw new InputError('A row of the dump cannot be read.');
      const tuple = readTuple(text, start, mysql);
      if (!tuple) break;
      sink.row(tuple.value);
      isAfterTuple = true;
      start = skipSpace(text, tuple.end);
    }
    text = text.slice(start);
    if (text.length > MAX_RECORD_BYTES)
      throw new InputError(`A row of the dump is longer than ${MAX_RECORD_BYTES} characters, or damaged.`);
    return false;
  };

  const steps = { statement: readStatement, skip, copy: readCopy, tuples: readTuples };
  return {
    take(part: string, isEnd: boolean) {
      text += part;
      let goesOn = text !== '';
      while (goesOn) goesOn = steps[state](isEnd) && text !== '';
      if (isEnd && state === 'copy')
        throw new InputError('The dump ends in the middle of the rows of a table.');
      if (isEnd && state === 'tuples') throw new InputError('The dump ends in the middle of a statement.');
    },
  };
};

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Values with bytes that are not UTF-8 are stored as BLOBs, because SQLite texts cannot hold their surrogates. */
const toStored = (value: Value): Value | Buffer =>
  typeof value === 'string' && holdsBytes(value) ? encodeBytes(value) : value;

/** The maximum number of tables in an error. */
const MAX_NAMELESS = 40;

export interface LoadedDump {
  /** All tables with rows in the dump, and the tables whose rows were kept. */
  tables: Table[];
  rows: number;
  /** Tables without column names in the dump. */
  nameless: string[];
}

/**
 * Writes the rows of tables that may contain users into a new SQLite file.
 *
 * @param wanted the name of the table; null for all that look like users
 * @param columnsByHand the columns of a table without column names in the dump; null if not given
 * @throws InputError if the dump is damaged or has no such table
 */
export const loadDump = async (
  file: PlainFile,
  to: string,
  wanted: string | null,
  columnsByHand: readonly string[] | null,
  map: ReadonlyMap<string, Field>,
  onProgress: OnProgress,
): Promise<LoadedDump> => {
  const database = new DatabaseSync(to);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN');
  const tables = new Map<string, string[]>();
  const kept = new Map<string, { insert: StatementSync; width: number }>();
  let into: { insert: StatementSync; width: number } | null = null;
  const nameless = new Set<string>();
  let rows = 0;

  const isNamed = (table: string): boolean =>
    wanted === null ||
    [table.toLowerCase(), table.split('.').at(-1)?.toLowerCase()].includes(wanted.toLowerCase());
  const isWanted = (table: string, columns: readonly string[]): boolean => {
    const short = table.split('.').at(-1)?.toLowerCase() ?? '';
    if (COMPANIONS.has(short)) return true;
    return wanted === null ? looksLikeUsers(columns, map) : isNamed(table);
  };
  const sink: Sink = {
    nameless(table) {
      if (nameless.size < MAX_NAMELESS) nameless.add(table);
      return columnsByHand !== null && isNamed(table) ? columnsByHand : [];
    },
    begin(table, columns) {
      if (!tables.has(table)) tables.set(table, [...columns]);
      if (!isWanted(table, columns)) return false;
      const key = `${table} ${columns.join()}`;
      const known = kept.get(key);
      if (!known) {
        const names = columns.map(quoteName).join(', ');
        // Without types, so that values are not converted.
        database.exec(`CREATE TABLE IF NOT EXISTS ${quoteName(table)} (${names})`);
        const places = columns.map(() => '?').join(', ');
        const insert = database.prepare(`INSERT INTO ${quoteName(table)} (${names}) VALUES (${places})`);
        kept.set(key, { insert, width: columns.length });
      }
      into = kept.get(key) ?? null;
      return true;
    },
    row(values) {
      if (into === null) return;
      if (values.length !== into.width)
        throw new InputError('A row of the dump has another number of values than columns.');
      into.insert.run(...values.map(toStored));
      rows += 1;
    },
  };
  try {
    const reader = createDumpReader(isMysql(file.head.toString('utf8')), sink);
    const onRead = (bytes: number) => onProgress(bytes, bytes / file.bytes, 'bytes of the dump read');
    for await (const text of readMixedTexts(file.path, onRead)) reader.take(text, false);
    reader.take('', true);
    database.exec('COMMIT');
    return {
      tables: [...tables].map(([name, columns]) => ({ name, columns })),
      nameless: [...nameless],
      rows,
    };
  } finally {
    database.close();
  }
};
