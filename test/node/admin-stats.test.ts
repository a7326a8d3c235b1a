// `npm run admin -- stats`, and `npm run admin` as a command.
import { describe, expect, it } from 'vitest';
import { commands } from '../../scripts/admin/commands.ts';
import { showStats } from '../../scripts/admin/stats.ts';
import { writeTable } from '../../scripts/table.ts';
import { ask, run, usePersistFolders, write } from './import-cli-support.ts';
import { BCRYPT, NOW_MS, openDatabase, tempFolder } from './import-support.ts';

const persistFolder = usePersistFolders();

const OWN_HASH = `$pbkdf2-sha512$i=75000,r=3$${'A'.repeat(22)}$${'A'.repeat(86)}`;
const DAY_MS = 24 * 60 * 60 * 1000;

const insert = (name: string, hash: string, columns: Record<string, number | string | null> = {}): string => {
  const all = {
    username: name,
    username_key: name,
    email: `${name}@example.com`,
    email_key: `${name}@example.com`,
    password_hash: hash,
    created_at: 0,
    updated_at: 0,
    last_login_at: 0,
    ...columns,
  };
  const values = Object.values(all).map((value) =>
    typeof value === 'string' ? `'${value}'` : String(value),
  );
  return `INSERT INTO users (${Object.keys(all).join(', ')}) VALUES (${values.join(', ')})`;
};

describe('admin stats', () => {
  it('counts accounts, hashes by kind, live sessions, and events within 24 hours', async () => {
    const scratch = openDatabase();
    await scratch.target.write([
      insert('a', OWN_HASH, { is_admin: 1, created_at: NOW_MS - 7 * DAY_MS + 1, last_login_at: NOW_MS }),
      insert('b', OWN_HASH, { created_at: NOW_MS - 7 * DAY_MS, last_login_at: NOW_MS - 30 * DAY_MS }),
      insert('c', BCRYPT, { username: null, username_key: null, disabled_at: 1 }),
      insert('d', 'pbkdf2_sha256$1$s$h'),
      insert('e', '!x'),
      insert('f', `${'a'.repeat(32)}:${'b'.repeat(128)}`),
      insert('g', '$pbkdf2-sha512$25000$c2FsdA$aGFzaA'),
      `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) VALUES
        ('1', 1, 'jwt', 0, 0, ${NOW_MS + 1}), ('2', 1, 'jwt', 0, 0, ${NOW_MS + 1}), ('3', 1, 'cookie', 0, 0, ${NOW_MS})`,
      `INSERT INTO events (id, user_id, type, dialect, created_at) VALUES
        (1, 1, 'login', 'auth', ${NOW_MS - DAY_MS + 1}), (2, 1, 'login', 'auth', ${NOW_MS - DAY_MS})`,
    ]);
    const { text, json } = await showStats(scratch.target.query, NOW_MS);
    expect(json).toEqual({
      accounts: 7,
      with_username: 6,
      admins: 1,
      disabled: 1,
      new_in_7_days: 1,
      logged_in_within_30_days: 1,
      hashes: { latchkey: 2, '2b': 1, none: 1, other: 1, 'pbkdf2-sha512': 1, pbkdf2_sha256: 1 },
      sessions: { jwt: 2 },
      events_of_24_hours: { login: 1 },
      mails_of_24_hours: {},
      messages_of_7_days: {},
    });
    expect(text.split('\n\n')[3]).toBe(
      'events of 24 hours  number\n------------------  ------\nlogin                    1',
    );
  });

  it('shows zeros for an empty database', async () => {
    const { text, json } = await showStats(openDatabase().target.query, NOW_MS);
    expect(json).toMatchObject({ accounts: 0, admins: 0, hashes: {}, sessions: {}, events_of_24_hours: {} });
    expect(text).toContain('live sessions  number\n-------------  ------\nnone                0');
  });
});

describe('writeTable', () => {
  it('fits the width of columns to their values, and aligns numbers to the right', () => {
    expect(
      writeTable(
        ['a', 'bcd'],
        [
          ['Zoë', 1234],
          ['x', 5],
        ],
      ),
    ).toBe('a      bcd\n---  -----\nZoë  1,234\nx        5');
  });
});

describe('npm run admin', () => {
  it('changes the local database, and prints text or JSON', async () => {
    const folder = persistFolder();
    write(folder, [insert('ann', '!'), insert('bob', '!')]);
    const flags = ['--persist-to', folder];
    expect(await run('admin', ['grant', 'ann', '--yes', ...flags])).toEqual({
      status: 0,
      stdout: 'ann@example.com is now an admin.\n',
      stderr: '',
    });
    const removed = await run('admin', ['delete', 'bob@example.com', '--json', '-y', ...flags]);
    expect(removed).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(removed.stdout)).toEqual({
      id: 2,
      username: 'bob',
      email: 'bob@example.com',
      changed: true,
    });
    expect(await run('admin', ['revoke', 'ann', ...flags])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'ann@example.com: It is the last admin who can log in. Make another one first.\n',
    });
    expect(ask(folder, 'SELECT user_id, type, dialect FROM events ORDER BY id')).toEqual([
      { user_id: 1, type: 'admin_granted', dialect: 'cli' },
      { user_id: 2, type: 'deleted', dialect: 'cli' },
    ]);
    expect(ask(folder, 'SELECT id, is_admin FROM users')).toEqual([{ id: 1, is_admin: 1 }]);
  });

  it('says what to do if the database has no tables', async () => {
    const failed = await run('admin', ['stats', '--persist-to', tempFolder()]);
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain(
      '`npm start` creates them locally, `npm run deploy` in the deployed database.',
    );
  });

  it('shows its usage with --help', async () => {
    const { status, stdout, stderr } = await run('admin', ['--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: npm run admin -- <command> \[account\] \[flags\]\n/);
    const listed = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name]) => name);
    expect(listed).toEqual(expect.arrayContaining(Object.keys(commands)));
    expect(listed).toEqual(expect.arrayContaining(['client', 'webhook']));
  });
});
