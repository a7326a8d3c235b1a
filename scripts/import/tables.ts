// Finds the table of users in a file: by its columns, then by its name.
import { createFieldReader, type Field } from './fields.ts';
import { InputError } from './records.ts';
import { findService } from './services.ts';

/** A list of records in a file: a table of a database, or an array of a document. */
export interface Table {
  name: string;
  columns: readonly string[];
}

/** Whether records with these columns can be users. */
export const looksLikeUsers = (columns: readonly string[], map: ReadonlyMap<string, Field>): boolean => {
  const record = Object.fromEntries(columns.map((column) => [column, null]));
  if (findService(columns) !== null) return true;
  const { has } = createFieldReader(map, () => {})(record);
  return (has('email') || has('username')) && has('password_hash');
};

const MAX_LISTED = 40;

const listOf = (tables: readonly Table[]): string =>
  tables
    .slice(0, MAX_LISTED)
    .map(({ name }) => name)
    .join(', ') + (tables.length > MAX_LISTED ? ', …' : '');

const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

/** `auth.users` is also found as `users`, if no other table has that name. */
const findByName = (tables: readonly Table[], wanted: string): Table | null => {
  const exact = tables.find(({ name }) => sameName(name, wanted));
  if (exact) return exact;
  const [table, ...more] = tables.filter(({ name }) => sameName(name.split('.').at(-1) ?? '', wanted));
  return more.length === 0 ? (table ?? null) : null;
};

/**
 * @param wanted the name of the table; null to detect it
 * @param kind the word for tables in this format
 * @throws InputError if no table or several can be it. The message lists them
 */
export const chooseTable = <T extends Table>(
  tables: readonly T[],
  wanted: string | null,
  map: ReadonlyMap<string, Field>,
  kind = 'table',
): T => {
  if (tables.length === 0) throw new InputError(`There is no ${kind} in it.`);
  if (wanted !== null) {
    const named = tables.find((table) => table === findByName(tables, wanted));
    if (named === undefined)
      throw new InputError(`There is no ${kind} ${wanted}. There are: ${listOf(tables)}.`);
    return named;
  }
  const candidates = tables.filter(({ columns }) => looksLikeUsers(columns, map));
  // Names with `_` at the start are system tables, such as PocketBase's `_superusers`.
  const usual = candidates.filter(({ name }) => !name.startsWith('_'));
  const [table, ...more] = usual.length > 0 ? usual : candidates;
  if (table === undefined)
    throw new InputError(
      `No ${kind} has a username or an email and a password hash. There are: ${listOf(tables)}. Name the one of the users: --table, and its columns: --map.`,
    );
  if (more.length > 0)
    throw new InputError(
      `More than one ${kind} can be that of the users: ${listOf([table, ...more])}. Name it: --table.`,
    );
  return table;
};
