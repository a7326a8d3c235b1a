// Small files with the shapes of real ones: which accounts each import creates, and what it reports.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { readFirebaseParameters } from '../../scripts/import/hashes.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { type Given, importInto, NOW_MS, openDatabase, tempFolder } from './import-support.ts';

const caseFile = (name: string): string => join(PROJECT, 'test/fixtures/import', name);

const FIREBASE = readFirebaseParameters(readFileSync(caseFile('case-14-firebase-params.txt'), 'utf8'));

interface Case {
  file: string;
  given?: Given;
  /** The accounts afterwards: username, email, and `disabled` or `admin`. */
  users: readonly string[];
  /** The lines of the report about the other records. */
  lines?: readonly string[];
}

const DJANGO = ['ann ann@x.example'];

const CASES: readonly Case[] = [
  {
    file: 'case-01-update-takes-over.json',
    given: { onConflict: 'update' },
    users: ['boss boss@x.example admin'],
    lines: ['conflict: record 2 (line 20), boss@x.example: record 1 (line 2) has the same email'],
  },
  {
    file: 'case-02-no-email.json',
    users: ['bob bob@x.example'],
    lines: ['root', 'ann'].map((name) =>
      expect.stringMatching(new RegExp(`, ${name}: There is no email: --no-email placeholder takes it`)),
    ),
  },
  {
    file: 'case-02-no-email.json',
    given: { rules: { noEmail: 'placeholder' } },
    users: ['root root@no-email.invalid admin', 'ann ann@no-email.invalid', 'bob bob@x.example'],
  },
  { file: 'case-03-soft-deleted.csv', users: ['null ann@x.example', 'null bob@x.example disabled'] },
  {
    file: 'case-04-blocked.csv',
    users: [
      'null ann@x.example',
      ...['bob', 'eve', 'zoe', 'max'].map((name) => `null ${name}@x.example disabled`),
    ],
  },
  {
    file: 'case-06-null-texts.tsv',
    users: [
      'ann ann@x.example',
      'null bob@x.example',
      'null eve@x.example',
      'null zoe@x.example',
      'max max@x.example',
    ],
  },
  { file: 'case-09-fields-first.json', users: DJANGO },
  { file: 'case-10-dumpdata.jsonl', users: DJANGO },
  { file: 'case-11-dumpdata.yaml', users: DJANGO },
  { file: 'case-12-no-last-login.json', users: DJANGO },
  { file: 'case-13-keycloak.json', users: ['ann ann@x.example', 'bob bob@x.example disabled'] },
  { file: 'case-14-firebase.json', given: { firebase: FIREBASE }, users: ['null ann@x.example'] },
  {
    file: 'case-15-werkzeug.csv',
    users: ['ann', 'bob', 'eve', 'zoe'].map((name) => `null ${name}@x.example`),
  },
  { file: 'case-17-passport-local-mongoose.jsonl', users: DJANGO },
  { file: 'case-19-meteor.jsonl', users: DJANGO },
  {
    file: 'case-20-prefixes.jsonl',
    users: ['spring', 'nextcloud', 'phc-l', 'kc64'].map((name) => `null ${name}@x.example`),
    lines: [
      'refused: line 5, plain@x.example: password: It looks like a password in plain text: --plain-text-passwords takes it, hashed.',
    ],
  },
  { file: 'case-22-pretty.json', users: ['null ann@x.example'] },
  { file: 'case-25-laravel.sqlite', users: ['null ann@x.example'] },
];

describe('import of a case file', () => {
  it.each(CASES)('creates or reports the accounts of $file', async ({ file, given, users, lines = [] }) => {
    const scratch = openDatabase();
    const told = await importInto(scratch, caseFile(file), given);
    const found = scratch
      .users('username, email, is_admin, disabled_at')
      .map((row) =>
        [
          row['username'],
          row['email'],
          ...(row['is_admin'] === 1 ? ['admin'] : []),
          ...(row['disabled_at'] === null ? [] : ['disabled']),
        ].join(' '),
      );
    expect(found.map((user) => user.replace(/^ /, 'null '))).toEqual(users);
    expect(told.lines).toEqual(lines);
    const disabled = users.filter((user) => user.endsWith('disabled')).length;
    expect(Object.values(told.counts.disabledBy).reduce((sum, count) => sum + count, 0)).toBe(disabled);
  });

  it('counts disabled accounts by the column that disables them (case-03, case-04)', async () => {
    expect(
      (await importInto(openDatabase(), caseFile('case-03-soft-deleted.csv'))).counts.disabledBy,
    ).toEqual({
      deleted_at: 1,
    });
    expect((await importInto(openDatabase(), caseFile('case-04-blocked.csv'))).counts.disabledBy).toEqual({
      blocked: 1,
      banned: 1,
      banned_until: 1,
      status: 1,
    });
  });

  it('reads zeros and NULL as no time (case-06)', async () => {
    const scratch = openDatabase();
    await importInto(scratch, caseFile('case-06-null-texts.tsv'));
    const at = Date.UTC(2023, 0, 16, 13, 33, 44);
    expect(scratch.users('last_login_at').map((row) => row['last_login_at'])).toEqual([0, at, at, 0, 0]);
  });

  it('asks for a header without showing a value of the file (case-07)', async () => {
    const failed = await importInto(openDatabase(), caseFile('case-07-no-header.csv')).catch(String);
    expect(failed).toMatch(/^InputError: Its first line does not name the columns of users\./);
    expect(failed).not.toMatch(/x\.example|\$2b|bob/);
  });

  it('lists the models of the dump if --model names another one (case-12)', async () => {
    const file = caseFile('case-12-no-last-login.json');
    await expect(importInto(openDatabase(), file, { model: 'people.member' })).rejects.toThrow(
      'There are no users in this dump of the model people.member. Its models are: auth.user (1).',
    );
  });

  it('names --firebase-params if the parameters are missing (case-14)', async () => {
    const { lines } = await importInto(openDatabase(), caseFile('case-14-firebase.json'));
    expect(lines).toEqual([expect.stringContaining('--firebase-params')]);
  });

  it('keeps the creation time of the file, and disables at its deleted_at (case-25)', async () => {
    const path = join(tempFolder(), 'laravel.sqlite');
    copyFileSync(caseFile('case-25-laravel.sqlite'), path);
    const database = new DatabaseSync(path);
    database.exec(
      `INSERT INTO users SELECT 2, 'Bob', 'bob@x.example', password, created_at, '2024-05-06 07:08:09' FROM users`,
    );
    database.close();
    const scratch = openDatabase();
    const { about } = await importInto(scratch, path);
    expect(about).toBe('SQLite, the table users');
    const times = { created_at: Date.UTC(2023, 0, 16, 13, 33, 44), updated_at: NOW_MS };
    expect(scratch.users('email, created_at, updated_at, disabled_at')).toEqual([
      { email: 'ann@x.example', ...times, disabled_at: null },
      { email: 'bob@x.example', ...times, disabled_at: Date.UTC(2024, 4, 6, 7, 8, 9) },
    ]);
  });
});
