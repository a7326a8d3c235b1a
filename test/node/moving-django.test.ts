// Users of a Django project after an import of its dump: they log in as before.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ask, run, usePersistFolders } from './import-cli-support.ts';
import { type Latchkey, serve } from './moving-support.ts';

const DUMP = join(import.meta.dirname, '../fixtures/import/django-5.2.json');

/** A hash that Latchkey created, at the cost that the test sets. */
const OWN = /^\$pbkdf2-sha512\$i=1000,r=2\$/;

const persistFolder = usePersistFolders();

const logIn = (latchkey: Latchkey, n: number, password = `secret pass ${n}`) =>
  latchkey.post('/api/users/login/', { username: `user${n}`, password });

const welcome = (n: number) => ({
  status: 200,
  text: expect.stringMatching(new RegExp(`^\\{"id":${n},"last_login":"[^"]+","username":"user${n}",`)),
});

const REFUSED = {
  status: 400,
  text: '{"non_field_errors":["Username or password is incorrect."]}',
};

const profile = (n: number, created: string) => ({
  status: 200,
  text: `{"success":true,"data":{"id":${n},"username":"user${n}","email":"user${n}@example.com","created":"${created}"}}`,
});

const INVALID = { status: 401, text: '{"detail":"Invalid token."}' };

it("logs in imported Django users by password or token, and replaces Django's hashes", async () => {
  const folder = persistFolder();
  const hashes = (): string[] =>
    ask(folder, 'SELECT password_hash FROM users ORDER BY id').map((row) => String(row['password_hash']));

  const imported = await run('import', [DUMP, '--keep-ids', '--persist-to', folder]);
  expect(imported).toMatchObject({ status: 0, stderr: '' });
  expect(imported.stdout).toContain(
    '  imported                   8  (with their own id: 8, admins: 1, disabled: 1, with a token: 3)',
  );
  expect(imported.stdout).toContain(
    '  hashes: scrypt 2, pbkdf2-sha256 1, pbkdf2-sha1 1, argon2id 1, bcrypt-sha256 1, bcrypt 1, unusable 1',
  );
  expect(hashes().map((hash) => hash.split('$')[0])).toEqual([
    'pbkdf2_sha256',
    'pbkdf2_sha1',
    'argon2',
    'bcrypt_sha256',
    'bcrypt',
    'scrypt',
    'scrypt',
    expect.stringMatching(/^!/),
  ]);

  const latchkey = await serve(folder);
  const tokens = [1, 2, 3].map((n) => String(n).repeat(40));
  for (const [index, token] of tokens.entries())
    expect(await latchkey.get('/account/profile', token)).toEqual(profile(index + 1, '21-11-2026'));
  expect(await latchkey.get('/account/profile', '4'.repeat(40))).toEqual(INVALID);

  for (const n of [1, 2, 3, 4, 5, 6]) {
    expect(await logIn(latchkey, n, `secret pass ${n}!`)).toEqual(REFUSED);
    expect(await logIn(latchkey, n)).toEqual(welcome(n));
    expect(await logIn(latchkey, n)).toEqual(welcome(n));
    expect(await logIn(latchkey, n, `secret pass ${n}!`)).toEqual(REFUSED);
  }
  // The disabled account, and the one without a password.
  for (const n of [7, 8]) expect(await logIn(latchkey, n)).toEqual(REFUSED);
  for (const [index, token] of tokens.entries())
    expect(await latchkey.get('/account/profile', token)).toEqual(profile(index + 1, '21-11-2026'));
  await latchkey.stop();

  const after = hashes();
  for (const hash of after.slice(0, 6)) expect(hash).toMatch(OWN);
  expect(new Set(after).size).toBe(8);
  expect(after[6]).toMatch(/^scrypt\$16384\$/);
  expect(after[7]).toMatch(/^!/);
}, 180_000);
