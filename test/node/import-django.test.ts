// Dumps and SQLite files of Django projects with their own user model.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { BCRYPT, importInto, NOW_MS, openDatabase, tempFile, tempFolder } from './import-support.ts';

const ANNS_TOKEN = '0123456789abcdef0123456789abcdef01234567';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ms = (iso: string): number => Date.parse(iso);

/** Tables as Django 3.2 creates them (`sqlmigrate`), with the columns that matter. */
const makeDjangoFile = (userTable = 'auth_user'): string => {
  const path = join(tempFolder(), 'db.sqlite3');
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE "${userTable}" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL,
      "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE,
      "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL,
      "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL);
    CREATE TABLE "authtoken_token" ("key" varchar(40) NOT NULL PRIMARY KEY, "created" datetime NOT NULL,
      "user_id" integer NOT NULL UNIQUE);
    INSERT INTO "${userTable}" VALUES
      (7, '${BCRYPT}', '2020-01-02 12:00:00.123456', 1, 'ann', 'O''Neil', 'ann@example.com', 1, 1, '2020-01-01 12:00:00.5', 'Ann'),
      (9, '${BCRYPT}', NULL, 0, 'eve', '', 'eve@example.com', 0, 0, '2020-01-01 12:00:00', '');
    INSERT INTO authtoken_token VALUES ('${ANNS_TOKEN}', '2020-01-01 12:00:00', 7)`);
  database.close();
  return path;
};

describe("import of Django's dumpdata with a custom user model", () => {
  const custom = (model: string, pk: unknown, fields: object) => ({
    model,
    pk,
    fields: { password: BCRYPT, last_login: null, ...fields },
  });
  const dump = (...records: object[]) => tempFile('dump.json', JSON.stringify(records));

  it('finds users among other models, tokens before their users, and natural keys', async () => {
    const scratch = openDatabase();
    const path = dump(
      {
        model: 'authtoken.token',
        pk: ANNS_TOKEN,
        fields: { user: 'c0ffee', created: '2020-01-01T00:00:00Z' },
      },
      { model: 'authtoken.token', pk: `9${ANNS_TOKEN.slice(1)}`, fields: { user: ['bob'] } },
      { model: 'shop.order', pk: 1, fields: { email: 'nobody@example.com', password: 'x' } },
      custom('people.member', 'c0ffee', { email: 'ann@example.com', full_name: 'Ann Neil', plan: 'gold' }),
      { ...custom('people.member', undefined, { username: 'bob', email: 'bob@example.com' }), pk: undefined },
    );
    const { counts, unknown } = await importInto(scratch, path);
    expect(counts).toMatchObject({ read: 2, imported: 2, tokens: 2 });
    expect(unknown).toEqual(['plan']);
    expect(scratch.users('username, email, name')).toEqual([
      { username: null, email: 'ann@example.com', name: 'Ann Neil' },
      { username: 'bob', email: 'bob@example.com', name: '' },
    ]);
  });

  it('imports an account without username and email under its id with --map id=username', async () => {
    const path = dump(
      custom('people.member', 7, { email: null }),
      custom('people.member', 8, { email: 'a@x.example' }),
    );
    const scratch = openDatabase();
    const given = { map: { id: 'username' }, rules: { noEmail: 'placeholder' } } as const;
    expect((await importInto(scratch, path, given)).counts).toMatchObject({ imported: 2 });
    expect(scratch.users('username, email')).toEqual([
      { username: '7', email: '7@no-email.invalid' },
      { username: '8', email: 'a@x.example' },
    ]);
  });

  it('asks for --model if there are two user models, and imports the one that it names', async () => {
    const path = dump(
      custom('people.member', 1, { email: 'ann@example.com' }),
      custom('auth.user', 1, { email: 'bob@example.com' }),
    );
    await expect(importInto(openDatabase(), path)).rejects.toThrow(
      'This dump has more than one model of users: people.member, auth.user. Choose one with --model.',
    );
    const scratch = openDatabase();
    await importInto(scratch, path, { model: 'People.Member' });
    expect(scratch.users('email')).toEqual([{ email: 'ann@example.com' }]);
  });

  it('rejects a dump without users, a truncated one, and one with console output before it', async () => {
    const noUsers = dump({ model: 'shop.order', pk: 1, fields: {} });
    await expect(importInto(openDatabase(), noUsers)).rejects.toThrow('There are no users in this dump.');
    const cut = tempFile('cut.json', JSON.stringify([custom('auth.user', 1, {})]).slice(0, -9));
    await expect(importInto(openDatabase(), cut)).rejects.toThrow(
      'The JSON ends in the middle of it, near line 1. Users may be missing: write the file again.',
    );
    const console = tempFile(
      'console.json',
      'Tracking file: x\ndumpdata > a.json\n[\n  {"model": "auth.user"}]\n',
    );
    await expect(importInto(openDatabase(), console)).rejects.toThrow(
      'Lines of a console stand before the JSON: delete them,',
    );
  });
});

describe("import of a Django project's SQLite file", () => {
  it('imports accounts and their tokens', async () => {
    const scratch = openDatabase();
    const { counts, about } = await importInto(scratch, makeDjangoFile(), { keepIds: true });
    expect(about).toBe("a Django project's SQLite file, users of the table auth_user with their tokens");
    expect(counts).toMatchObject({ imported: 2, tokens: 1, admins: 1, disabled: 1, idsKept: 2 });
    expect(
      scratch.users('id, username, last_name, is_admin, disabled_at, created_at, last_login_at'),
    ).toEqual([
      {
        id: 7,
        username: 'ann',
        last_name: "O'Neil",
        is_admin: 1,
        disabled_at: null,
        created_at: ms('2020-01-01T12:00:00.500Z'),
        last_login_at: ms('2020-01-02T12:00:00.123Z'),
      },
      {
        id: 9,
        username: 'eve',
        last_name: '',
        is_admin: 0,
        disabled_at: NOW_MS,
        created_at: ms('2020-01-01T12:00:00Z'),
        last_login_at: 0,
      },
    ]);
    expect(
      scratch.database
        .prepare('SELECT id, user_id FROM sessions')
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([{ id: sha256(ANNS_TOKEN), user_id: 7 }]);
  });

  it('does not change the file', async () => {
    const path = makeDjangoFile();
    const before = readFileSync(path);
    await importInto(openDatabase(), path);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('finds the user table by the name of the model', async () => {
    const scratch = openDatabase();
    await importInto(scratch, makeDjangoFile('people_member'), { model: 'people.Member' });
    expect(scratch.users('username')).toEqual([{ username: 'ann' }, { username: 'eve' }]);
    await expect(importInto(scratch, makeDjangoFile(), { model: 'people.member' })).rejects.toThrow(
      'There is no table of users people_member.',
    );
  });
});
