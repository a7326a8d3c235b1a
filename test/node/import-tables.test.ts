// Which table has the users, in SQLite files and SQL dumps of any service.
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDumpReader } from '../../scripts/import/read-sql.ts';
import { decodeBytes, encodeBytes, readMixedTexts } from '../../scripts/import/text.ts';
import { BCRYPT, importInto, openDatabase, tempFile, tempFolder } from './import-support.ts';

const sqlite = (sql: string): string => {
  const path = join(tempFolder(), 'app.db');
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return path;
};

const take = async (path: string, given = {}) => {
  const scratch = openDatabase();
  const told = await importInto(scratch, path, given);
  return {
    ...told,
    users: scratch.users('username, email, name').map((user) => Object.values(user).join('|')),
  };
};

const takeSql = (sql: string, given = {}) => take(tempFile('shop.sql', sql), given);

const ANN = `'ann@x.example', '${BCRYPT}'`;

describe('import of a SQLite file', () => {
  it.each([
    [
      'Devise',
      'users',
      'id, email, encrypted_password, reset_password_token, sign_in_count, last_sign_in_at, locked_at',
    ],
    ['Prisma', 'User', 'id, email, name, passwordHash, createdAt, updatedAt'],
    ['Strapi', 'up_users', 'id, document_id, username, email, provider, password, confirmed, blocked'],
    [
      'PocketBase',
      'users',
      'id, email, emailVisibility, verified, password, tokenKey, name, avatar, created, updated',
    ],
  ])('finds the users of %s by the columns', async (_, table, columns) => {
    const path = sqlite(`CREATE TABLE "${table}" (${columns}); CREATE TABLE posts (id, title, email);
      CREATE TABLE _superusers (id, email, password, tokenKey, verified);
      INSERT INTO "${table}" (email, ${/\w*password\w*/i.exec(columns)?.[0] === 'reset_password_token' ? 'x' : (/(?:encrypted_password|passwordHash|password)/.exec(columns)?.[0] ?? '')})
      VALUES (${ANN});`);
    const { users, about } = await take(path);
    expect(about).toContain(`the table ${table}`);
    expect(users).toEqual(['|ann@x.example|']);
  });

  it('lists the tables if several or none have users, and reads the one of --table', async () => {
    const path = sqlite(`CREATE TABLE users (email, password); CREATE TABLE admins (email, password);
      CREATE TABLE posts (id); INSERT INTO users VALUES (${ANN})`);
    await expect(take(path)).rejects.toThrow(
      'More than one table can be that of the users: admins, users. Name it: --table.',
    );
    expect((await take(path, { source: { table: 'Users' } })).users).toEqual(['|ann@x.example|']);
    const none = sqlite('CREATE TABLE posts (id); CREATE TABLE tags (id)');
    await expect(take(none)).rejects.toThrow(
      'No table has a username or an email and a password hash. There are: posts, tags. Name the one of the users: --table',
    );
    await expect(take(none, { source: { table: 'x' } })).rejects.toThrow(
      'There is no table x. There are: posts, tags.',
    );
  });

  it('reads columns that --map names', async () => {
    const path = sqlite(
      `CREATE TABLE people (login, contact, secret); INSERT INTO people VALUES ('ann', ${ANN})`,
    );
    const map = { login: 'username', contact: 'email', secret: 'password_hash' };
    expect((await take(path, { map })).users).toEqual(['ann|ann@x.example|']);
  });
});

const PG_HEAD = `--
-- PostgreSQL database dump
--
\\restrict abc
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $_$
BEGIN
  INSERT INTO users (email, password) VALUES ('no@x.example', 'x'); -- it's
  RETURN NEW;
END $_$;
CREATE TABLE public.posts (
    id integer NOT NULL,
    body text DEFAULT 'a;b'::text
);
CREATE TABLE public.users (
    id integer NOT NULL,
    username character varying(150),
    email text,
    "password" character varying(128) NOT NULL,
    is_active boolean DEFAULT true,
    name text,
    CONSTRAINT users_check CHECK ((id > 0))
);
`;

