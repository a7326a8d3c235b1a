// `npm run admin -- check`: updates the keys of an earlier version, and names accounts that now share one.
import { expect, it } from 'vitest';
import { commands } from '../../scripts/admin/commands.ts';
import { BCRYPT, NOW_MS, openDatabase, type Scratch } from './import-support.ts';

type Stored = [
  id: number,
  username: string | null,
  usernameKey: string | null,
  email: string,
  emailKey: string,
];

const add = ({ database }: Scratch, accounts: readonly Stored[]) => {
  const insert = database.prepare(
    `INSERT INTO users (id, username, username_key, email, email_key, password_hash, name, name_key, created_at,
      updated_at, last_login_at) VALUES (?, ?, ?, ?, ?, '${BCRYPT}', 'Ann', 'ann', 1, 1, 1)`,
  );
  for (const account of accounts) insert.run(...account);
};

const check = (scratch: Scratch) =>
  commands['check']?.run('', scratch.target.query, NOW_MS, '') ?? expect.fail('There is no such command.');

const keysOf = (scratch: Scratch) => scratch.users('id, username_key, email_key, name_key');

it('changes nothing if each key is right', async () => {
  const scratch = openDatabase();
  add(scratch, [
    [1, 'Ann', 'ann', 'Ann@Example.com', 'ann@example.com'],
    [2, null, null, 'ß@example.com', 'ss@example.com'],
  ]);
  const before = scratch.users();
  expect(await check(scratch)).toEqual({
    text: '2 accounts are checked. Keys set: 0. Conflicts: 0.',
    json: { accounts: 2, set: 0, conflicts: [] },
  });
  expect(scratch.users()).toEqual(before);
});

it('updates keys of an earlier version, even in a chain, and sets missing keys of names', async () => {
  const scratch = openDatabase();
  add(scratch, [
    [1, 'Ann', 'Ann', 'Straße@example.com', 'straße@example.com'],
    // Account 1's key is free only when this one has its own.
    [2, null, null, 'other@example.com', 'strasse@example.com'],
    [3, 'bob', 'bob', 'ΟΔΟΣ@example.com', 'οδος@example.com'],
  ]);
  scratch.database.exec("UPDATE users SET name = 'ÄNNE', name_key = NULL WHERE id = 3");
  const { text, json } = await check(scratch);
  expect(text).toBe('3 accounts are checked. Keys set: 5. Conflicts: 0.');
  expect(json).toEqual({ accounts: 3, set: 5, conflicts: [] });
  expect(keysOf(scratch)).toEqual([
    { id: 1, username_key: 'ann', email_key: 'strasse@example.com', name_key: 'ann' },
    { id: 2, username_key: null, email_key: 'other@example.com', name_key: 'ann' },
    { id: 3, username_key: 'bob', email_key: 'οδοσ@example.com', name_key: 'änne' },
  ]);
  expect((await check(scratch)).text).toBe('3 accounts are checked. Keys set: 0. Conflicts: 0.');
});

it('names two accounts that share a key, changes neither, and exits with 1', async () => {
  const scratch = openDatabase();
  add(scratch, [
    [1, null, null, 'strasse@example.com', 'strasse@example.com'],
    [2, 'x\u001b', 'x\u001b', 'Straße@example.com', 'straße@example.com'],
  ]);
  const before = scratch.users();
  expect(await check(scratch)).toEqual({
    text:
      '2 accounts are checked. Keys set: 0. Conflicts: 1.\n' +
      'account 2: the email Straße@example.com is that of account 1. Give one of them another, or delete it.',
    json: {
      accounts: 2,
      set: 0,
      conflicts: [{ id: 2, field: 'email', value: 'Straße@example.com', otherId: 1 }],
    },
    status: 1,
  });
  expect(scratch.users()).toEqual(before);
});

it('checks 2,001 accounts, more than one query returns', async () => {
  const scratch = openDatabase();
  const accounts = Array.from(
    { length: 2_001 },
    (_, at): Stored => [at + 1, null, null, `p${at}@example.com`, `P${at}@example.com`],
  );
  add(scratch, accounts);
  expect((await check(scratch)).json).toEqual({ accounts: 2_001, set: 2_001, conflicts: [] });
});
