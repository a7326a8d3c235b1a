// Which account an import updates: never another person's, and never more than the file says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OWNERS_TABLES, TOKEN_TABLES } from '../../scripts/import/sql.ts';
import {
  BCRYPT,
  importInto,
  importRecords,
  NOW_MS,
  openDatabase,
  person,
  type Scratch,
} from './import-support.ts';

const TAKE_OVER = join(import.meta.dirname, '../fixtures/import/case-01-update-takes-over.json');
const OTHER_HASH = BCRYPT.replace('$10$', '$12$');
const LATER_MS = NOW_MS + 60_000;

/** Creates an account here, not by an import, with a live session. */
const register = ({ database }: Scratch, username: string | null, email: string, isAdmin = 0): void => {
  database
    .prepare(
      `INSERT INTO users (username, username_key, email, email_key, password_hash, is_admin, created_at, updated_at, last_login_at)
        VALUES (?1, ?1, ?2, ?2, 'made here', ?3, 1, 1, 1)`,
    )
    .run(username, email, isAdmin);
  logIn({ database });
};

/** Signs in to an app by the newest account. */
const signInToApp = ({ database }: Scratch): void =>
  database.exec(`
    UPDATE users SET public_id = 'sub' || id;
    INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at)
      SELECT max(id), 'shop', 'Shop', 'openid', 1 FROM users;
    INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at)
      SELECT 'grant', 'shop', user_id, id, 'openid', 'https://shop.example/', 'x', 1
      FROM sessions ORDER BY user_id DESC LIMIT 1`);

/** The number of rows of a table. */
const countOf = ({ database }: Scratch, table: string): unknown =>
  database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];

/** Opens a session for that account, or for the newest one. */
const logIn = ({ database }: Pick<Scratch, 'database'>, userId?: number): void => {
  database
    .prepare(
      `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
        VALUES (lower(hex(randomblob(32))), coalesce(?, (SELECT max(id) FROM users)), 'cookie', 1, 1, 9)`,
    )
    .run(userId ?? null);
};

const sessionsOf = ({ database }: Scratch): unknown[] =>
  database
    .prepare('SELECT user_id FROM sessions ORDER BY user_id')
    .all()
    .map((row) => row['user_id']);

const eventsOf = ({ database }: Scratch): unknown[] =>
  database
    .prepare('SELECT user_id, type, dialect FROM events ORDER BY id')
    .all()
    .map((row) => ({ ...row }));

const boss = (more: object = {}) => person('boss', { id: 1, is_superuser: true, ...more });

describe('import of two records that claim the same account', () => {
  const hashOf = (index: number): string => {
    const dump: { fields: { password: string } }[] = JSON.parse(readFileSync(TAKE_OVER, 'utf8'));
    return dump[index]?.fields.password ?? '';
  };

  it.each(['skip', 'update'] as const)('reports a conflict with --on-conflict %s', async (onConflict) => {
    const scratch = openDatabase();
    for (const _ of [1, 2]) {
      const { lines, counts } = await importInto(scratch, TAKE_OVER, { onConflict });
      expect(counts).toMatchObject({ read: 2, conflicts: 1 });
      expect(lines).toEqual([
        expect.stringMatching(
          /^conflict: record 2 .*boss@x\.example: record 1 \(line 2\) has the same email$/,
        ),
      ]);
      expect(scratch.users('username, is_admin, password_hash')).toEqual([
        { username: 'boss', is_admin: 1, password_hash: hashOf(0) },
      ]);
    }
  });

  it('reports a conflict even with thousands of records between them', async () => {
    const scratch = openDatabase();
    const between = Array.from({ length: 5_500 }, (_, index) => person(`p${index}`));
    const records = [boss(), ...between, person('mallory', { email: 'BOSS@example.com' })];
    const { counts, lines } = await importRecords(scratch, records, { onConflict: 'update' });
    expect(counts).toMatchObject({ imported: 5_501, conflicts: 1, updated: 0 });
    expect(lines).toEqual(['conflict: line 5502, BOSS@example.com: line 1 has the same email']);
  });

  it('reports a conflict with --match email, which applies to existing accounts only', async () => {
    const scratch = openDatabase();
    const merge = { onConflict: 'update', match: 'email' } as const;
    await importInto(scratch, TAKE_OVER, { merge });
    const { counts } = await importInto(scratch, TAKE_OVER, { merge, nowMs: LATER_MS });
    expect(counts).toMatchObject({ updated: 1, conflicts: 1 });
    expect(scratch.users('username, password_hash')).toEqual([
      { username: 'boss', password_hash: hashOf(0) },
    ]);
  });

  it('updates the account once if one record has its id and another its email', async () => {
    const scratch = openDatabase();
    const created_at = '2020-01-02T03:04:05Z';
    await importRecords(scratch, [person('ann', { id: 7, created_at })]);
    const records = [
      person('anna', { id: 7, created_at, email: 'new@example.com' }),
      person('bob', { id: 8, email: 'ann@example.com' }),
    ];
    const merge = { onConflict: 'update', match: 'email' } as const;
    const { counts, lines } = await importRecords(scratch, records, { merge, nowMs: LATER_MS });
    expect(counts).toMatchObject({ updated: 1, conflicts: 1 });
    expect(lines).toEqual(['conflict: line 2, ann@example.com: account 1 was updated from line 1']);
  });
});

