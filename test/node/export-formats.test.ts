// The formats of `npm run export`, and the code in docs/migrating/leaving.md that verifies Latchkey's hashes.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXPORT_FORMATS, type ExportFormatName } from '../../scripts/export/formats.ts';
import { loadCoreHashes } from '../../scripts/import/hashes/core.ts';
import { PROJECT, type Row } from '../../scripts/wrangler.ts';
import { run } from './import-cli-support.ts';
import { BCRYPT, importInto, openDatabase, tempFile, tempFolder } from './import-support.ts';

const AT_MS = Date.UTC(2024, 0, 2, 3, 4, 5, 678);
const AT = '2024-01-02T03:04:05.678Z';
const OWN = `$pbkdf2-sha512$i=1000,r=2$${'A'.repeat(22)}$${'A'.repeat(86)}`;

const row = (more: Row): Row => ({
  id: 1,
  username: null,
  username_key: null,
  email: 'Ann@x.example',
  email_key: 'ann@x.example',
  password_hash: BCRYPT,
  name: '',
  first_name: '',
  last_name: '',
  address: '',
  site_url: '',
  description: '',
  picture_id: null,
  is_admin: 0,
  disabled_at: null,
  created_at: AT_MS,
  updated_at: AT_MS,
  last_login_at: 0,
  email_verified_at: null,
  ...more,
});

const ANN = row({
  id: 3,
  username: 'ann',
  password_hash: OWN,
  name: 'Ann O\'Neil, "A"',
  is_admin: 1,
  last_login_at: AT_MS,
  email_verified_at: AT_MS,
});
const BOB = row({ id: 4, email: 'bob@x.example', disabled_at: AT_MS, first_name: 'Bob', last_name: 'B' });
const EVE = row({ id: 5, username: 'eve', email: 'eve@no-email.invalid', password_hash: '!' });
const PEOPLE = [ANN, BOB, EVE];

/** A whole file, and how many accounts are left out or lose their password. */
const write = (name: ExportFormatName, rows: readonly Row[] = PEOPLE) => {
  const { begin, between, end, write: writeOne } = EXPORT_FORMATS[name];
  const written = rows.map(writeOne);
  const texts = written.flatMap(({ text }) => (text === null ? [] : [text]));
  return {
    file: begin + texts.join(between) + end,
    leftOut: rows.length - texts.length,
    withoutPassword: written.filter(({ losesPassword }) => losesPassword).length,
  };
};

