// Records of accounts that exist already, and names that are taken.
import { describe, expect, it } from 'vitest';
import { BCRYPT, importRecords, NOW_MS, openDatabase, person, type Scratch } from './import-support.ts';

const OTHER_HASH = BCRYPT.replace('$10$', '$12$');

/** A database with ann (1) and bob (2), the second without a username. */
const openPeopled = async (): Promise<Scratch> => {
  const scratch = openDatabase();
  await importRecords(scratch, [person('ann', { name: 'Ann' }), person('bob', { username: null })]);
  return scratch;
};

const names = (scratch: Scratch) => scratch.users('id, username, email');

describe('import of an account that exists already', () => {
  it('changes nothing by default, whatever the case of its names', async () => {
    const scratch = openDatabase();
    const token = (digit: string) => ({ auth_token: digit.repeat(40) });
    const sessions = () => scratch.database.prepare('SELECT * FROM sessions').all();
    await importRecords(scratch, [person('ann', { name: 'Ann', ...token('a') }), person('bob')]);
    const before = { users: scratch.users(), sessions: sessions() };
    expect(before.sessions).toHaveLength(1);
    const { counts, lines } = await importRecords(scratch, [
      person('ANN', { name: 'Other', password: OTHER_HASH, is_active: false, is_admin: true }),
      person('bob', { username: null, ...token('b') }),
    ]);
    expect(counts).toMatchObject({ imported: 0, alreadyThere: 2, conflicts: 0, updated: 0 });
    expect(lines).toEqual([]);
    expect({ users: scratch.users(), sessions: sessions() }).toEqual(before);
  });

  it('takes the values of the file with --on-conflict update, but not its id or creation time', async () => {
    const scratch = await openPeopled();
    const before = scratch.users();
    const { counts } = await importRecords(
      scratch,
      [
        person('Ann', {
          id: 9,
          name: 'Anne',
          password: OTHER_HASH,
          created_at: '2020-01-01',
          last_login_at: NOW_MS + 5,
        }),
      ],
      { onConflict: 'update', keepIds: true },
    );
    expect(counts).toMatchObject({ imported: 0, updated: 1, alreadyThere: 0 });
    expect(scratch.users()).toEqual([
      {
        ...before[0],
        username: 'Ann',
        name: 'Anne',
        name_key: 'anne',
        email: 'Ann@example.com',
        password_hash: OTHER_HASH,
        last_login_at: NOW_MS + 5,
      },
      before[1],
    ]);
  });

  it('keeps the password of an account that a login moved here until the file has a new hash', async () => {
    const scratch = await openPeopled();
    // As core/accounts/move.ts records it: there was no file, so there is no hash of one.
    scratch.database.exec("UPDATE imported_accounts SET password_digest = '' WHERE user_id = 1");
    const update = (password: string) =>
      importRecords(scratch, [person('ann', { name: 'Anne', password })], { onConflict: 'update' });
    await update(OTHER_HASH);
    await update(OTHER_HASH);
    expect(scratch.users('name, password_hash')[0]).toEqual({ name: 'Anne', password_hash: BCRYPT });
    const third = BCRYPT.replace('$10$', '$11$');
    await update(third);
    expect(scratch.users('password_hash')[0]).toEqual({ password_hash: third });
  });

  it('adds a username with --on-conflict update, but removes none', async () => {
    const scratch = await openPeopled();
    await importRecords(scratch, [person('ann', { username: '' }), person('bob')], { onConflict: 'update' });
    expect(names(scratch)).toEqual([
      { id: 1, username: 'ann', email: 'ann@example.com' },
      { id: 2, username: 'bob', email: 'bob@example.com' },
    ]);
  });

  it('grants admin and disables with --on-conflict update, but never revokes or enables', async () => {
    const scratch = await openPeopled();
    const update = (records: object[]) => importRecords(scratch, records, { onConflict: 'update' });
    const flags = () => scratch.users('is_admin, disabled_at');
    await update([
      person('ann', { is_admin: true }),
      person('bob', { username: null, disabled_at: '2026-01-07' }),
    ]);
    expect(flags()).toEqual([
      { is_admin: 1, disabled_at: null },
      { is_admin: 0, disabled_at: Date.UTC(2026, 0, 7) },
    ]);
    await update([
      person('ann', { is_admin: false, disabled_at: '2026-01-08' }),
      person('bob', { username: null }),
    ]);
    expect(flags()).toEqual([
      { is_admin: 1, disabled_at: null },
      { is_admin: 0, disabled_at: Date.UTC(2026, 0, 7) },
    ]);
  });

  it('ends the sessions of an account that it disables, and of no other', async () => {
    const scratch = openDatabase();
    const token = (digit: string) => ({ auth_token: digit.repeat(40) });
    await importRecords(scratch, [person('ann', token('a')), person('bob', token('b'))]);
    await importRecords(scratch, [person('ann'), person('bob', { is_active: false })], {
      onConflict: 'update',
    });
    expect(
      scratch.database
        .prepare('SELECT user_id FROM sessions')
        .all()
        .map((row) => row['user_id']),
    ).toEqual([1]);
  });

  it('reports a second record of the same account as a conflict in every mode', async () => {
    const scratch = openDatabase();
    const twice = [person('ann', { name: 'First' }), person('ann', { name: 'Last' })];
    for (const onConflict of ['skip', 'update', 'skip', 'update'] as const) {
      const { counts, lines } = await importRecords(scratch, twice, { onConflict });
      expect(counts).toMatchObject({ read: 2, conflicts: 1 });
      expect(lines).toEqual(['conflict: line 2, ann@example.com: line 1 has the same email']);
      expect(scratch.users('id, name')).toEqual([{ id: 1, name: 'First' }]);
    }
    await expect(importRecords(openDatabase(), twice, { onConflict: 'fail' })).rejects.toThrow(
      'line 2, ann@example.com: line 1 has the same email',
    );
  });
});

