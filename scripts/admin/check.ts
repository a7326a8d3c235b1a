// `npm run admin -- check`: checks that each account has the lookup keys that this version computes from its names.
import { isMatchable } from '../../src/core/formats.ts';
import { emailKey, usernameKey } from '../../src/core/identity.ts';
import { nameKey } from '../../src/core/names.ts';
import { quote } from '../import/sql.ts';
import { toPlainText } from '../terminal.ts';
import type { Row } from '../wrangler.ts';
import type { Query } from './account.ts';

/** Accounts per query. The response of the deployed database is one JSON text in memory. */
const PAGE_ACCOUNTS = 2_000;
/** A key may become free only after another account has been updated. */
const MAX_PASSES = 3;

type Field = 'email' | 'username' | 'name';

interface WrongKey {
  id: number;
  field: Field;
  /** The stored name, for the report. */
  shown: string;
  stored: string | null;
  /** The computed key; null if the name is invalid. */
  right: string | null;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The keys of an account that differ from those of this version. */
const findWrongKeys = (row: Row): WrongKey[] => {
  const id = Number(row['id']);
  const username = textOrNull(row['username']);
  const names = {
    name: textOf(row['name']),
    firstName: textOf(row['first_name']),
    lastName: textOf(row['last_name']),
  };
  const email = textOf(row['email']);
  const keys: WrongKey[] = [
    {
      id,
      field: 'email',
      shown: email,
      stored: textOrNull(row['email_key']),
      right: isMatchable(email) ? emailKey(email) : null,
    },
    {
      id,
      field: 'username',
      shown: username ?? '',
      stored: textOrNull(row['username_key']),
      right: username !== null && isMatchable(username) ? usernameKey(username) : null,
    },
    {
      id,
      field: 'name',
      shown: names.name,
      stored: textOrNull(row['name_key']),
      right: nameKey(names),
    },
  ];
  return keys.filter(({ stored, right }) => stored !== right);
};

const same = (column: string, key: string | null): string =>
  `${column} IS ${key === null ? 'NULL' : quote(key)}`;

/** Sets a key if the account still has the wrong one and no other account has the right one. */
const setKey = ({ id, field, stored, right }: WrongKey): string[] => {
  if (right === null) return [];
  const column = `${field}_key`;
  const isFree =
    field === 'name'
      ? 'true'
      : `NOT EXISTS (SELECT 1 FROM users AS other WHERE other.${column} = ${quote(right)} AND other.id <> users.id)`;
  return [
    `UPDATE users SET ${column} = ${quote(right)} WHERE id = ${id} AND ${same(column, stored)} AND ${isFree}`,
  ];
};

const readAll = async (query: Query): Promise<{ accounts: number; wrong: WrongKey[] }> => {
  const wrong: WrongKey[] = [];
  let accounts = 0;
  let afterId = 0;
  for (;;) {
    const [rows = []] = await query([
      `SELECT id, username, username_key, email, email_key, name, first_name, last_name, name_key FROM users
        WHERE id > ${afterId} ORDER BY id LIMIT ${PAGE_ACCOUNTS}`,
    ]);
    accounts += rows.length;
    wrong.push(...rows.flatMap(findWrongKeys));
    if (rows.length < PAGE_ACCOUNTS) return { accounts, wrong };
    afterId = Number(rows.at(-1)?.['id']);
  }
};

const holderOf = async (query: Query, { field, right, id }: WrongKey): Promise<number | null> => {
  if (right === null) return null;
  const [rows = []] = await query([
    `SELECT id FROM users WHERE ${field}_key = ${quote(right)} AND id <> ${id}`,
  ]);
  return rows[0] === undefined ? null : Number(rows[0]['id']);
};

/**
 * Reads every account and updates the keys that an earlier version computed differently. Reports pairs of accounts whose
 * keys are now the same: a person must decide which of them keeps the name.
 */
export const checkAccounts = async (query: Query) => {
  const { accounts, wrong } = await readAll(query);
  let left = wrong;
  for (let pass = 0; left.length > 0 && pass < MAX_PASSES; pass += 1) {
    for (let at = 0; at < left.length; at += PAGE_ACCOUNTS) {
      const statements = left.slice(at, at + PAGE_ACCOUNTS).flatMap(setKey);
      if (statements.length > 0) await query(statements);
    }
    const before = left.length;
    left = (await readAll(query)).wrong;
    if (left.length === before) break;
  }
  const conflicts = [];
  for (const key of left)
    conflicts.push({
      id: key.id,
      field: key.field,
      value: key.shown,
      otherId: await holderOf(query, key),
    });
  const lines = conflicts.map(({ id, field, value, otherId }) =>
    otherId === null
      ? `account ${id}: no login finds it by the ${field} ${toPlainText(value)}. Give it another.`
      : `account ${id}: the ${field} ${toPlainText(value)} is that of account ${otherId}. Give one of them another, or delete it.`,
  );
  const set = wrong.length - left.length;
  return {
    text: [
      `${accounts} accounts are checked. Keys set: ${set}. Conflicts: ${conflicts.length}.`,
      ...lines,
    ].join('\n'),
    json: { accounts, set, conflicts },
    ...(conflicts.length > 0 ? { status: 1 } : {}),
  };
};