describe('import of a superuser whose email or username a stranger has registered', () => {
  it("does not change the stranger's account if only the email matches", async () => {
    const scratch = openDatabase();
    register(scratch, 'stranger', 'boss@example.com');
    register(scratch, null, 'eve@example.com');
    const before = scratch.users();
    const records = [boss(), { email: 'eve@example.com', password: BCRYPT, is_superuser: true }];
    const { counts, reasons } = await importRecords(scratch, records, { onConflict: 'update' });
    expect(counts).toMatchObject({ updated: 0, conflicts: 2 });
    expect(reasons.map(({ reason }) => reason)).toEqual([
      'The email is taken by an account with another username. If it is the same person: --match email.',
      'The email is taken by an account that was made here. If it is the same person: --match email.',
    ]);
    expect(scratch.users()).toEqual(before);
    expect(sessionsOf(scratch)).toEqual([1, 2]);
  });

  it.each([
    ['username and email match', 'account', 'boss'],
    ['the email matches with --match email', 'email', 'stranger'],
  ] as const)(
    'replaces the password, removes all credentials and grants no admin if %s',
    async (_, match, username) => {
      const scratch = openDatabase();
      register(scratch, username, 'boss@example.com');
      signInToApp(scratch);
      scratch.database.exec(`
      INSERT INTO factors (user_id, kind, name, created_at) VALUES (1, 'totp', 'x', 1);
      INSERT INTO recovery_codes VALUES (1, 'x');
      INSERT INTO app_passwords (user_id, name, hash, created_at) VALUES (1, 'x', 'x', 1);
      UPDATE users SET pending_email = 'stranger@example.com'`);
      const merge = { onConflict: 'update', match } as const;
      const { counts, told } = await importRecords(scratch, [boss()], { merge });
      expect(counts).toMatchObject({ updated: 1, conflicts: 0 });
      expect(scratch.users('username, is_admin, password_hash, pending_email, public_id')).toEqual([
        { username: 'boss', is_admin: 0, password_hash: BCRYPT, pending_email: null, public_id: null },
      ]);
      expect(sessionsOf(scratch)).toEqual([]);
      for (const table of [...TOKEN_TABLES, ...OWNERS_TABLES]) expect(countOf(scratch, table)).toBe(0);
      expect(told).toEqual([
        'admin: line 1, boss@example.com: The file calls it an admin, but the account was made here: it is not made one. Make it one: --grant-admin-to-existing.',
        'updated: line 1, boss@example.com: account 1, with the password of the file',
      ]);
      expect(eventsOf(scratch)).toEqual([{ user_id: 1, type: 'password_changed', dialect: 'import' }]);
    },
  );

  it('grants admin with --grant-admin-to-existing', async () => {
    const scratch = openDatabase();
    register(scratch, 'boss', 'boss@example.com');
    const merge = { onConflict: 'update', grantAdminToExisting: true } as const;
    const { told } = await importRecords(scratch, [boss()], { merge });
    expect(told[0]).toBe('admin: line 1, boss@example.com: became an admin');
    expect(scratch.users('is_admin')).toEqual([{ is_admin: 1 }]);
    expect(eventsOf(scratch)).toContainEqual({ user_id: 1, type: 'admin_granted', dialect: 'import' });
  });

  it('does not match by id, because both services count from 1', async () => {
    const scratch = openDatabase();
    register(scratch, 'stranger', 'stranger@example.com');
    await importRecords(scratch, [boss()], { onConflict: 'update', keepIds: true });
    expect(scratch.users('id, username, is_admin')).toEqual([
      { id: 1, username: 'stranger', is_admin: 0 },
      { id: 2, username: 'boss', is_admin: 1 },
    ]);
  });
});

