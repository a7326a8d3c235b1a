// Reads the whole file before anything is written, and reports what the operator must decide.

import { readAccountState } from './account-state.ts';
import { explainUnread } from './accounts.ts';
import { columnOf, createFieldReader, createValueRules, type Field } from './fields.ts';
import { InputError, type Source } from './records.ts';
import { readNumber, valueAt } from './values.ts';

/** The number of columns that are shown. A document database may have thousands. */
const MAX_COLUMNS = 60;
/** The number of values per column that are shown. */
const MAX_VALUES = 10;

export interface Preflight {
  /** The highest id in the file that can be kept; 0 if there is none. */
  lastId: number;
}

export interface PreflightOptions {
  source: Source;
  map: ReadonlyMap<string, Field>;
  nowMs: number;
  /** The highest id that an account may keep. */
  maxId: number;
  /** Called regularly with the progress. */
  onProgress: (records: number, fraction: number) => void;
}

/**
 * Reads the file once.
 *
 * @throws InputError if `--map` names a missing column, or a value of a state column is unknown
 */
export const checkInput = async (options: PreflightOptions): Promise<Preflight> => {
  const { source, map, nowMs, maxId, onProgress } = options;
  const readField = createFieldReader(map, () => {});
  const ruleOf = createValueRules(map);
  const missing = new Map([...map].map(([key, field]) => [columnOf(key, field), `${key}=${field}`]));
  const columns = new Set<string>();
  const unread = new Map<string, { first: string; count: number; text: string }>();
  let [lastId, records] = [0, 0];

  for await (const page of source.read()) {
    for (const found of page) {
      records += 1;
      if (!('record' in found)) continue;
      const { record, at } = found;
      if (columns.size < MAX_COLUMNS) for (const column of Object.keys(record)) columns.add(column);
      for (const column of missing.keys()) if (valueAt(record, column) !== undefined) missing.delete(column);
      const fields = readField(record);
      const id = readNumber(fields.get('id')) ?? 0;
      if (id <= maxId) lastId = Math.max(lastId, id);
      for (const each of readAccountState(record, fields.state, ruleOf, nowMs).unread) {
        const key = `${each.column}:${each.value}`;
        const known = unread.get(key);
        if (known) known.count += 1;
        else if (unread.size < MAX_VALUES)
          unread.set(key, { first: at, count: 1, text: explainUnread(each) });
      }
    }
    onProgress(records, source.fraction());
  }
  const [typo] = records > 0 ? missing.values() : [];
  if (typo !== undefined) {
    const [column = ''] = [...missing.keys()];
    throw new InputError(
      `--map ${typo}: there is no column ${column}. The columns are: ${[...columns].join(', ')}.`,
    );
  }
  if (unread.size > 0) throw new InputError(ask([...unread.values()]));
  return { lastId };
};

const ask = (unread: readonly { first: string; count: number; text: string }[]): string =>
  [
    'it does not say clearly who is disabled, and nothing was imported.',
    ...unread.map(({ first, count, text }) => `  ${text} (${count} records, the first is ${first})`),
  ].join('\n');
