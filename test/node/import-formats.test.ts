// How CSV, JSON lines and better-auth's users are read, and which files are rejected.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import {
  BCRYPT,
  importInto,
  importRecords,
  NOW_MS,
  openDatabase,
  person,
  tempFile,
  tempFolder,
} from './import-support.ts';

const ms = (iso: string): number => Date.parse(iso);

describe('import of CSV', () => {
  it('accepts column names of other services, quotes, and line breaks within quotes', async () => {
    const scratch = openDatabase();
    const path = tempFile(
      'users.csv',
      `\ufeffUser Name,E-Mail,hashedPassword,Address,Created At,Active,Plan\r\nann,ann@example.com,${BCRYPT},"1, ""High"" St\r\nTown",2020-01-02,yes,gold\r\n\r\nbob,bob@example.com,${BCRYPT},,1577934245,no,\r\n`,
    );
    const { counts, unknown } = await importInto(scratch, path);
    expect(counts).toMatchObject({ read: 2, imported: 2, refused: 0 });
    expect(unknown).toEqual(['Plan']);
    expect(scratch.users('username, email, address, created_at, disabled_at')).toEqual([
      {
        username: 'ann',
        email: 'ann@example.com',
        address: '1, "High" St\r\nTown',
        created_at: Date.UTC(2020, 0, 2),
        disabled_at: null,
      },
      {
        username: 'bob',
        email: 'bob@example.com',
        address: '',
        created_at: 1577934245000,
        disabled_at: NOW_MS,
      },
    ]);
  });

  it('accepts semicolons as delimiters, and columns that --map names', async () => {
    const scratch = openDatabase();
    const path = tempFile('users.csv', `login;mail;pw\nann;ann@example.com;${BCRYPT}\n`);
    await importInto(scratch, path, { map: { login: 'username', pw: 'password_hash' } });
    expect(scratch.users('username, email, password_hash')).toEqual([
      { username: 'ann', email: 'ann@example.com', password_hash: BCRYPT },
    ]);
  });

  it('refuses a row with more values than the header, and continues', async () => {
    const scratch = openDatabase();
    const path = tempFile(
      'users.csv',
      `email,password\nann@example.com,${BCRYPT},more\nbob@example.com,${BCRYPT}\n`,
    );
    const { counts, lines } = await importInto(scratch, path);
    expect(counts).toMatchObject({ imported: 1, refused: 1 });
    expect(lines).toEqual(['refused: line 2: It has 3 values, and the header has 2.']);
  });
});

describe('import of JSON lines', () => {
  it("reads MongoDB's ids and dates, and passes over unknown fields", async () => {
    const scratch = openDatabase();
    const { unknown } = await importRecords(scratch, [
      person('ann', {
        _id: { $oid: '5f' },
        createdAt: { $date: '2020-01-02T03:04:05Z' },
        __v: 0,
        roles: ['a'],
      }),
      person('bob', { _id: { $oid: '60' }, createdAt: { $date: { $numberLong: '1577934245000' } }, __v: 0 }),
    ]);
    expect(unknown).toEqual(['__v', 'roles']);
    expect(scratch.users('username, created_at')).toEqual([
      { username: 'ann', created_at: ms('2020-01-02T03:04:05Z') },
      { username: 'bob', created_at: 1577934245000 },
    ]);
  });

  it('refuses a damaged line with its number, and continues', async () => {
    const scratch = openDatabase();
    const good = (name: string) => JSON.stringify(person(name));
    const path = tempFile('users.jsonl', `${good('ann')}\n\n{"email":\n[1]\n${good('bob')}`);
    const { counts, lines } = await importInto(scratch, path);
    expect(counts).toMatchObject({ read: 4, imported: 2, refused: 2 });
    expect(lines).toEqual([
      'refused: line 3: This is not valid JSON.',
      'refused: line 4: This is no JSON object.',
    ]);
  });

  it('reads one JSON array too', async () => {
    const scratch = openDatabase();
    const tricky = person('ann', { name: 'a "}]\\" b', description: '[{' });
    const { about } = await importInto(
      scratch,
      tempFile('users.json', JSON.stringify([tricky, person('bob')], null, 2)),
    );
    expect(about).toBe('a JSON array');
    expect(scratch.users('username, name, description')).toEqual([
      { username: 'ann', name: 'a "}]\\" b', description: '[{' },
      { username: 'bob', name: '', description: '' },
    ]);
  });
});

