// An interrupted import continues in every file format, without losing or duplicating an account.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createCheckpoint, noCounts } from '../../scripts/import/checkpoint.ts';
import { BCRYPT, importInto, openDatabase, person, tempFile, tempFolder } from './import-support.ts';

/** Two batches: the second one fails. */
const PEOPLE = 900;
const BATCH = 500;

const people = Array.from({ length: PEOPLE }, (_, index) => person(`u${index}`, { id: index + 1 }));
const lines = (toLine: (one: (typeof people)[number]) => string, end = '\n'): string =>
  people.map(toLine).join(end) + end;

const sqlite = (): string => {
  const path = join(tempFolder(), 'app.db');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE users (id, username, email, password); BEGIN');
  const insert = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?)');
  for (const { id, username, email, password } of people.map((one) => ({ id: 0, ...one })))
    insert.run(id, username, email, password);
  database.exec('COMMIT');
  database.close();
  return path;
};

const CSV = `username,email,password\n${lines(({ username, email }) => `${username},${email},${BCRYPT}`)}`;

const FILES: Readonly<Record<string, () => string>> = {
  CSV: () => tempFile('a.csv', CSV),
  'JSON lines': () =>
    tempFile(
      'a.jsonl',
      lines((one) => JSON.stringify(one)),
    ),
  'a JSON document': () => tempFile('a.json', JSON.stringify({ data: { users: people } })),
  "Django's dump": () =>
    tempFile(
      'a.json',
      JSON.stringify(people.map((fields, index) => ({ model: 'auth.user', pk: index + 1, fields }))),
    ),
  YAML: () =>
    tempFile(
      'a.yaml',
      lines(({ username, email }) => `- {username: ${username}, email: ${email}, password: ${BCRYPT}}`),
    ),
  XML: () =>
    tempFile(
      'a.xml',
      `<users>${lines(({ username, email }) => `<user><username>${username}</username><email>${email}</email><password>${BCRYPT}</password></user>`)}</users>`,
    ),
  SQLite: sqlite,
  'a dump of PostgreSQL': () =>
    tempFile(
      'a.sql',
      `COPY public.users (username, email, password) FROM stdin;\n${lines(({ username, email }) => `${username}\t${email}\t${BCRYPT}`)}\\.\n`,
    ),
  'a dump of MySQL': () =>
    tempFile(
      'a.sql',
      `CREATE TABLE \`users\` (\`username\` text, \`email\` text, \`password\` text);\nINSERT INTO \`users\` VALUES ${people.map(({ username, email }) => `('${username}','${email}','${BCRYPT}')`).join(',')};\n`,
    ),
  gzip: () => tempFile('a.csv.gz', gzipSync(CSV)),
};

describe.each(Object.entries(FILES))('an interrupted import of %s', (_, make) => {
  it('continues after the last batch without losing or duplicating an account', async () => {
    const scratch = openDatabase();
    const path = make();
    let writes = 0;
    const target = {
      ...scratch.target,
      write: async (statements: readonly string[]) => {
        writes += 1;
        if (writes === 2) throw new Error('the machine stops here');
        await scratch.target.write(statements);
      },
    };
    const checkpoint = createCheckpoint(path, null);
    await expect(importInto(scratch, path, { target, checkpoint, batchRecords: BATCH })).rejects.toThrow(
      'stops here',
    );
    const counts = createCheckpoint(path, null).load()?.counts ?? noCounts();
    expect(counts).toMatchObject({ alreadyThere: 0 });
    expect(counts.imported).toBeGreaterThan(0);
    expect(counts.imported).toBeLessThan(PEOPLE);
    const resumed = await importInto(scratch, path, { checkpoint, counts, batchRecords: BATCH });
    expect(resumed.counts).toMatchObject({ read: PEOPLE, imported: PEOPLE, alreadyThere: 0, refused: 0 });
    const [found] = scratch.database
      .prepare('SELECT count(*) AS n, count(DISTINCT email_key) AS emails, max(id) AS last FROM users')
      .all();
    expect({ ...found }).toEqual({ n: PEOPLE, emails: PEOPLE, last: PEOPLE });
  });
});
