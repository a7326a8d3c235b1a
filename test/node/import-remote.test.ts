// `--remote` of import, export and admin: how wrangler is called, what it is sent, and what they print if it fails.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointPath } from '../../scripts/import/checkpoint.ts';
import { deploy } from './import-remote-support.ts';
import { BCRYPT, tempFile, tempFolder } from './import-support.ts';

const csvOf = (count: number, first = 0): string => {
  const rows = Array.from({ length: count }, (_, index) => {
    const name = `person${first + index}`;
    return `${name},${name}@example.com,${BCRYPT},O'Neil; --\n`;
  });
  return `username,email,password,last_name\n${rows.join('')}`;
};

const USERS = 'SELECT id, username, email, last_name FROM users ORDER BY id';

const person = (id: number, name: string) => ({
  id,
  username: name,
  email: `${name}@example.com`,
  last_name: "O'Neil; --",
});

/** The arguments before the SQL or its file in every call. */
const READS = ['d1', 'execute', 'DB', '--remote', '--env=', '--yes', '--json', '--command'];
const WRITES = ['d1', 'execute', 'DB', '--remote', '--env=', '--yes', '--file'];

const UNREACHABLE = '✘ [ERROR] A request to the API failed. Authentication error [code: 10000]';

describe('npm run import -- --remote', () => {
  it('reads by commands, and writes each batch by one private file, which it deletes', async () => {
    const deployed = deploy();
    const file = tempFile('users.csv', csvOf(2));
    const ran = await deployed.run('import', [file, '--remote']);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toContain('Imported users.csv (CSV) into the deployed database\n');
    expect(deployed.rows(USERS)).toEqual([person(1, 'person0'), person(2, 'person1')]);

    const [deletions, look, write, ...more] = deployed.calls();
    expect(more).toEqual([]);
    expect(deletions?.args).toEqual([...READS, deletions?.sql]);
    expect(deletions?.sql).toMatch(
      /^SELECT .* FROM imported_accounts\s+WHERE user_id > 0 AND user_id NOT IN/,
    );
    expect(look?.args).toEqual([...READS, look?.sql]);
    expect(look?.sql.split(';\n')).toEqual([
      expect.stringMatching(
        /^SELECT users\.id, [^;]* WHERE users\.email_key IN \(SELECT value FROM json_each\('\["person0@example\.com","person1@example\.com"\]'\)\)$/,
      ),
      expect.stringMatching(
        /^SELECT users\.id, [^;]* WHERE users\.username_key IN \(SELECT .*'\["person0","person1"\]'\)\)$/,
      ),
    ]);
    expect(write?.args.slice(0, -1)).toEqual(WRITES);
    expect(write?.args.at(-1)).toMatch(/\.sql$/);
    expect(write?.mode).toBe(0o600);
    expect(write?.sql).toMatch(
      /^INSERT INTO users \(id, username, .*;\nINSERT INTO imported_accounts [^;]*.*;\n$/s,
    );
    expect(existsSync(write?.args.at(-1) ?? '')).toBe(false);
  });

  it('passes --env and --config to every call of wrangler', async () => {
    const deployed = deploy();
    const flags = ['--env', 'staging', '--config', 'other.toml'];
    await deployed.run('import', [tempFile('users.csv', csvOf(1)), '--remote', ...flags]);
    const calls = deployed.calls();
    expect(calls).toHaveLength(3);
    for (const { args } of calls) {
      expect(args.slice(0, 4)).toEqual(['d1', 'execute', 'DB', '--remote']);
      expect(args.slice(4, 7)).toEqual(['--config', 'other.toml', '--env=staging']);
    }
  });

  it('writes nothing in a dry run', async () => {
    const deployed = deploy();
    const ran = await deployed.run('import', [tempFile('users.csv', csvOf(2)), '--remote', '--dry-run']);
    expect(ran.stdout).toContain('This would be the import of users.csv (CSV) into the deployed database\n');
    expect(deployed.calls().map(({ args }) => args.includes('--file'))).toEqual([false, false]);
    expect(deployed.rows(USERS)).toEqual([]);
  });

  it('looks up the accounts again if somebody registers before the write', async () => {
    const deployed = deploy();
    const sql = `INSERT INTO users (email, email_key, password_hash, created_at, updated_at, last_login_at)
      VALUES ('PERSON1@example.com', 'person1@example.com', '!', 1, 1, 1)`;
    const file = tempFile('users.csv', csvOf(2));
    const ran = await deployed.run('import', [file, '--remote'], { call: 3, sql });
    expect(ran).toMatchObject({ status: 3, stderr: '' });
    expect(ran.stdout).toContain('  imported                   1\n');
    expect(ran.stdout).toContain(
      '\n  line 3, person1@example.com: the email is taken by account 1, with no username\n',
    );
    const isWrite = deployed.calls().map(({ args }) => args.includes('--file'));
    expect(isWrite).toEqual([false, false, true, false, true]);
    expect(deployed.rows('SELECT email FROM users ORDER BY id')).toEqual([
      { email: 'PERSON1@example.com' },
      { email: 'person0@example.com' },
    ]);
  });

  it.each([1, 2, 3])("prints wrangler's error if call %d fails, and imports nothing", async (call) => {
    const deployed = deploy();
    const file = tempFile('users.csv', csvOf(2));
    const failed = await deployed.run('import', [file, '--remote'], { call, stderr: UNREACHABLE });
    expect(failed).toEqual({ status: 1, stdout: '', stderr: `${UNREACHABLE}\n` });
    expect(deployed.rows(USERS)).toEqual([]);
    for (const { args } of deployed.calls())
      expect(existsSync(args.at(-1)?.replace(/batch\.sql$/, '') ?? '')).toBe(false);
  });

  it('continues after the finished batches when it runs again after a failure', async () => {
    const deployed = deploy();
    const file = tempFile('users.csv', csvOf(6_000));
    const failed = await deployed.run('import', [file, '--remote'], { call: 5, stderr: UNREACHABLE });
    expect(failed).toMatchObject({ status: 1, stderr: `${UNREACHABLE}\n` });
    expect(existsSync(checkpointPath(file))).toBe(true);
    expect(deployed.rows('SELECT count(*) AS n FROM users')).toEqual([{ n: 5_000 }]);
    const again = await deployed.run('import', [file, '--remote']);
    expect(again.status).toBe(0);
    expect(again.stdout).toMatch(/^Taking up the import that was interrupted: 5,000 records are done\.\n/);
    expect(deployed.rows('SELECT count(*) AS n, count(DISTINCT email_key) AS emails FROM users')).toEqual([
      { n: 6_000, emails: 6_000 },
    ]);
  });
});