describe("import of better-auth's users", () => {
  const scrypt = `${'a1'.repeat(16)}:${'b2'.repeat(64)}`;

  it('takes the password of the account with the provider `credential`', async () => {
    const scratch = openDatabase();
    await importRecords(
      scratch,
      [
        {
          id: 'x1',
          name: 'Ann',
          email: 'ann@example.com',
          emailVerified: true,
          username: 'ann',
          displayUsername: 'Ann',
          role: 'user,admin',
          accounts: [
            { providerId: 'github', password: null },
            { providerId: 'credential', password: scrypt },
          ],
        },
        { id: 'x2', name: 'Bob', email: 'bob@example.com', banned: true, account: { providerId: 'google' } },
      ],
      { format: 'better-auth' },
    );
    expect(scratch.users('username, name, password_hash, is_admin, disabled_at')).toEqual([
      { username: 'Ann', name: 'Ann', password_hash: scrypt, is_admin: 1, disabled_at: null },
      { username: null, name: 'Bob', password_hash: '!', is_admin: 0, disabled_at: NOW_MS },
    ]);
  });

  it('reads its SQLite file', async () => {
    const path = join(tempFolder(), 'auth.db');
    const database = new DatabaseSync(path);
    database.exec(`
      CREATE TABLE "user" ("id" text PRIMARY KEY, "name" text, "email" text, "emailVerified" integer, "image" text, "createdAt" date, "updatedAt" date);
      CREATE TABLE "account" ("id" text PRIMARY KEY, "accountId" text, "providerId" text, "userId" text, "password" text);
      INSERT INTO "user" VALUES ('u1', 'Ann', 'ann@example.com', 1, NULL, '2025-01-02T03:04:05.678Z', '2025-01-03T00:00:00.000Z');
      INSERT INTO account VALUES ('a0', 'g', 'github', 'u1', NULL), ('a1', 'u1', 'credential', 'u1', '${scrypt}')`);
    database.close();
    const scratch = openDatabase();
    const { about } = await importInto(scratch, path);
    expect(about).toBe("better-auth's SQLite file");
    expect(scratch.users('username, email, password_hash, created_at, updated_at, last_login_at')).toEqual([
      {
        username: null,
        email: 'ann@example.com',
        password_hash: scrypt,
        created_at: ms('2025-01-02T03:04:05.678Z'),
        updated_at: ms('2025-01-03'),
        last_login_at: 0,
      },
    ]);
  });
});

describe('import of a file in an unknown or wrong format', () => {
  it.each([
    ['notes.txt', 'hello', null, 'It does not begin like any supported format.'],
    ['users.csv', 'a,b', 'jsonl', 'It is CSV, not JSON.'],
    ['users.json', '{"a":1}', 'csv', 'It is JSON, not CSV.'],
    ['users.json', '{"a":1}', 'django', 'No list has a username or an email and a password hash.'],
    [
      'users.csv',
      Buffer.from([0xff, 0xfe, 0x61, 0]),
      null,
      'Its first line does not name the columns of users.',
    ],
    ['users.json', Buffer.from([0x1f, 0x8b, 8]), null, 'It cannot be unpacked: '],
  ] as const)('rejects %s', async (name, content, format, message) => {
    const given = format === null ? {} : { format };
    await expect(importInto(openDatabase(), tempFile(name, content), given)).rejects.toThrow(message);
  });
});
