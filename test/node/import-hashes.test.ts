// Hashes in an import: kept in a form that the Worker reads, wrapped, or refused; and logins with them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HashOptions, NO_HASH_OPTIONS, readFirebaseParameters } from '../../scripts/import/hashes.ts';
import { isRow, PROJECT, type Row } from '../../scripts/wrangler.ts';
import { BCRYPT, importInto, importRecords, openDatabase, type Scratch } from './import-support.ts';
import { type Service, startService } from './support-service.ts';

const PASSWORD = 'Correct-Horse-7';
const caseFile = (name: string): string => join(PROJECT, 'test/fixtures/import', name);

let service: Service;
beforeAll(async () => {
  service = await startService({});
});
afterAll(() => service?.close());

const logIn = async (email: string, password: string): Promise<number> => {
  const body = JSON.stringify({ identifier: email, password });
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${service.origin}/id/login`, { method: 'POST', headers, body });
  await response.body?.cancel();
  return response.status;
};

/** Copies an imported account to the service under another email, and logs in there. */
let moved = 0;
const tryToLogIn = async (row: Row, password: string): Promise<number> => {
  moved += 1;
  const email = `moved${moved}@example.com`;
  await service.execute(
    `INSERT INTO users (email, email_key, password_hash, disabled_at, created_at, updated_at, last_login_at)
      VALUES (?1, ?1, ?2, ?3, 1, 1, 1)`,
    email,
    String(row['password_hash']),
    row['disabled_at'] === null ? null : Number(row['disabled_at']),
  );
  return logIn(email, password);
};

const accounts = (scratch: Scratch): Row[] =>
  scratch
    .users('email, password_hash, disabled_at')
    .sort((left, right) => (String(left['email']) < String(right['email']) ? -1 : 1));

const users = (name: string): unknown[] => {
  const document: unknown = JSON.parse(readFileSync(caseFile(name), 'utf8'));
  const list: unknown = isRow(document) ? document['users'] : null;
  return Array.isArray(list) ? list : expect.fail('It has no users.');
};

const withOptions = (options: Partial<HashOptions>): HashOptions => ({ ...NO_HASH_OPTIONS, ...options });

describe('login with the hashes of a case file', () => {
  it('succeeds for all four accounts of Werkzeug (case-15)', async () => {
    const scratch = openDatabase();
    const { counts } = await importInto(scratch, caseFile('case-15-werkzeug.csv'));
    expect(counts).toMatchObject({ imported: 4, refused: 0 });
    for (const row of accounts(scratch)) expect(await tryToLogIn(row, PASSWORD)).toBe(200);
  });

  it('succeeds for passport-local-mongoose (case-17)', async () => {
    const scratch = openDatabase();
    const { counts } = await importInto(scratch, caseFile('case-17-passport-local-mongoose.jsonl'));
    expect(counts).toMatchObject({ imported: 1, hashes: { 'pbkdf2-sha256': 1 } });
    const [row] = accounts(scratch);
    expect(await tryToLogIn(row ?? {}, PASSWORD)).toBe(200);
    expect(await tryToLogIn(row ?? {}, 'another')).toBe(401);
  });

  it('succeeds for four prefixes; plain text is not imported (case-20)', async () => {
    const scratch = openDatabase();
    const { counts, lines } = await importInto(scratch, caseFile('case-20-prefixes.jsonl'));
    expect(counts).toMatchObject({ imported: 4, refused: 1 });
    expect(lines).toEqual([
      expect.stringContaining(
        'plain@x.example: password: It looks like a password in plain text: --plain-text-passwords takes it',
      ),
    ]);
    expect(lines.join()).not.toContain(PASSWORD);
    for (const row of accounts(scratch)) expect(await tryToLogIn(row, PASSWORD)).toBe(200);
  });

  it('succeeds for plain text with --plain-text-passwords, stored as a hash (case-20)', async () => {
    const scratch = openDatabase();
    const hashes = withOptions({ plainText: true });
    const { counts } = await importInto(scratch, caseFile('case-20-prefixes.jsonl'), { hashes });
    expect(counts).toMatchObject({ imported: 5, hashes: { 'plain text, hashed': 1 } });
    const plain = accounts(scratch).find(({ email }) => email === 'plain@x.example') ?? {};
    expect(plain['password_hash']).toMatch(/^\$pbkdf2-sha512\$i=75000,r=3\$/);
    for (const row of accounts(scratch)) expect(await tryToLogIn(row, PASSWORD)).toBe(200);
    expect(await tryToLogIn(plain, 'another')).toBe(401);
  });

  it('succeeds for an enabled account of Keycloak, and fails for a disabled one (case-13)', async () => {
    const scratch = openDatabase();
    const { counts, unknown } = await importRecords(scratch, users('case-13-keycloak.json'));
    expect(unknown).not.toContain('credentials');
    expect(counts).toMatchObject({
      imported: 2,
      disabled: 1,
      hashes: { 'pbkdf2-sha256': 1, 'pbkdf2-sha512': 1 },
    });
    const [ann, bob] = accounts(scratch);
    expect(await tryToLogIn(ann ?? {}, PASSWORD)).toBe(200);
    expect(await tryToLogIn(bob ?? {}, PASSWORD)).toBe(401);
    expect(await tryToLogIn({ ...bob, disabled_at: null }, PASSWORD)).toBe(200);
  });

  it("succeeds for Firebase, which is not imported without the project's parameters (case-14)", async () => {
    const without = openDatabase();
    const refused = await importRecords(without, users('case-14-firebase.json'));
    expect(refused.counts).toMatchObject({ imported: 0, refused: 1 });
    expect(refused.lines.join()).toContain('--firebase-params');
    const scratch = openDatabase();
    const firebase = readFirebaseParameters(readFileSync(caseFile('case-14-firebase-params.txt'), 'utf8'));
    const { counts } = await importRecords(scratch, users('case-14-firebase.json'), { firebase });
    expect(counts).toMatchObject({ imported: 1, hashes: { 'firebase-scrypt': 1 } });
    const [ann] = accounts(scratch);
    expect(await tryToLogIn(ann ?? {}, PASSWORD)).toBe(200);
    expect(await tryToLogIn(ann ?? {}, 'another')).toBe(401);
  });

  it('succeeds for Meteor (case-19)', async () => {
    const scratch = openDatabase();
    const record: unknown = JSON.parse(readFileSync(caseFile('case-19-meteor.jsonl'), 'utf8'));
    await importRecords(scratch, [{ ...(isRow(record) ? record : {}), email: 'ann@x.example' }]);
    const [ann] = accounts(scratch);
    expect(await tryToLogIn(ann ?? {}, PASSWORD)).toBe(200);
    expect(await tryToLogIn(ann ?? {}, 'another')).toBe(401);
  });
});

describe('import of fast hashes', () => {
  const SHA1 = '5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8';

  it('refuses SHA-1 by name, and suggests --weak-hashes', async () => {
    const scratch = openDatabase();
    const { counts, lines } = await importRecords(scratch, [{ email: 'a@x.example', password: SHA1 }]);
    expect(counts).toMatchObject({ imported: 0, refused: 1 });
    expect(lines.join()).toContain(
      'It is a fast hash (SHA-1): --weak-hashes takes it, wrapped in a slow one.',
    );
    expect(lines.join()).not.toContain(SHA1.slice(0, 8));
  });

  it('wraps SHA-1 in a slow hash with --weak-hashes, and lets its owner log in', async () => {
    const scratch = openDatabase();
    const hashes = withOptions({ weakHashes: true });
    const { counts } = await importRecords(scratch, [{ email: 'a@x.example', password: SHA1 }], { hashes });
    expect(counts).toMatchObject({ imported: 1, hashes: { 'SHA-1, wrapped': 1 } });
    const [row] = accounts(scratch);
    expect(row?.['password_hash']).toMatch(/^wrapped\$sha1\$\$pbkdf2-sha512\$i=75000,r=3\$/);
    expect(await tryToLogIn(row ?? {}, 'password')).toBe(200);
    expect(await tryToLogIn(row ?? {}, SHA1)).toBe(401);
  });

  it('removes spaces around a hash, as in fixed-width columns, but not around plain text', async () => {
    const scratch = openDatabase();
    const hashes = withOptions({ weakHashes: true, plainText: true });
    const records = [`${BCRYPT}  `, ` ${SHA1} `, ' pass word '].map((password, index) => ({
      email: `a${index}@x.example`,
      password,
    }));
    await importRecords(scratch, records, { hashes });
    const [kept, wrapped, plain] = accounts(scratch);
    expect(kept?.['password_hash']).toBe(BCRYPT);
    expect(await tryToLogIn(wrapped ?? {}, 'password')).toBe(200);
    expect(await tryToLogIn(plain ?? {}, ' pass word ')).toBe(200);
    expect(await tryToLogIn(plain ?? {}, 'pass word')).toBe(401);
  });
});