describe('import of a PostgreSQL dump', () => {
  it('reads COPY with its escapes, nulls and flags', async () => {
    const { users, counts, about } = await takeSql(`${PG_HEAD}
COPY public.posts (id, body) FROM stdin;
1	INSERT INTO users VALUES ('x');
\\.
COPY public.users (id, username, email, "password", is_active, name) FROM stdin;
1	ann	ann@x.example	${BCRYPT}	t	A\\\\B \\x41\\101
2	bob	bob@x.example	${BCRYPT}	f	\\N
\\.
SELECT pg_catalog.setval('public.users_id_seq', 2, true);
`);
    expect(users).toEqual(['ann|ann@x.example|A\\B AA', 'bob|bob@x.example|']);
    expect(counts).toMatchObject({ disabled: 1 });
    expect(about).toBe('an SQL dump, the table users');
  });

  it.each([
    ['with columns', '(id, username, email, "password", is_active, name) '],
    ['without columns', ''],
  ])('reads INSERT %s', async (_, columns) => {
    const { users } = await takeSql(`${PG_HEAD}
INSERT INTO public.posts VALUES (1, 'it''s; (a) "b"');
INSERT INTO public.users ${columns}VALUES (1, 'ann', 'ann@x.example', '${BCRYPT}', true, 'O''Neil \\n');
INSERT INTO public.users ${columns}VALUES
	(2, 'bob', 'bob@x.example', '${BCRYPT}', false, E'B\\'\\\\'),
	(3, 'eve', 'eve@x.example', '${BCRYPT}'::character varying, 't'::boolean, NULL) ON CONFLICT DO NOTHING;
`);
    expect(users).toEqual(["ann|ann@x.example|O'Neil \\n", "bob|bob@x.example|B'\\", 'eve|eve@x.example|']);
  });

  it('imports the tokens of Django REST framework', async () => {
    const token = '0123456789abcdef0123456789abcdef01234567';
    const { counts, about } = await takeSql(`COPY public.authtoken_token (key, created, user_id) FROM stdin;
${token}	2020-01-01 00:00:00+00	1
\\.
COPY public.auth_user (id, password, last_login, is_superuser, username, email, is_active) FROM stdin;
1	${BCRYPT}	\\N	t	ann	ann@x.example	t
\\.
`);
    expect(counts).toMatchObject({ imported: 1, tokens: 1, admins: 1 });
    expect(about).toBe("a Django project's SQL dump, users of the table auth_user with their tokens");
  });
});

describe('import of a MySQL or SQLite dump', () => {
  const HEAD = `-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`users\`;
CREATE TABLE \`users\` (
  \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
  \`username\` varchar(255) COLLATE utf8mb4_unicode_ci DEFAULT 'a,b',
  \`email\` varchar(255) NOT NULL COMMENT 'it''s (one)',
  \`password\` varchar(255) NOT NULL,
  \`name\` text,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`users_email_unique\` (\`email\`)
) ENGINE=InnoDB;
LOCK TABLES \`users\` WRITE;
`;

  it('reads statements of several rows with escapes', async () => {
    const { users } =
      await takeSql(`${HEAD}INSERT INTO \`users\` VALUES (1,'ann','ann@x.example','${BCRYPT}','O\\'Neil \\"A\\" ); --'),(2,'bob','bob@x.example','${BCRYPT}',NULL);
UNLOCK TABLES;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN
INSERT INTO users VALUES (9,'x','x@x.example','x','x');
END */;;
DELIMITER ;
INSERT INTO \`users\` (\`email\`, \`password\`, \`name\`) VALUES ('eve@x.example',_binary '${BCRYPT}','Eve''s');
`);
    expect(users).toEqual([
      'ann|ann@x.example|O\'Neil "A" ); --',
      'bob|bob@x.example|',
      "|eve@x.example|Eve's",
    ]);
  });

  it('reads a dump of SQLite', async () => {
    const { users } = await takeSql(`PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT);
INSERT INTO users VALUES(1,${ANN});
COMMIT;
`);
    expect(users).toEqual(['|ann@x.example|']);
  });
});

