// How much of a file a reader holds in memory: one part at a time, in every format.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../scripts/import/source.ts';
import { BCRYPT, tempFile, tempFolder } from './import-support.ts';

const PEOPLE = 6_000;
/** More records than a reader takes at a time: 256 KiB of a file, or a page of a table. */
const MOST_AT_ONCE = 1_000;

const NOTE = 'x'.repeat(400);
const people = Array.from({ length: PEOPLE }, (_, index) => ({
  username: `u${index}`,
  email: `u${index}@x.example`,
  password: BCRYPT,
  note: NOTE,
}));
const columns = ['username', 'email', 'password', 'note'];
const joined = (toText: (values: string[]) => string, between: string): string =>
  people.map((one) => toText(Object.values(one))).join(between);

const csv = () => `${columns.join()}\n${joined((values) => values.join(), '\n')}\n`;
const sql = (rows: string) =>
  `CREATE TABLE users (username text, email text, password text, note text);\n${rows}`;

const sqlite = (): string => {
  const path = join(tempFolder(), 'app.db');
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE users (${columns.join()}); BEGIN`);
  const insert = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?)');
  for (const one of people) insert.run(...Object.values(one));
  database.exec('COMMIT');
  database.close();
  return path;
};

const FILES: Readonly<Record<string, () => string>> = {
  CSV: () => tempFile('a.csv', csv()),
  'CSV with gzip': () => tempFile('a.csv.gz', gzipSync(csv())),
  'a JSON array': () => tempFile('a.json', JSON.stringify({ users: people })),
  'JSON lines': () => tempFile('a.jsonl', people.map((one) => JSON.stringify(one)).join('\n')),
  "Django's dump": () =>
    tempFile(
      'a.json',
      JSON.stringify(
        people.map((one) => ({ model: 'auth.user', pk: 1, fields: { ...one, last_login: null } })),
      ),
    ),
  YAML: () =>
    tempFile(
      'a.yaml',
      joined(
        ([username, email, password]) =>
          `- {username: ${username}, email: ${email}, password: ${password}, note: ${NOTE}}`,
        '\n',
      ),
    ),
  XML: () =>
    tempFile(
      'a.xml',
      `<users>${people
        .map(
          (one) =>
            `<user>${Object.entries(one)
              .map(([tag, text]) => `<${tag}>${text}</${tag}>`)
              .join('')}</user>`,
        )
        .join('')}</users>`,
    ),
  'a dump of PostgreSQL': () =>
    tempFile(
      'a.sql',
      sql(
        `COPY users (${columns.join(', ')}) FROM stdin;\n${joined((values) => values.join('\t'), '\n')}\n\\.\n`,
      ),
    ),
  'a dump of MySQL': () =>
    tempFile(
      'a.sql',
      sql(`INSERT INTO users VALUES ${joined((values) => `('${values.join("','")}')`, ',')};\n`),
    ),
  SQLite: sqlite,
};

describe.each(Object.entries(FILES))('the reader of %s', (_, make) => {
  it('holds at most 1,000 records at a time', async () => {
    const source = await openSource(make(), {
      format: null,
      model: null,
      table: null,
      columns: null,
      encoding: null,
      map: new Map(),
      onProgress: () => {},
    });
    try {
      let [read, most] = [0, 0];
      for await (const page of source.read()) {
        // The first records come before the file is read to its end.
        if (read === 0 && page.length > 0) expect(source.fraction()).toBeLessThan(0.5);
        read += page.length;
        most = Math.max(most, page.length);
      }
      expect(read).toBe(PEOPLE);
      expect(most).toBeLessThanOrEqual(MOST_AT_ONCE);
    } finally {
      source.close();
    }
  });
});
