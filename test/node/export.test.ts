// `npm run export`: writes accounts that an import restores unchanged, into a new private file.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toLine } from '../../scripts/export-lines.ts';
import { COLUMNS } from '../../scripts/import/rows.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { ask, run, usePersistFolders, write } from './import-cli-support.ts';
import { BCRYPT, tempFile, tempFolder } from './import-support.ts';

const persistFolder = usePersistFolders();

const OWN_HASH = `$pbkdf2-sha512$i=75000,r=3$${'A'.repeat(22)}$${'A'.repeat(86)}`;

/** Accounts as the Worker stores them: every column, with gaps between the ids. */
const PEOPLE = [
  `(3, 'Ann', 'ann', 'Ann@Example.com', 'ann@example.com', '${OWN_HASH}', 'Ann O''Neil', 'Ann', 'O''Neil', 'ann o''neil', 'High St\r
Town', 'https://example.com/~ann', 'a	b', 7, 1, NULL, 1577934245123, 1577934245124, 1577934245125, 1577934245126)`,
  `(9, NULL, NULL, 'zoë@exämple.com', 'zoë@exämple.com', '${BCRYPT}', '', 'Zoë', '名前', 'zoë 名前', '', '', '�', NULL, 0, 1577934245999, 0, 1, 2, NULL)`,
  `(12, 'x', 'x', '"a b"@example.com', '"a b"@example.com', '!', '', '', '', '', '', '', '', NULL, 0, NULL, 1, 1, 1, NULL)`,
];

const LINES = [
  `{"id":3,"username":"Ann","email":"Ann@Example.com","password_hash":"${OWN_HASH}","name":"Ann O'Neil","first_name":"Ann","last_name":"O'Neil","address":"High St\\r\\nTown","site_url":"https://example.com/~ann","description":"a\\tb","picture_id":7,"is_admin":true,"disabled_at":null,"created_at":"2020-01-02T03:04:05.123Z","updated_at":"2020-01-02T03:04:05.124Z","last_login_at":"2020-01-02T03:04:05.125Z","email_verified_at":"2020-01-02T03:04:05.126Z"}`,
  `{"id":9,"username":null,"email":"zoë@exämple.com","password_hash":"${BCRYPT}","name":"","first_name":"Zoë","last_name":"名前","address":"","site_url":"","description":"�","picture_id":null,"is_admin":false,"disabled_at":"2020-01-02T03:04:05.999Z","created_at":"1970-01-01T00:00:00.000Z","updated_at":"1970-01-01T00:00:00.001Z","last_login_at":"1970-01-01T00:00:00.002Z","email_verified_at":null}`,
  `{"id":12,"username":"x","email":"\\"a b\\"@example.com","password_hash":"!","name":"","first_name":"","last_name":"","address":"","site_url":"","description":"","picture_id":null,"is_admin":false,"disabled_at":null,"created_at":"1970-01-01T00:00:00.001Z","updated_at":"1970-01-01T00:00:00.001Z","last_login_at":"1970-01-01T00:00:00.001Z","email_verified_at":null}`,
];

const openPeopled = (): string => {
  const folder = persistFolder();
  const names = COLUMNS.map(([column]) => column).join(', ');
  write(folder, [`INSERT INTO users (${names}) VALUES ${PEOPLE.join(', ')}`]);
  return folder;
};

const EVERYTHING = 'SELECT * FROM users ORDER BY id';