describe('import of binary values', () => {
  /** A binary value as mysqldump writes it: backslashes only before bytes that would end it. */
  const BYTES = Buffer.from([
    0xff, 0x00, 0xc3, 0x28, 0xe2, 0x82, 0xf0, 0x9f, 0x98, 0x80, 0x80, 0x5c, 0x27, 0xac,
  ]);
  const dumpOf = (...rows: readonly (string | Buffer)[][]): Buffer =>
    Buffer.concat([
      Buffer.from('CREATE TABLE `users` (`avatar` blob, `email` text, `password` text, `name` text);\n'),
      Buffer.from('INSERT INTO `users` VALUES '),
      ...rows.flatMap((row, index) => [
        Buffer.from(index === 0 ? '(' : ',('),
        ...row.map(Buffer.from),
        Buffer.from(')'),
      ]),
      Buffer.from(';\n'),
    ]);
  const avatar = [Buffer.from("_binary '"), BYTES, Buffer.from("', ")];

  it('reads the texts beside them', async () => {
    const dump = dumpOf([...avatar, `${ANN}, 'Zoë'`], [...avatar, `'bob@x.example', '${BCRYPT}', 'Bob 😀'`]);
    const { users } = await take(tempFile('a.sql', dump));
    expect(users).toEqual(['|ann@x.example|Zoë', '|bob@x.example|Bob 😀']);
  });

  it('refuses a text that is not UTF-8, and reads it with --encoding', async () => {
    const dump = dumpOf(
      ['NULL, ', ANN, ", '", Buffer.from('Zo\u00eb', 'latin1'), "'"],
      ['NULL, ', `'bob@x.example', '${BCRYPT}', 'Bob'`],
    );
    const path = tempFile('a.sql', dump);
    const { users, lines } = await take(path);
    expect(users).toEqual(['|bob@x.example|Bob']);
    expect(lines).toEqual([
      'refused: row 1, ann@x.example: name is not UTF-8 (--encoding windows-1252, or another, reads it): --map name=ignore takes it without.',
    ]);
    expect((await take(path, { source: { encoding: 'windows-1252' } })).users[0]).toBe('|ann@x.example|Zoë');
  });

  it('refuses a text of a SQLite file that is not UTF-8', async () => {
    const path = sqlite(`CREATE TABLE users (email, password, name);
      INSERT INTO users VALUES (${ANN}, x'5a6feb'), ('bob@x.example', '${BCRYPT}', x'5a6fc3ab');`);
    const { users, lines } = await take(path);
    expect(users).toEqual(['|bob@x.example|Zoë']);
    expect(lines[0]).toContain('name is not UTF-8');
  });

  it('decodes and encodes any bytes without loss', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (some) => {
        const bytes = Buffer.from(some);
        expect(encodeBytes(decodeBytes(bytes)).equals(bytes)).toBe(true);
        expect(decodeBytes(bytes).isWellFormed()).toBe(isUtf8(bytes));
      }),
    );
  });

  it('decodes a file wherever its parts are cut', async () => {
    const text = 'aé€😀\u00ff';
    const bytes = Buffer.concat([Buffer.from(text), BYTES]);
    for (let start = 256 * 1024 - 16; start <= 256 * 1024; start += 1) {
      const path = tempFile('a.txt', Buffer.concat([Buffer.alloc(start, 'x'), bytes]));
      let read = '';
      for await (const part of readMixedTexts(path, () => {})) read += part;
      expect(read.slice(start)).toBe(decodeBytes(bytes));
    }
  });
});

