// `npm run import` as a command: exit statuses, output, files left behind, dry runs, interruptions.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkpointPath } from '../../scripts/import/checkpoint.ts';
import { readCommand, UsageError } from '../../scripts/import/options.ts';
import { ask, killWithDatabase, run, start, usePersistFolders } from './import-cli-support.ts';
import { BCRYPT, tempFile, tempFolder } from './import-support.ts';

const persistFolder = usePersistFolders();

const COUNT = 'SELECT count(*) AS n, count(DISTINCT email_key) AS emails FROM users';

const csvOf = (count: number, more = ''): string => {
  const rows = Array.from(
    { length: count },
    (_, index) => `person${index},person${index}@example.com,${BCRYPT}\n`,
  );
  return `username,email,password\n${rows.join('')}${more}`;
};

/** Two accounts, then one that is refused and one in conflict. */
const MIXED = csvOf(2, `x,,${BCRYPT}\nPerson1,other@example.com,${BCRYPT}\n`);

/** The output without the time that it took. */
const withoutTime = (text: string): string => text.replace(/[\d.]+ s, [\d,]+ records/, 'T s, N records');

const LISTED = [
  'refused: line 4, x: There is no email: --no-email placeholder takes it, to log in by username.',
  'conflict: line 5, other@example.com: line 3 has the username Person1 too',
];