it('clears every table with a user_id except those of its history', () => {
  const { database } = openDatabase();
  const tables = database
    .prepare(
      `SELECT DISTINCT m.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
        WHERE m.type = 'table' AND c.name = 'user_id' ORDER BY m.name`,
    )
    .all()
    .map(({ name }) => String(name));
  // A new table belongs in one of the lists of sql.ts, or here.
  const history = ['events', 'imported_accounts', 'outbox', 'deliveries'];
  expect([...TOKEN_TABLES, ...OWNERS_TABLES, ...history].sort()).toEqual(tables);
});

describe('repeated import of an account with --on-conflict update', () => {
  const first = () => person('ann', { id: 7, name: 'Ann', description: 'Hi', is_superuser: true });

  const brought = async (): Promise<Scratch> => {
    const scratch = openDatabase();
    await importRecords(scratch, [first(), person('other', { is_admin: true })]);
    logIn(scratch, 1);
    return scratch;
  };

  const update = (scratch: Scratch, record: object, more: object = {}) =>
    importRecords(scratch, [record], { onConflict: 'update', nowMs: LATER_MS, ...more });

  it('updates the values that the file has a column for, and keeps the others', async () => {
    const scratch = await brought();
    scratch.database.exec("UPDATE users SET address = 'Here', picture_id = 3, email_verified_at = 5");
    const [before] = scratch.users();
    await update(scratch, { username: 'ann', email: 'ann@example.com', password: BCRYPT, name: '' });
    const updated = { ...before, name: '', name_key: '', updated_at: LATER_MS };
    expect(scratch.users()[0]).toEqual(updated);
    expect(sessionsOf(scratch)).toEqual([1]);
  });

  it('replaces the name in the form that the file has: full, or first and last', async () => {
    const scratch = await brought();
    const namesOf = () => scratch.users('name, first_name, last_name, name_key')[0];
    const record = { username: 'ann', email: 'ann@example.com', password: BCRYPT };
    await update(scratch, { ...record, first_name: 'Änne', last_name: 'Lee' });
    expect(namesOf()).toEqual({ name: '', first_name: 'Änne', last_name: 'Lee', name_key: 'änne lee' });
    // The last name is not in the file, so the scheduled run fills in the key.
    await update(scratch, { ...record, first_name: 'Ann' });
    expect(namesOf()).toEqual({ name: '', first_name: 'Ann', last_name: 'Lee', name_key: null });
    await update(scratch, { ...record, name: 'Ann Smith' });
    expect(namesOf()).toEqual({ name: 'Ann Smith', first_name: '', last_name: '', name_key: 'ann smith' });
    const all = { name: 'Dr. Ann', first_name: 'Ann', last_name: 'Smith' };
    await update(scratch, { ...record, ...all });
    expect(namesOf()).toEqual({ ...all, name_key: 'dr. ann' });
    await update(scratch, record);
    expect(namesOf()).toEqual({ ...all, name_key: 'dr. ann' });
  });

  it('keeps a password that was set here until the file has a new hash', async () => {
    const scratch = await brought();
    const hashOf = () => scratch.users('password_hash')[0]?.['password_hash'];
    scratch.database.exec("UPDATE users SET password_hash = 'set here'");
    await update(scratch, first());
    expect(hashOf()).toBe('set here');
    expect(sessionsOf(scratch)).toEqual([1]);
    signInToApp(scratch);
    await update(scratch, { ...first(), password: OTHER_HASH });
    expect(hashOf()).toBe(OTHER_HASH);
    expect(sessionsOf(scratch)).toEqual([]);
    // Consents stay, and apps still know the account by the same `sub`.
    expect(countOf(scratch, 'app_grants')).toBe(0);
    expect(countOf(scratch, 'app_consents')).toBe(1);
    expect(scratch.users('public_id')[0]).toEqual({ public_id: 'sub1' });
    expect(eventsOf(scratch)).toEqual([{ user_id: 1, type: 'password_changed', dialect: 'import' }]);
  });

  it('matches by the imported id if a name or the creation time matches too', async () => {
    const scratch = openDatabase();
    const created_at = '2020-01-02T03:04:05Z';
    await importRecords(scratch, [person('ann', { id: 'c0ffee', created_at })]);
    const moved = person('anna', { id: 'c0ffee', created_at, email: 'anna@example.org' });
    scratch.database.exec('UPDATE users SET email_verified_at = 5');
    expect((await update(scratch, moved)).counts).toMatchObject({ updated: 1, imported: 0 });
    expect(scratch.users('id, username, email, email_verified_at')).toEqual([
      { id: 1, username: 'anna', email: 'anna@example.org', email_verified_at: null },
    ]);
    const someoneElse = person('bob', { id: 'c0ffee', created_at: '2021-01-02T03:04:05Z' });
    expect((await update(scratch, someoneElse)).counts).toMatchObject({ updated: 0, imported: 1 });
  });

  it('reports a conflict if the id and the email match different accounts', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [person('ann', { id: 7 }), person('bob', { id: 8 })]);
    const { lines } = await update(scratch, person('ann', { id: 7, email: 'bob@example.com' }));
    expect(lines).toEqual([
      'conflict: line 1, bob@example.com: the email is taken by account 2, and the id is that of account 1',
    ]);
  });

  it('grants and revokes admin as the file says, and ends the sessions each time', async () => {
    const scratch = await brought();
    const lost = await update(scratch, { ...first(), is_superuser: false });
    expect(lost.told[0]).toBe('admin: line 1, ann@example.com: is no longer an admin');
    expect(scratch.users('is_admin')[0]).toEqual({ is_admin: 0 });
    expect(sessionsOf(scratch)).toEqual([]);
    logIn(scratch, 1);
    const gained = await update(scratch, first());
    expect(gained.told[0]).toBe('admin: line 1, ann@example.com: became an admin');
    expect(scratch.users('is_admin')[0]).toEqual({ is_admin: 1 });
    expect(sessionsOf(scratch)).toEqual([]);
    expect(eventsOf(scratch)).toEqual([
      { user_id: 1, type: 'admin_revoked', dialect: 'import' },
      { user_id: 1, type: 'admin_granted', dialect: 'import' },
    ]);
  });

  it('keeps admin that was granted here, and does not restore admin that was revoked here', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [first(), person('bob', { is_superuser: false })]);
    scratch.database.exec('UPDATE users SET is_admin = 1 - is_admin');
    const records = [first(), person('bob', { is_superuser: false })];
    const { told } = await importRecords(scratch, records, { onConflict: 'update' });
    expect(scratch.users('is_admin')).toEqual([{ is_admin: 0 }, { is_admin: 1 }]);
    expect(told[0]).toContain('but the account lost that right here: it is not made one.');
  });

  it('keeps the last admin enabled and an admin', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [first()]);
    const { told } = await update(scratch, { ...first(), is_superuser: false, is_active: false });
    expect(scratch.users('is_admin, disabled_at')).toEqual([{ is_admin: 1, disabled_at: null }]);
    expect(told.join('\n')).toContain('it is the last one here: it stays one.');
    expect(told.join('\n')).toContain('is the last admin here: it stays enabled.');
  });

  it('leaves admin unchanged without a column for it, and with --admins none', async () => {
    const scratch = await brought();
    await update(scratch, person('ann'));
    await update(scratch, { ...first(), is_superuser: false }, { rules: { admins: 'none' } });
    expect(scratch.users('is_admin')[0]).toEqual({ is_admin: 1 });
    expect(sessionsOf(scratch)).toEqual([1]);
  });

  it('does not enable a disabled account, nor disable one that was enabled here', async () => {
    const scratch = openDatabase();
    const off = person('bob', { is_active: false });
    await importRecords(scratch, [off]);
    const isDisabled = () => scratch.users('disabled_at IS NOT NULL AS off')[0]?.['off'] === 1;
    expect((await update(scratch, person('bob', { is_active: true }))).lines).toEqual([
      'note: line 1, bob@example.com: It is disabled here, though not in the file: it stays disabled.',
    ]);
    expect(isDisabled()).toBe(true);
    await update(scratch, off);
    scratch.database.exec('UPDATE users SET disabled_at = NULL');
    expect((await update(scratch, off)).lines).toEqual([
      'note: line 1, bob@example.com: It is disabled in the file, but was enabled here since: it stays enabled.',
    ]);
    expect(isDisabled()).toBe(false);
  });

  it('does not update an account whose email changed between the lookup and the write', async () => {
    const scratch = await brought();
    let isFirst = true;
    const target = {
      ...scratch.target,
      write: async (statements: readonly string[]) => {
        if (isFirst)
          scratch.database.exec("UPDATE users SET email = 'x@y.z', email_key = 'x@y.z' WHERE id = 1");
        isFirst = false;
        await scratch.target.write(statements);
      },
    };
    const record = { ...first(), id: undefined, password: OTHER_HASH };
    const { counts, lines } = await importRecords(scratch, [record], { onConflict: 'update', target });
    expect(counts).toMatchObject({ updated: 0, conflicts: 1 });
    expect(lines).toEqual(['conflict: line 1, ann@example.com: the username ann is taken by account 1']);
    expect(scratch.users('password_hash')[0]).toEqual({ password_hash: BCRYPT });
  });
});