describe('npm run export -- --format', () => {
  it("writes a fixture of auth.user for django, with hashes in Django's forms", () => {
    const { file, leftOut, withoutPassword } = write('django');
    expect([leftOut, withoutPassword]).toEqual([0, 0]);
    const user = (pk: number, fields: Row) => ({
      model: 'auth.user',
      pk,
      fields: {
        last_login: null,
        is_superuser: false,
        is_staff: false,
        is_active: true,
        date_joined: AT,
        groups: [],
        user_permissions: [],
        ...fields,
      },
    });
    expect(JSON.parse(file)).toEqual([
      user(3, {
        password: `latchkey$1000$2$${'A'.repeat(22)}$${'A'.repeat(86)}`,
        username: 'ann',
        email: 'Ann@x.example',
        first_name: 'Ann',
        last_name: 'O\'Neil, "A"',
        is_superuser: true,
        is_staff: true,
        last_login: AT,
      }),
      user(4, {
        password: `bcrypt$${BCRYPT}`,
        username: 'bob@x.example',
        email: 'bob@x.example',
        first_name: 'Bob',
        last_name: 'B',
        is_active: false,
      }),
      user(5, { password: '!', username: 'eve', email: '', first_name: '', last_name: '' }),
    ]);
  });

  it('writes CSV that imports as the same accounts', async () => {
    const { file } = write('csv', [ANN, { ...BOB, name: ' NULL', address: 'a\r\nb' }]);
    const scratch = openDatabase();
    const { counts } = await importInto(scratch, tempFile('users.csv', file), { keepIds: true });
    expect(counts).toMatchObject({ imported: 2, refused: 0, idsKept: 2 });
    expect(
      scratch.users('id, username, email, name, address, is_admin, last_login_at, email_verified_at'),
    ).toEqual([
      {
        id: 3,
        username: 'ann',
        email: 'Ann@x.example',
        name: 'Ann O\'Neil, "A"',
        address: '',
        is_admin: 1,
        last_login_at: AT_MS,
        email_verified_at: AT_MS,
      },
      {
        id: 4,
        username: null,
        email: 'bob@x.example',
        name: 'NULL',
        address: 'a\r\nb',
        is_admin: 0,
        last_login_at: 0,
        email_verified_at: null,
      },
    ]);
  });

  it("writes SQL for better-auth's schema, without accounts that have no email", () => {
    const { file, leftOut } = write('better-auth');
    expect(leftOut).toBe(1);
    const database = new DatabaseSync(':memory:');
    database.exec(BETTER_AUTH_SCHEMA);
    database.exec(file);
    const all = (query: string) =>
      database
        .prepare(query)
        .all()
        .map((found) => ({ ...found }));
    expect(all('SELECT * FROM user')).toEqual([
      {
        id: '3',
        name: 'Ann O\'Neil, "A"',
        email: 'ann@x.example',
        emailVerified: 1,
        image: null,
        createdAt: AT,
        updatedAt: AT,
      },
      {
        id: '4',
        name: 'Bob B',
        email: 'bob@x.example',
        emailVerified: 0,
        image: null,
        createdAt: AT,
        updatedAt: AT,
      },
    ]);
    expect(all('SELECT userId, accountId, providerId, password FROM account')).toEqual([
      { userId: '3', accountId: '3', providerId: 'credential', password: OWN },
      { userId: '4', accountId: '4', providerId: 'credential', password: BCRYPT },
    ]);
    database.close();
  });

  it('writes the hashes that Supabase verifies, and counts the others', () => {
    const { file, leftOut, withoutPassword } = write('supabase');
    expect([leftOut, withoutPassword]).toEqual([1, 1]);
    expect(file.match(/^INSERT INTO auth\.users/gm)).toHaveLength(2);
    expect(file.match(/^INSERT INTO auth\.identities/gm)).toHaveLength(2);
    expect(file).toContain(`'bob@x.example', '${BCRYPT}', NULL, 'infinity',`);
    expect(file).toContain(`'ann@x.example', '', '${AT}', NULL,`);
    expect(file).toContain(`"name":"Ann O''Neil, \\"A\\""`);
    expect(file).not.toContain(OWN);
    expect(write('supabase').file).toBe(file);
  });

  it('writes bcrypt hashes in base64 for Firebase, and counts the others', () => {
    const { file, leftOut, withoutPassword } = write('firebase');
    expect([leftOut, withoutPassword]).toEqual([1, 1]);
    expect(JSON.parse(file)).toEqual({
      users: [
        {
          localId: '3',
          email: 'Ann@x.example',
          emailVerified: true,
          displayName: 'Ann O\'Neil, "A"',
          createdAt: `${AT_MS}`,
          lastSignedInAt: `${AT_MS}`,
          disabled: false,
        },
        {
          localId: '4',
          email: 'bob@x.example',
          emailVerified: false,
          passwordHash: Buffer.from(BCRYPT).toString('base64'),
          displayName: 'Bob B',
          createdAt: `${AT_MS}`,
          disabled: true,
        },
      ],
    });
  });

  it('writes a complete file for no accounts', () => {
    expect(JSON.parse(write('django', []).file)).toEqual([]);
    expect(JSON.parse(write('firebase', []).file)).toEqual({ users: [] });
  });

  it('writes no placeholder address in any format', () => {
    for (const name of Object.keys(EXPORT_FORMATS))
      expect(write(name as ExportFormatName).file, name).not.toContain('no-email.invalid');
  });

  it('refuses an unknown format, and CSV on standard output', async () => {
    expect(await run('export', ['--format', 'word'])).toEqual({
      status: 2,
      stdout: '',
      stderr: '--format is one of jsonl, csv, django, better-auth, supabase, firebase.\n',
    });
    expect(await run('export', ['--format', 'csv', '--out', '-'])).toMatchObject({
      status: 2,
      stderr: '--format csv is written to a file: --out <file>.\n',
    });
  });
});

