// Reads XML: rows of Django, MySQL and phpMyAdmin, and elements whose children are the columns. saxes streams it, and
// neither resolves external entities nor expands others.
import { SaxesParser } from 'saxes';
import type { Row } from '../wrangler.ts';
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
import { readTexts } from './text.ts';
import type { PlainFile } from './unpack.ts';

/** An open element. */
interface Level {
  tag: string;
  attributes: Readonly<Record<string, string>>;
  text: string;
  children: number;
  /** The values of its children, if they are columns. */
  record: Row;
  isNull: boolean;
  line: number;
}

interface XmlRecord {
  table: string;
  record: Row;
  line: number;
}

/** `<field name="email">` and `<column name="email">` have the name in an attribute, `<email>` is the name. */
const columnOf = ({ tag, attributes }: Level): string => attributes['name'] ?? tag;

const isNullElement = ({ attributes }: Level): boolean =>
  attributes['xsi:nil'] === 'true' || attributes['nil'] === 'true' || attributes['null'] === 'true';

/** `<object model="auth.user" pk="1">` of Django is read as the same record in Django's JSON. */
const toRecord = (level: Level, path: string): { table: string; record: Row } => {
  const { model, pk } = level.attributes;
  if (level.tag === 'object' && model !== undefined)
    return { table: 'django', record: { model, pk: pk ?? null, fields: level.record } };
  // phpMyAdmin writes a row as `<table name="users">`.
  if (level.tag === 'table' && level.attributes['name'] !== undefined)
    return { table: level.attributes['name'], record: level.record };
  const { attributes } = level;
  return { table: path, record: { ...attributes, ...level.record } };
};

/**
 * Reads the elements. An element is a record if its children have no children. That is known only at its end, so the
 * memory that it takes until then is bounded.
 */
const createWalker = (onRecord: (record: XmlRecord) => void) => {
  const parser = new SaxesParser();
  const levels: Level[] = [];
  let tableOfRows: string | null = null;
  let characters = 0;

  parser.on('error', (error) => {
    throw new InputError(`The XML is damaged: ${error.message}`);
  });
  const onText = (text: string) => {
    const level = levels.at(-1);
    // The text between child elements is layout. With a million of them, it would be a million texts.
    if (!level || level.children > 0) return;
    characters += text.length;
    if (characters > MAX_RECORD_BYTES)
      throw new InputError(`Line ${level.line}: a record is longer than ${MAX_RECORD_BYTES} characters.`);
    level.text += text;
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('opentag', ({ name, attributes }) => {
    const parent = levels.at(-1);
    if (parent) {
      parent.children += 1;
      parent.text = '';
    }
    const level = {
      tag: name,
      attributes: { ...attributes },
      text: '',
      children: 0,
      record: {},
      isNull: false,
    };
    levels.push({ ...level, line: parser.line });
    // mysqldump --xml: `<table_data name="users"><row>…`.
    if (name === 'table_data') tableOfRows = attributes['name'] ?? null;
    if (levels.length <= 2) characters = 0;
  });
  parser.on('closetag', () => {
    const level = levels.pop();
    const parent = levels.at(-1);
    if (!level) return;
    if (level.tag === 'None' && parent) {
      // Django's null.
      parent.isNull = true;
      return;
    }
    const isLeaf = level.children === 0 || level.isNull;
    if (!isLeaf) {
      const path =
        levels.length <= 1
          ? level.tag
          : levels
              .slice(1)
              .map(({ tag }) => tag)
              .concat(level.tag)
              .join('.');
      if (Object.keys(level.record).length > 0) {
        const table = level.tag === 'row' && tableOfRows !== null ? tableOfRows : path;
        onRecord({ ...toRecord(level, table), line: level.line });
      }
      characters = 0;
      return;
    }
    if (!parent) return;
    // phpMyAdmin writes NULL as this word.
    const isWord = level.tag === 'column' && level.text === 'NULL';
    const value = level.isNull || isWord || isNullElement(level) ? null : level.text;
    const column = columnOf(level);
    if (column === '__proto__') Object.defineProperty(parent.record, column, { value, enumerable: true });
    else parent.record[column] = value;
  });
  return parser;
};

async function* readXml(
  path: string,
  onRead: (bytes: number) => void,
  isWanted: (record: XmlRecord) => boolean,
): AsyncGenerator<XmlRecord[]> {
  let found: XmlRecord[] = [];
  const parser = createWalker((record) => {
    if (isWanted(record)) found.push(record);
  });
  for await (const text of readTexts(path, onRead)) {
    parser.write(text);
    if (found.length < RECORDS_AT_ONCE) continue;
    yield found;
    found = [];
  }
  parser.close();
  yield found;
}

const MAX_TABLES = 1_000;

/**
 * @param wanted the name of the records; null to detect it
 * @throws InputError if the file is not XML, or if it is unclear which elements are the users
 */
export const openXml = async (
  file: PlainFile,
  wanted: string | null,
  map: ReadonlyMap<string, Field>,
  onProgress: OnProgress,
): Promise<Records> => {
  let bytes = 0;
  const fraction = () => (file.bytes === 0 ? 1 : bytes / file.bytes);
  const onRead = (done: number) => {
    bytes = done;
  };
  const tables = new Map<string, Set<string>>();
  const note = ({ table, record }: XmlRecord): boolean => {
    if (tables.size >= MAX_TABLES && !tables.has(table)) return false;
    const columns = tables.get(table) ?? new Set<string>();
    tables.set(table, columns);
    for (const column of Object.keys(record)) columns.add(column);
    return false;
  };
  const look = (done: number) => {
    bytes = done;
    onProgress(done, fraction(), 'bytes looked through');
  };
  for await (const _ of readXml(file.path, look, note));
  const list: Table[] = [...tables].map(([name, columns]) => ({ name, columns: [...columns] }));
  const django = list.find(({ name }) => name === 'django');
  const table = django && wanted === null ? django : chooseTable(list, wanted, map, 'kind of element');
  return {
    about: `XML, the elements ${table.name}`,
    columns: table.columns,
    async *read() {
      let number = 0;
      for await (const records of readXml(file.path, onRead, (record) => record.table === table.name)) {
        yield records.map(({ record, line }): Found => {
          number += 1;
          return { at: `record ${number} (line ${line})`, record };
        });
      }
    },
    fraction,
    close: () => {},
  };
};