describe('npm run import', () => {
  it('changes nothing in a dry run, and prints what the import then prints', async () => {
    const folder = persistFolder();
    const file = tempFile('users.csv', MIXED);
    const dry = await run('import', [file, '--dry-run', '--persist-to', folder]);
    expect(dry).toMatchObject({ status: 3, stderr: '' });
    expect(ask(folder, COUNT)).toEqual([{ n: 0, emails: 0 }]);
    expect(existsSync(checkpointPath(file))).toBe(false);
    expect(existsSync(`${file}.latchkey-report.txt`)).toBe(false);

    const real = await run('import', [file, '--persist-to', folder]);
    expect(real).toMatchObject({ status: 3, stderr: '' });
    expect(ask(folder, COUNT)).toEqual([{ n: 2, emails: 2 }]);
    const report = `${file}.latchkey-report.txt`;
    const title = (text: string, before: string) =>
      text.replace(before, '').replace(`\n\nAll of these are in ${report}`, '');
    expect(withoutTime(title(real.stdout, 'Imported'))).toBe(
      withoutTime(title(dry.stdout, 'Nothing was written. This would be the import of')),
    );
    const list = readFileSync(report, 'utf8').split('\n');
    expect(list).toEqual([...LISTED, '']);
    expect(existsSync(checkpointPath(file))).toBe(false);
  });

  it('prints the counts, and exits with 0 if nothing is refused or in conflict', async () => {
    const folder = persistFolder();
    const file = tempFile('users.csv', csvOf(2));
    const first = await run('import', ['users.csv', '--persist-to', folder], dirname(file));
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(withoutTime(first.stdout)).toBe(
      [
        'Imported users.csv (CSV) into the database on this machine',
        '',
        '  read                       2',
        '  imported                   2',
        '  updated                    0',
        '  already there              0',
        '  in conflict                0',
        '  refused                    0',
        '',
        '  T s, N records a second',
        '  hashes: bcrypt 2',
        '',
      ].join('\n'),
    );
    const second = await run('import', [file, '--persist-to', folder]);
    expect(second.status).toBe(0);
    expect(second.stdout).toContain('  imported                   0\n');
    expect(second.stdout).toContain('  already there              2\n');
  });

  it('exits with 4 if no account was imported', async () => {
    const file = tempFile('users.csv', `email,password\n,${BCRYPT}\n`);
    expect((await run('import', [file, '--persist-to', persistFolder()])).status).toBe(4);
  });

  it('imports a gzipped SQL dump with the flags that its refusals name, and lists the ids', async () => {
    const folder = persistFolder();
    const rows = [`c0ffee\tann\t\t${BCRYPT}\tactive`, `2\tbob\tbob@example.com\t\tsuspended`];
    const dump = `COPY public.users (id, username, email, password, status) FROM stdin;\n${rows.join('\n')}\n\\.\n`;
    const file = tempFile('shop.sql.gz', gzipSync(dump));
    const refused = await run('import', [file, '--persist-to', folder]);
    expect(refused.status).toBe(4);
    expect(refused.stdout).toContain('There is no email: --no-email placeholder takes it');
    expect(refused.stdout).toContain('There is no password hash: --no-password reset takes the account');
    const ids = join(tempFolder(), 'ids.csv');
    const flags = ['--no-email', 'placeholder', '--no-password', 'reset', '--write-ids', ids];
    const taken = await run('import', [file, ...flags, '--persist-to', folder]);
    expect(taken).toMatchObject({ status: 0, stderr: '' });
    expect(taken.stdout).toContain('(an SQL dump, the table users)');
    expect(taken.stdout).toContain('  disabled by: status 1\n');
    expect(taken.stdout).toContain(`The old and new ids are in ${ids}\n`);
    expect(readFileSync(ids, 'utf8')).toBe('old_id,new_id\nc0ffee,1\n2,2\n');
    expect(ask(folder, 'SELECT email, disabled_at IS NULL AS enabled FROM users ORDER BY id')).toEqual([
      { email: 'ann@no-email.invalid', enabled: 1 },
      { email: 'bob@example.com', enabled: 0 },
    ]);
  });

  it('exits with 2 before it writes if --map must decide a value', async () => {
    const file = tempFile('users.csv', `email,password,status\nann@example.com,${BCRYPT},pending\n`);
    const asked = await run('import', [file, '--persist-to', persistFolder()]);
    expect(asked).toMatchObject({ status: 2, stdout: '' });
    expect(asked.stderr).toContain('--map status:pending=active');
  });

  it('stops at the first conflict with --on-conflict fail, and names it', async () => {
    const folder = persistFolder();
    const file = tempFile('users.csv', MIXED);
    const stopped = await run('import', [file, '--on-conflict', 'fail', '--persist-to', folder]);
    expect(stopped).toEqual({
      status: 1,
      stdout: '',
      stderr: `Stopped at a conflict. What came before it is imported.\n${LISTED[1]?.slice('conflict: '.length)}\n`,
    });
    expect(ask(folder, COUNT)).toEqual([{ n: 0, emails: 0 }]);
  });

  it('continues after a kill without losing or duplicating an account', async () => {
    const folder = persistFolder();
    const count = 10_000;
    const file = tempFile('users.csv', csvOf(count));
    const { child, ended } = start('import', [file, '--persist-to', folder]);
    while (!existsSync(checkpointPath(file)) && child.exitCode === null) await wait(5);
    killWithDatabase(child.pid);
    await ended;
    expect(existsSync(checkpointPath(file))).toBe(true);

    const other = await run('import', [file, '--keep-ids', '--persist-to', folder]);
    expect(other).toMatchObject({ status: 2, stdout: '' });
    expect(other.stderr).toContain('start over with --restart');

    const again = await run('import', [file, '--persist-to', folder]);
    expect(again.status).toBe(0);
    expect(again.stdout).toMatch(/^Taking up the import that was interrupted: \d+,000 records are done\.\n/);
    expect(again.stdout).toContain('  read                  10,000\n');
    expect(ask(folder, COUNT)).toEqual([{ n: count, emails: count }]);
    expect(existsSync(checkpointPath(file))).toBe(false);
  });

  it('stops after the current batch at Ctrl-C, and starts over with --restart', async () => {
    const folder = persistFolder();
    const file = tempFile('users.csv', csvOf(10_000));
    const { child, ended } = start('import', [file, '--persist-to', folder]);
    while (!existsSync(checkpointPath(file)) && child.exitCode === null) await wait(5);
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped.status).toBe(130);
    expect(stopped.stdout).toContain('Stopped in the middle of importing users.csv');
    expect(stopped.stdout).toContain('Run the same command again to go on.');
    const restarted = await run('import', [file, '--restart', '--persist-to', folder]);
    expect(restarted.status).toBe(0);
    expect(restarted.stdout).not.toContain('Taking up');
    expect(ask(folder, COUNT)).toEqual([{ n: 10_000, emails: 10_000 }]);
  });

  it('says what to do if the database has no tables', async () => {
    const failed = await run('import', [tempFile('users.csv', csvOf(1)), '--persist-to', tempFolder()]);
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain(
      '`npm start` creates them locally, `npm run deploy` in the deployed database.',
    );
  });

  it.each([
    [[], 'Give one file to import.'],
    [['a.csv', 'b.csv'], 'Give one file to import.'],
    [
      ['a.csv', '--format', 'word'],
      '--format is one of django, csv, json, jsonl, yaml, xml, sqlite, sql, firebase,',
    ],
    [['a.csv', '--encoding', 'ebcdic'], '--encoding ebcdic: no such encoding is known here.'],
    [['a.csv', '--map', 'login'], '--map login: it must be column=field'],
    [['a.csv', '--map', 'a=b'], '--map a=b: it must be column=field'],
    [['a.csv', '--on-conflict', 'merge'], '--on-conflict is one of skip, update, fail.'],
    [['a.csv', '--admins', 'all'], '--admins is one of superuser, staff, none.'],
    [['a.csv', '--bad-username', 'keep'], '--bad-username is one of refuse, drop.'],
    [['a.csv', '--local', '--remote'], 'Give --local or --remote, not both.'],
    [['a.csv', '--fast'], "Unknown option '--fast'"],
  ])('rejects the arguments %j', (args, message) => {
    expect(() => readCommand(args, '/')).toThrow(message);
    expect(() => readCommand(args, '/')).toThrow(UsageError);
  });

  it('prints its usage for an unknown option, a missing file and --help', async () => {
    for (const [args, message] of [
      [['a.csv', '--fast'], "Unknown option '--fast'"],
      [['nowhere.csv'], 'There is no file '],
      [['.'], 'There is no file '],
    ] as const) {
      const told = await run('import', args);
      expect(told).toMatchObject({ status: 2, stdout: '' });
      expect(told.stderr).toContain(message);
      expect(told.stderr).toContain('Usage: npm run import -- <file> [options]');
    }
    const help = await run('import', ['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    const lines = help.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(24);
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('exits with 2 for a file of an unknown format', async () => {
    const file = tempFile('notes.txt', 'hello');
    expect(await run('import', [file])).toEqual({
      status: 2,
      stdout: '',
      stderr: `${file} cannot be read: It does not begin like any supported format. Give its format with --format.\n`,
    });
  });
});