/** The code block of docs/migrating/leaving.md that contains a text. */
const codeOf = (language: string, holds: string): string => {
  const document = readFileSync(join(PROJECT, 'docs/migrating/leaving.md'), 'utf8');
  const blocks = [...document.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, code = '']) => code,
  );
  return blocks.find((code) => code.includes(holds)) ?? expect.fail('There is no such code.');
};

const PASSWORDS = ['Correct-Horse-7', 'e\u0301 ü 😀'];

/** Latchkey's own hashes at several costs. */
const makeHashes = async (): Promise<[password: string, hash: string][]> => {
  const made: [string, string][] = [];
  for (const rounds of [1, 3]) {
    const { hash } = await loadCoreHashes({ iterations: 1000, rounds });
    for (const password of PASSWORDS) made.push([password, await hash(password)]);
  }
  return made;
};

describe("Latchkey's own hash", () => {
  it('verifies with the JavaScript in docs/migrating/leaving.md', async () => {
    const path = join(tempFolder(), 'verify.mjs');
    writeFileSync(path, codeOf('js', 'pbkdf2Sync'));
    const { verify } = await import(/* @vite-ignore */ pathToFileURL(path).href);
    for (const [password, hash] of await makeHashes()) {
      expect(verify(password, hash)).toBe(true);
      expect(verify(`${password}x`, hash)).toBe(false);
    }
  });

  const python = spawnSync('/usr/bin/python3', ['--version']);
  it.skipIf(python.status !== 0)('verifies with the Python in docs/migrating/leaving.md', async () => {
    const checks = (await makeHashes()).map(([password, hash]) => [password, `${password}x`, hash]);
    const script = `${codeOf('python', 'def verify(password, stored)')}
import json, sys
for right, wrong, stored in json.load(sys.stdin):
    assert verify(right, stored) and not verify(wrong, stored)
print("all verified")
`;
    const said = execFileSync('/usr/bin/python3', ['-c', script], {
      input: JSON.stringify(checks),
      encoding: 'utf8',
    });
    expect(said).toBe('all verified\n');
  });

  const django = spawnSync('/usr/bin/python3', ['-c', 'import django']);
  it.skipIf(django.status !== 0)(
    'loads into Django with loaddata, and logs its owner in',
    async () => {
      const folder = tempFolder();
      const { hash } = await loadCoreHashes({ iterations: 1000, rounds: 3 });
      const people = [{ ...ANN, password_hash: await hash('Correct-Horse-7') }, EVE];
      writeFileSync(join(folder, 'users.json'), write('django', people).file);
      writeFileSync(join(folder, 'latchkey_hasher.py'), codeOf('python', 'class LatchkeyHasher'));
      writeFileSync(
        join(folder, 'go.py'),
        `import django
from django.conf import settings
${codeOf('python', 'PASSWORD_HASHERS = [')}
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    PASSWORD_HASHERS=PASSWORD_HASHERS, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.core.management import call_command
from django.contrib.auth import authenticate, get_user_model
call_command("migrate", verbosity=0)
call_command("loaddata", "users.json", verbosity=0)
user = authenticate(username="ann", password="Correct-Horse-7")
assert user.pk == 3 and user.is_superuser and user.email == "Ann@x.example"
assert authenticate(username="ann", password="correct-horse-7") is None
assert get_user_model().objects.get(pk=3).password.startswith("pbkdf2_sha256$")
eve = get_user_model().objects.get(username="eve")
assert not eve.has_usable_password() and eve.email == ""
print("all in Django")
`,
      );
      const said = execFileSync('/usr/bin/python3', ['go.py'], { cwd: folder, encoding: 'utf8' });
      expect(said).toBe('all in Django\n');
    },
    30_000,
  );
});

/** What \`npx @better-auth/cli generate\` writes for SQLite: better-auth 1.6. */
const BETTER_AUTH_SCHEMA = `
create table "user" ("id" text not null primary key, "name" text not null, "email" text not null unique, "emailVerified" integer not null, "image" text, "createdAt" date not null, "updatedAt" date not null);
create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "user" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" date, "refreshTokenExpiresAt" date, "scope" text, "password" text, "createdAt" date not null, "updatedAt" date not null);
`;