describe('import of a name that is taken', () => {
  const taken = [
    person('carl', { username: 'ANN' }),
    person('ann', { username: 'anna' }),
    person('bob'),
    person('dee'),
    person('eve', { username: 'Dee' }),
  ];

  it('reports the name and the account that has it, and imports the rest', async () => {
    const scratch = await openPeopled();
    const { counts, lines } = await importRecords(scratch, taken);
    // An earlier import created bob with that email: he exists already, with or without a username.
    expect(counts).toMatchObject({ imported: 1, conflicts: 3, alreadyThere: 1, refused: 0 });
    expect(lines).toEqual([
      'conflict: line 1, carl@example.com: the username ANN is taken by account 1',
      'conflict: line 2, ann@example.com: the email is taken by account 1, with the username ann',
      'conflict: line 5, eve@example.com: line 4 has the username Dee too',
    ]);
    expect(names(scratch)).toEqual([
      { id: 1, username: 'ann', email: 'ann@example.com' },
      { id: 2, username: null, email: 'bob@example.com' },
      { id: 3, username: 'dee', email: 'dee@example.com' },
    ]);
  });

  it('renames the account with the email with --match email, unless the name is taken', async () => {
    const scratch = await openPeopled();
    const { counts, lines } = await importRecords(scratch, taken, {
      merge: { onConflict: 'update', match: 'email' },
    });
    expect(counts).toMatchObject({ imported: 1, updated: 2, conflicts: 2 });
    expect(lines).toEqual([
      'conflict: line 1, carl@example.com: the username ANN is taken by account 1',
      'conflict: line 5, eve@example.com: line 4 has the username Dee too',
    ]);
    expect(names(scratch)).toEqual([
      { id: 1, username: 'anna', email: 'ann@example.com' },
      { id: 2, username: 'bob', email: 'bob@example.com' },
      { id: 3, username: 'dee', email: 'dee@example.com' },
    ]);
  });

  it('stops before the batch with --on-conflict fail', async () => {
    const scratch = await openPeopled();
    const before = scratch.users();
    await expect(importRecords(scratch, [person('dee'), ...taken], { onConflict: 'fail' })).rejects.toThrow(
      'line 2, carl@example.com: the username ANN is taken by account 1',
    );
    expect(scratch.users()).toEqual(before);
    const { counts } = await importRecords(scratch, [person('ann'), person('dee')], { onConflict: 'fail' });
    expect(counts).toMatchObject({ imported: 1, alreadyThere: 1 });
  });

  it('reports a conflict if somebody takes the name between the lookup and the write', async () => {
    const scratch = openDatabase();
    let isFirst = true;
    const target = {
      ...scratch.target,
      write: async (statements: readonly string[]) => {
        if (isFirst) {
          isFirst = false;
          await importRecords(scratch, [person('thief', { username: 'bob' })]);
        }
        await scratch.target.write(statements);
      },
    };
    const { counts, lines } = await importRecords(scratch, [person('ann'), person('bob')], { target });
    expect(counts).toMatchObject({ imported: 1, conflicts: 1 });
    expect(lines).toEqual(['conflict: line 2, bob@example.com: the username bob is taken by account 1']);
    expect(names(scratch).map((row) => row['username'])).toEqual(['bob', 'ann']);
  });
});