describe('npm run export', () => {
  it('writes one line per account into a file that only its owner can read', async () => {
    const folder = openPeopled();
    const out = join(tempFolder(), 'users.jsonl');
    const ran = await run('export', ['--out', out, '--persist-to', folder]);
    expect(ran).toEqual({ status: 0, stdout: '', stderr: `3 accounts are in ${out}.\n` });
    expect(readFileSync(out, 'utf8')).toBe(`${LINES.join('\n')}\n`);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(existsSync(`${out}.part`)).toBe(false);
  });

  it('exports accounts that an import restores unchanged', async () => {
    const folder = openPeopled();
    const before = ask(folder, EVERYTHING);
    const out = join(tempFolder(), 'users.jsonl');
    await run('export', ['--out', out, '--persist-to', folder]);
    write(folder, ['DELETE FROM users']);
    const imported = await run('import', [out, '--keep-ids', '--persist-to', folder]);
    expect(imported).toMatchObject({ status: 0, stderr: '' });
    expect(imported.stdout).toContain(
      'imported                   3  (with their own id: 3, admins: 1, disabled: 1)',
    );
    const after = ask(folder, EVERYTHING);
    expect(after).toEqual(before);
    expect(after).toHaveLength(3);
  });

  it('exports 4,001 accounts, more than one page, in the order of their ids', async () => {
    const folder = persistFolder();
    const count = 4001;
    write(folder, [
      `INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at, last_login_at)
        SELECT value * 2, value || '@example.com', value || '@example.com', '!', 1, 1, 1
        FROM json_each('${JSON.stringify(Array.from({ length: count }, (_, index) => index + 1))}')`,
    ]);
    const { status, stdout } = await run('export', ['--out', '-', '--persist-to', folder]);
    expect(status).toBe(0);
    const ids = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number(/^\{"id":(\d+),/.exec(line)?.[1]));
    expect(ids).toEqual(Array.from({ length: count }, (_, index) => 2 * (index + 1)));
  });

  it('overwrites a file only with --force, and only its owner can read the new one', async () => {
    const out = tempFile('users.jsonl', 'mine');
    chmodSync(out, 0o644);
    const refused = await run('export', ['--out', out]);
    expect(refused).toEqual({
      status: 2,
      stdout: '',
      stderr: `${out} already exists. Use --force to overwrite it, or give another --out.\n`,
    });
    expect(readFileSync(out, 'utf8')).toBe('mine');
    const forced = await run('export', ['--out', out, '--force', '--persist-to', persistFolder()]);
    expect(forced.status).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe('');
    expect(statSync(out).mode & 0o777).toBe(0o600);
  });

  it('leaves no file if the database cannot be read', async () => {
    const folder = tempFolder();
    const out = join(folder, 'users.jsonl');
    const failed = await run('export', ['--out', out, '--persist-to', folder]);
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain('The database does not have the tables of this version');
    expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false);
  });

  it('refuses a .part file that exists already, also as a symbolic link', async () => {
    const out = join(tempFolder(), 'users.jsonl');
    const other = join(tempFolder(), 'other');
    writeFileSync(other, 'mine', { mode: 0o644 });
    // An attacker put it there, so that the hashes are written into a file that they can read.
    symlinkSync(other, `${out}.part`);
    const refused = await run('export', ['--out', out, '--persist-to', persistFolder()]);
    expect(refused).toEqual({
      status: 2,
      stdout: '',
      stderr: `${out}.part already exists. Another export is running, or one was killed. If none is running, remove the file.\n`,
    });
    expect([readFileSync(other, 'utf8'), statSync(other).mode & 0o777]).toEqual(['mine', 0o644]);
    expect(existsSync(out)).toBe(false);
  });

  it('escapes control characters of terminals, and parses to the same text', () => {
    const name = 'a\u009bb\u202ec\u0007';
    const line = toLine({ id: 1, name });
    expect(line).toBe('{"id":1,"name":"a\\u009bb\\u202ec\\u0007"}\n');
    expect(JSON.parse(line)).toEqual({ id: 1, name });
  });

  it.each([
    [['--fast'], "error: unknown option '--fast'"],
    [['--froce'], "error: unknown option '--froce'\n(Did you mean --force?)"],
    [['--local', '--remote'], 'error: give --local or --remote, not both'],
    [['users.jsonl'], 'error: too many arguments. Expected 0 arguments but got 1.'],
  ])('says what is wrong with %j', async (args, message) => {
    const told = await run('export', args);
    expect(told).toMatchObject({ status: 2, stdout: '' });
    expect(told.stderr).toContain(message);
  });

  it('shows its usage with --help', async () => {
    const told = await run('export', ['--help']);
    expect(told).toMatchObject({ status: 0, stderr: '' });
    expect(told.stdout).toContain('Usage: npm run export --');
  });
});

it.each([
  'latchkey-users-2026-01-02.jsonl',
  'latchkey-users-2026-01-02.sql',
  'latchkey-users-2026-01-02.csv.part',
  'users.jsonl',
  'users.jsonl.part',
  'db.sqlite.latchkey-report.txt',
  'keys.json',
])('keeps %s out of git, which contains personal data or secrets', (name) => {
  const { status } = spawnSync('git', ['check-ignore', '-q', name], { cwd: PROJECT });
  expect(status).toBe(0);
});