describe('reader of a dump in parts', () => {
  const MYSQL = `-- MySQL dump 10.13; it's
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE \`other\` (\`a\` int);
INSERT INTO \`other\` VALUES (1),(2);
CREATE TABLE \`users\` (\`id\` int, \`email\` text DEFAULT 'a,)b', \`password\` text, \`name\` text, KEY (\`id\`));
INSERT INTO \`users\` VALUES (1,'a@x','h','O\\'N ''\\\\'),(2,NULL,'h',_binary 'x;'),
(3,'c@x','h' , 'é');
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN INSERT INTO users VALUES (9,'x','x','x'); END;;
DELIMITER ;
INSERT INTO users (email, password) VALUES ('d@x','h') ON DUPLICATE KEY UPDATE email = 'e(),';
`;
  const POSTGRES = `${PG_HEAD}
COPY public.posts (id, body) FROM stdin;
1\tINSERT INTO users VALUES ('x');
\\.
COPY public.users (id, username, email, "password") FROM stdin;
1\tann\ta@x\t\\N
2\tb\\tb\tb@x\th
\\.
INSERT INTO public.users VALUES (3, 'it''s', E'c\\'', 'h'::text, now(), '1'::character varying(3));
`;

  const readIn = (sql: string, size: number, mysql: boolean): unknown[] => {
    const rows: unknown[] = [];
    let table = '';
    const reader = createDumpReader(mysql, {
      nameless: () => [],
      begin(name) {
        table = name;
        return name === 'users';
      },
      row: (values) => rows.push([table, ...values]),
    });
    for (let start = 0; start < sql.length; start += size) reader.take(sql.slice(start, start + size), false);
    reader.take('', true);
    return rows;
  };

  it('returns the same rows wherever the parts are cut', () => {
    const mysql = [
      ['users', '1', 'a@x', 'h', "O'N '\\"],
      ['users', '2', null, 'h', 'x;'],
      ['users', '3', 'c@x', 'h', 'é'],
      ['users', 'd@x', 'h'],
    ];
    const postgres = [
      ['users', '1', 'ann', 'a@x', null],
      ['users', '2', 'b\tb', 'b@x', 'h'],
      ['users', '3', "it's", "c'", 'h', 'now()', '1'],
    ];
    for (let size = 1; size <= 64; size += 1) {
      expect(readIn(MYSQL, size, true), `parts of ${size}`).toEqual(mysql);
      expect(readIn(POSTGRES, size, false), `parts of ${size}`).toEqual(postgres);
    }
    expect(readIn(MYSQL, MYSQL.length, true)).toEqual(mysql);
    expect(readIn(POSTGRES, POSTGRES.length, false)).toEqual(postgres);
  });
});

describe('import of an unusable dump', () => {
  it.each([
    ['of the schema alone', PG_HEAD, 'The dump has no rows: it may be of the schema only.'],
    [
      'of other tables',
      `${PG_HEAD}INSERT INTO public.posts (id, body) VALUES (1, 'x');\n`,
      'No table of the dump has a username or an email and a password hash. There are: posts.',
    ],
    [
      'that ends too early',
      `COPY public.users (id, email, password) FROM stdin;\n1\tann@x.example\t${BCRYPT}\n`,
      'The dump ends in the middle of the rows of a table.',
    ],
    [
      'with a row of another length',
      `COPY public.users (id, email, password) FROM stdin;\n1\tann@x.example\n\\.\n`,
      'A row of the dump has another number of values than columns.',
    ],
    [
      'in a tar archive',
      `${'x'.repeat(257)}ustar\u0000`,
      'It is a tar archive: unpack it, and import the file with the users.',
    ],
    ["in pg_dump's own format", 'PGDMP\u0001', "It is pg_dump's own format: make SQL of it with pg_restore"],
  ])('rejects a dump %s', async (_, sql, message) => {
    await expect(takeSql(sql)).rejects.toThrow(message);
  });
});