describe('import of an account that was deleted here', () => {
  it('creates it again only with --revive', async () => {
    const scratch = openDatabase();
    const records = [person('ann', { id: 5 }), person('bob', { id: 6 })];
    await importRecords(scratch, records);
    scratch.database.exec('DELETE FROM users WHERE id = 1');
    for (const changed of [{}, { email: 'other@example.com' }, { username: 'other' }]) {
      const { counts, lines } = await importRecords(scratch, [{ ...records[0], ...changed }, records[1]]);
      expect(counts).toMatchObject({ imported: 0, deleted: 1, alreadyThere: 1, refused: 0, conflicts: 0 });
      expect(lines).toEqual([
        expect.stringMatching(
          /^deleted: line 1, .*@example\.com: The account was deleted here\. Create it again: --revive\.$/,
        ),
      ]);
    }
    const revived = await importRecords(scratch, records, { merge: { revive: true } });
    expect(revived.counts).toMatchObject({ imported: 1, deleted: 0 });
    expect(scratch.users('id, username')).toEqual([
      { id: 2, username: 'bob' },
      { id: 3, username: 'ann' },
    ]);
  });

  it('finds it without having stored a readable username or email', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [person('ann', { id: 5 })]);
    scratch.database.exec('DELETE FROM users');
    const rows = JSON.stringify(scratch.database.prepare('SELECT * FROM imported_accounts').all());
    expect(rows).not.toMatch(/ann|example/);
  });

  it('recognises it by a UUID, but not by a number, which another service may use', async () => {
    const scratch = openDatabase();
    const id = 'b7e6a0c2-0000-4000-8000-000000000001';
    await importRecords(scratch, [person('ann', { id }), person('bob', { id: 6 })]);
    scratch.database.exec('DELETE FROM users');
    const { counts } = await importRecords(scratch, [person('x', { id }), person('y', { id: 6 })]);
    expect(counts).toMatchObject({ imported: 1, deleted: 1 });
  });
});