describe('npm run export -- --remote', () => {
  it('reads by commands, and exports what was imported', async () => {
    const deployed = deploy();
    await deployed.run('import', [tempFile('users.csv', csvOf(2)), '--remote']);
    deployed.calls();
    const out = join(tempFolder(), 'users.jsonl');
    const ran = await deployed.run('export', ['--out', out, '--remote']);
    expect(ran).toEqual({ status: 0, stdout: '', stderr: `2 accounts are in ${out}.\n` });
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { ...person(1, 'person0'), password_hash: BCRYPT },
      { ...person(2, 'person1'), password_hash: BCRYPT },
    ]);
    const calls = deployed.calls();
    expect(calls.map(({ args }) => args)).toEqual(calls.map(({ sql }) => [...READS, sql]));
    expect(calls.map(({ sql }) => /^SELECT .* FROM users/s.test(sql))).toEqual([true, true]);
  });

  it('leaves no file if wrangler fails, and prints its error', async () => {
    const deployed = deploy();
    const out = join(tempFolder(), 'users.jsonl');
    const trouble = { call: 2, stderr: UNREACHABLE };
    const failed = await deployed.run('export', ['--out', out, '--remote'], trouble);
    expect(failed).toEqual({ status: 1, stdout: '', stderr: `${UNREACHABLE}\n` });
    expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false);
  });
});

describe('npm run admin -- … --remote', () => {
  it('makes each change by one command', async () => {
    const deployed = deploy();
    await deployed.run('import', [tempFile('users.csv', csvOf(1)), '--remote']);
    deployed.calls();
    const granted = await deployed.run('admin', ['grant', 'person0', '--remote', '--yes']);
    expect(granted).toEqual({ status: 0, stdout: 'person0@example.com is now an admin.\n', stderr: '' });
    const calls = deployed.calls();
    expect(calls.map(({ args }) => args)).toEqual(calls.map(({ sql }) => [...READS, sql]));
    expect(calls).toHaveLength(1);
    expect(deployed.rows('SELECT is_admin FROM users')).toEqual([{ is_admin: 1 }]);
    expect(deployed.rows('SELECT type, dialect FROM events')).toEqual([
      { type: 'admin_granted', dialect: 'cli' },
    ]);
  });

  it("prints wrangler's error if it fails", async () => {
    const deployed = deploy();
    const failed = await deployed.run('admin', ['stats', '--remote'], { call: 1, stderr: UNREACHABLE });
    expect(failed).toEqual({ status: 1, stdout: '', stderr: `${UNREACHABLE}\n` });
  });
});
