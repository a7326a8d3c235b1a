// Reads YAML: the items of a top-level list one by one, as `dumpdata --format yaml` writes them, or a short document.
import { parse } from 'yaml';
import { isRow } from '../wrangler.ts';
import type { Field } from './fields.ts';
import { type Found, InputError, MAX_RECORD_BYTES, type Records } from './records.ts';
import { chooseTable } from './tables.ts';
import { readTexts } from './text.ts';
import type { PlainFile } from './unpack.ts';

/** A document without a top-level list is held in memory. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

/** Numbers stay texts: a name may consist of digits, and an id may exceed a number. Times are not converted either. */
const toValue = (text: string): unknown =>
  parse(text, {
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !/:(?:int|float)$/.test(tag.tag)),
    // In a "billion laughs" document, each alias expands to ten others.
    maxAliasCount: 100,
  });

const toFound = (at: string, value: unknown): Found =>
  isRow(value) ? { at, record: value } : { at, problem: 'This is no mapping.' };

const parseItem = (at: string, text: string): Found => {
  try {
    const list = toValue(text);
    return toFound(at, Array.isArray(list) ? list[0] : list);
  } catch {
    return { at, problem: 'This is not valid YAML.' };
  }
};

/** An item begins with `- ` in the first column. The rest of it is indented. */
async function* readItems(file: PlainFile, onRead: (bytes: number) => void): AsyncGenerator<Found[]> {
  let found: Found[] = [];
  let [line, startLine, characters, number] = [0, 0, 0, 0];
  let item: string[] = [];
  const flush = () => {
    if (item.length === 0) return;
    number += 1;
    const at = `record ${number} (line ${startLine})`;
    if (characters > MAX_RECORD_BYTES)
      found.push({ at, problem: `It is longer than ${MAX_RECORD_BYTES} characters.` });
    else found.push(parseItem(at, item.join('\n')));
    item = [];
  };
  const take = (text: string) => {
    line += 1;
    if (/^-(?:\s|$)/.test(text)) {
      flush();
      [startLine, characters] = [line, 0];
      item = [text];
    } else if (item.length > 0 && !/^(?:---|\.\.\.|%|#)/.test(text)) {
      characters += text.length;
      if (characters <= MAX_RECORD_BYTES) item.push(text);
    }
  };
  let rest = '';
  for await (const text of readTexts(file.path, onRead)) {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    // No user has a line of this length.
    if (rest.length > MAX_RECORD_BYTES)
      throw new InputError(`Line ${line + lines.length + 1} is longer than ${MAX_RECORD_BYTES} characters.`);
    for (const one of lines) take(one.replace(/\r$/, ''));
    // Detecting the format reads the first page.
    if (found.length === 0) continue;
    yield found;
    found = [];
  }
  if (rest !== '') take(rest);
  flush();
  yield found;
}

/** The lists of mappings in a document by path. */
const listsOf = (value: unknown, path = ''): { name: string; columns: string[]; items: unknown[] }[] => {
  if (Array.isArray(value))
    return value.some(isRow)
      ? [{ name: path, columns: [...new Set(value.filter(isRow).flatMap(Object.keys))], items: value }]
      : [];
  if (!isRow(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    listsOf(inner, path === '' ? key : `${path}.${key}`),
  );
};

const MAX_HEAD_RECORDS = 50;

export const isYamlList = (head: Buffer): boolean =>
  /^(?:\u{feff}?(?:%.*|---.*|#.*)?\r?\n)*\u{feff}?- /u.test(head.toString('utf8'));

export const openYaml = async (
  file: PlainFile,
  wanted: string | null,
  map: ReadonlyMap<string, Field>,
): Promise<Records> => {
  let bytes = 0;
  const fraction = () => (file.bytes === 0 ? 1 : bytes / file.bytes);
  const onRead = (done: number) => {
    bytes = done;
  };
  if (isYamlList(file.head)) {
    const columns = new Set<string>();
    for await (const page of readItems(file, () => {})) {
      for (const found of page.slice(0, MAX_HEAD_RECORDS))
        if ('record' in found) for (const column of Object.keys(found.record)) columns.add(column);
      break;
    }
    return {
      about: 'YAML',
      columns: [...columns],
      read: () => readItems(file, onRead),
      fraction,
      close: () => {},
    };
  }
  if (file.bytes > MAX_WHOLE_BYTES)
    throw new InputError(`YAML of more than ${MAX_WHOLE_BYTES} bytes must be a list at its top.`);
  let text = '';
  for await (const part of readTexts(file.path, () => {})) text += part;
  let document: unknown;
  try {
    document = toValue(text);
  } catch (error) {
    throw new InputError(
      `The YAML is damaged: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    );
  }
  const { name, columns, items } = chooseTable(listsOf(document), wanted, map, 'list');
  return {
    about: `the list ${name} of a YAML document`,
    columns,
    async *read() {
      onRead(file.bytes);
      yield items.map((item, index) => toFound(`record ${index + 1} of ${name}`, item));
    },
    fraction,
    close: () => {},
  };
};
