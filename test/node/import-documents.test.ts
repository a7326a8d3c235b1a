// JSON, YAML and XML of any shape: how the users in a document are found, also in Django's dumps.
import { crc32, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BCRYPT, type Given, importInto, openDatabase, person, tempFile } from './import-support.ts';

/** Imports a text as a file of that name, and returns the accounts and the report. */
const take = async (name: string, content: string | Buffer, given = {}) => {
  const scratch = openDatabase();
  const told = await importInto(scratch, tempFile(name, content), given);
  return {
    ...told,
    users: scratch.users('username, email, name').map((user) => Object.values(user).join('|')),
  };
};

const ANN = ['ann|ann@example.com|'];

describe('import of a JSON document', () => {
  it('finds the array of users anywhere in the document', async () => {
    const document = {
      meta: { pages: [{ n: 1 }, { n: 2 }] },
      data: { users: [person('ann', { roles: [{ name: 'x', email: 'no@x' }] }), person('bob')] },
    };
    for (const text of [JSON.stringify(document), JSON.stringify(document, null, 2)]) {
      const { users, about } = await take('users.json', text);
      expect(users).toEqual([...ANN, 'bob|bob@example.com|']);
      expect(about).toBe('the list data.users of a JSON document');
    }
  });

  it('reads objects one after another, each printed over several lines', async () => {
    const text = [person('ann'), person('bob')].map((one) => `${JSON.stringify(one, null, 2)}\n`).join('');
    const { users } = await take('users.json', text);
    expect(users).toEqual([...ANN, 'bob|bob@example.com|']);
  });

  it.each([1, 2, 3])('reads an array of %s users with one user per line', async (count) => {
    const names = ['ann', 'bob', 'eve'].slice(0, count);
    const text = `{"users":[\n${names.map((name) => JSON.stringify(person(name))).join(',\n')}\n]}\n`;
    const { users, about } = await take('users.json', text);
    expect(users).toEqual(names.map((name) => `${name}|${name}@example.com|`));
    expect(about).toBe('the list users of a JSON document');
  });

  it('finds the users among the tables of a phpMyAdmin export', async () => {
    const table = (name: string, data: unknown[]) => ({ type: 'table', name, database: 'shop', data });
    const document = [
      { type: 'header', version: '5.2.1' },
      { type: 'database', name: 'shop' },
      table('orders', [{ id: '1', user_id: '1' }]),
      table('users', [person('ann', { deleted_at: null })]),
    ];
    const { users, about } = await take('shop.json', JSON.stringify(document, null, 1));
    expect(users).toEqual(ANN);
    expect(about).toBe('the list users of a JSON document');
  });

  it('lists the candidates if several lists or none have users, and reads the one of --table', async () => {
    const text = JSON.stringify({ users: [person('ann')], admins: [person('root')], other: [{ id: 1 }] });
    await expect(take('x.json', text)).rejects.toThrow(
      'More than one list can be that of the users: users, admins. Name it: --table.',
    );
    expect((await take('x.json', text, { source: { table: 'users' } })).users).toEqual(ANN);
    await expect(take('x.json', text, { source: { table: 'people' } })).rejects.toThrow(
      'There is no list people. There are: document, users, admins, other.',
    );
    await expect(take('x.json', '{"posts":[{"id":1}]}')).rejects.toThrow(
      'No list has a username or an email and a password hash. There are: document, posts.',
    );
  });

  it('reports the record and the line of a refused user', async () => {
    const { lines } = await take(
      'users.json',
      JSON.stringify({ users: [person('ann'), person('bob', { password: '' })] }, null, 1),
    );
    expect(lines).toEqual([expect.stringMatching(/^refused: record 2 \(line 8\), bob@example\.com: /)]);
  });

  it('keeps all digits of ids that exceed the precision of a number', async () => {
    const scratch = openDatabase();
    const ids = [
      '{"users":[',
      `{"id":12345678901234567890,"email":"a@x.example","password":"${BCRYPT}"}`,
      ']}',
    ];
    await importInto(scratch, tempFile('a.json', ids.join('')));
    await importInto(
      scratch,
      tempFile('b.jsonl', `${ids[1]?.replace('a@x', 'b@x').replace('890,', '891,')}\n\n`),
    );
    const sources = scratch.database.prepare('SELECT source_id FROM imported_accounts').all();
    expect(sources.map((row) => row['source_id'])).toEqual(['12345678901234567890', '12345678901234567891']);
  });

  it.each([
    ['ends within a record', '{"users":[{"email":"a@x.example","password":"x"},{"email'],
    ['ends before the end of its array', '{"users":[{"email":"a@x.example","password":"x"}'],
    ['has an extra bracket', '{"users":[{"email":"a@x.example"}]]'],
    ['is not JSON', '[{email:1}]'],
  ])('rejects a document that %s', async (_, text) => {
    await expect(take('users.json', text)).rejects.toThrow(
      /^The JSON (?:ends in the middle of it, near line 1\. Users may be missing|is damaged, near line 1\.$)/,
    );
  });
});

const FIELDS = {
  username: 'ann',
  email: 'ann@example.com',
  password: BCRYPT,
  last_login: null,
  is_active: true,
};
const USER = { model: 'auth.user', pk: 1, fields: FIELDS };
const ABOUT = "Django's dumpdata, users of the model auth.user";

describe("import of Django's dumpdata", () => {
  it.each([
    [
      'with the keys in another order',
      'a.json',
      JSON.stringify([{ fields: FIELDS, pk: 1, model: 'auth.user' }]),
    ],
    [
      'as JSON lines',
      'a.jsonl',
      `${JSON.stringify(USER)}\n${JSON.stringify({ model: 'x.y', pk: 1, fields: {} })}\n`,
    ],
    ['as one line of JSON', 'a.jsonl', `${JSON.stringify(USER)}\n`],
    [
      'as YAML',
      'a.yaml',
      `- model: x.y\n  pk: 1\n  fields:\n    text: |\n      - model: auth.user\n- model: auth.user\n  pk: 1\n  fields:\n    username: ann\n    email: ann@example.com\n    password: ${BCRYPT}\n    last_login: null\n    date_joined: 2020-01-02 03:04:05+00:00\n    is_active: true\n`,
    ],
    [
      'as XML',
      'a.xml',
      `<?xml version="1.0" encoding="utf-8"?>\n<django-objects version="1.0"><object model="x.y" pk="1"><field name="a">b</field></object><object model="auth.user" pk="1"><field name="username" type="CharField">ann</field><field name="email" type="CharField">ann@example.com</field><field name="password" type="CharField">${BCRYPT}</field><field name="last_login" type="DateTimeField"><None></None></field><field name="is_active" type="BooleanField">True</field><field name="groups" rel="ManyToManyRel" to="auth.group"></field></object></django-objects>`,
    ],
  ])('reads a dump %s', async (_, name, text) => {
    const { users, about } = await take(name, text);
    expect(users).toEqual(ANN);
    expect(about).toBe(ABOUT);
  });

  it('recognises `auth.user` without last_login, and lists the models of other dumps', async () => {
    const { last_login: _, ...fields } = FIELDS;
    expect((await take('a.json', JSON.stringify([{ ...USER, fields }]))).users).toEqual(ANN);
    const member = { model: 'people.member', pk: 1, fields };
    const order = { model: 'shop.order', pk: 1, fields: { email: 'ann@example.com' } };
    await expect(take('a.json', JSON.stringify([order, member]))).rejects.toThrow(
      'There are no users in this dump. Its models are: shop.order (1), people.member (1). Name the one of the users: --model people.member.',
    );
    const server = { model: 'mail.server', pk: 1, fields: { username: 'x', password: 'y' } };
    await expect(take('a.json', JSON.stringify([server, member]))).rejects.toThrow(
      'Its models are: mail.server (1), people.member (1). Name the one of the users: --model.',
    );
    expect((await take('a.json', JSON.stringify([member]), { model: 'people.Member' })).users).toEqual(ANN);
  });
});

describe('import of YAML and XML', () => {
  it('keeps all digits of a username in YAML', async () => {
    const { users } = await take('u.yml', `- username: 0042\n  email: a@x.example\n  password: ${BCRYPT}\n`);
    expect(users).toEqual(['0042|a@x.example|']);
  });

  it('finds the list of users within a YAML document', async () => {
    const { users, about } = await take(
      'u.yaml',
      `users:\n  - {username: ann, email: ann@example.com, password: "${BCRYPT}"}\n`,
    );
    expect(users).toEqual(ANN);
    expect(about).toBe('the list users of a YAML document');
  });

  it('reports the line of invalid YAML, and continues', async () => {
    const { lines, users } = await take(
      'u.yaml',
      `- email: [\n- {username: ann, email: ann@example.com, password: "${BCRYPT}"}\n`,
    );
    expect(lines).toEqual(['refused: record 1 (line 1): This is not valid YAML.']);
    expect(users).toEqual(ANN);
  });

  it.each([
    [
      'plain elements',
      `<users><user id="1"><username>ann</username><email>ann@example.com</email><password>${BCRYPT}</password></user></users>`,
    ],
    [
      "mysqldump's rows",
      `<mysqldump><database name="shop"><table_data name="x"><row><field name="id">1</field></row></table_data><table_data name="users"><row><field name="username">ann</field><field name="email">ann@example.com</field><field name="password">${BCRYPT}</field><field name="deleted_at" xsi:nil="true" /></row></table_data></database></mysqldump>`.replace(
        '<mysqldump>',
        '<mysqldump xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
      ),
    ],
    [
      "phpMyAdmin's tables",
      `<pma_xml_export version="1.0"><database name="shop"><table name="users"><column name="username">ann</column><column name="email">ann@example.com</column><column name="password">${BCRYPT}</column><column name="deleted_at">NULL</column></table></database></pma_xml_export>`,
    ],
  ])('reads XML with %s', async (_, text) => {
    expect((await take('u.xml', text)).users).toEqual(ANN);
  });

  it('rejects XML with an external entity', async () => {
    const text = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><users><user><email>&e;</email><password>x</password></user></users>`;
    await expect(take('u.xml', text)).rejects.toThrow(/^The XML is damaged: .*undefined entity/);
  });
});

describe('encoding of a document', () => {
  const user = `"username": "ann", "email": "ann@example.com", "password": "${BCRYPT}", "name": "Zoë"`;
  const xml = `<users><user><username>ann</username><email>ann@example.com</email><password>${BCRYPT}</password><name>Zoë</name></user></users>`;
  const nameOf = async (name: string, content: Buffer, source?: Given['source']) => {
    const scratch = openDatabase();
    await importInto(scratch, tempFile(name, content), source === undefined ? {} : { source });
    return scratch.users('name')[0]?.['name'];
  };

  it.each([
    ['JSON', 'a.json', `[{${user}}]`],
    ['YAML of a list', 'a.yaml', `- {${user}}\n`],
    ['YAML', 'b.yaml', `users:\n- {${user}}\n`],
    ['XML', 'a.xml', xml],
  ])('rejects %s that is not UTF-8, and reads it with --encoding', async (_, name, text) => {
    const content = Buffer.from(text, 'latin1');
    await expect(nameOf(name, content)).rejects.toThrow(
      'It is not UTF-8. Give its encoding: --encoding windows-1252 if it comes from Windows, or another.',
    );
    expect(await nameOf(name, content, { encoding: 'windows-1252' })).toBe('Zoë');
    expect(await nameOf(name, Buffer.from(text))).toBe('Zoë');
  });

  it('reads XML in the encoding that it declares', async () => {
    const declared = `<?xml version="1.0" encoding="ISO-8859-1"?>${xml}`;
    expect(await nameOf('a.xml', Buffer.from(declared, 'latin1'))).toBe('Zoë');
    expect(await nameOf('a.xml', Buffer.from(`\ufeff${declared}`, 'utf16le'))).toBe('Zoë');
    const utf8 = declared.replace('ISO-8859-1', 'utf-8');
    expect(await nameOf('a.xml', Buffer.from(utf8))).toBe('Zoë');
    await expect(nameOf('a.xml', Buffer.from(utf8, 'latin1'))).rejects.toThrow('It is not UTF-8.');
  });

  it('reads other encodings of the web with --encoding, such as windows-1251', async () => {
    const russian = Buffer.from(`[{${user.replace('Zoë', '\u00c7\u00ee\u00ff')}}]`, 'latin1');
    expect(await nameOf('a.json', russian, { encoding: 'windows-1251' })).toBe('Зоя');
  });

  it('suggests --encoding for a JSON line that is not UTF-8', async () => {
    const { lines } = await take('a.jsonl', Buffer.from(`{${user}}\n{}\n`, 'latin1'));
    expect(lines[0]).toBe(
      'refused: line 1: This is not UTF-8: --encoding windows-1252, or another, reads it.',
    );
  });
});

describe('import of a compressed file', () => {
  const jsonl = `${JSON.stringify(person('ann'))}\n`;

  it('unpacks gzip, and rejects a truncated file', async () => {
    expect((await take('users.jsonl.gz', gzipSync(jsonl))).users).toEqual(ANN);
    await expect(take('users.jsonl.gz', gzipSync(jsonl).subarray(0, 40))).rejects.toThrow(
      'It cannot be unpacked',
    );
  });

  it('unpacks a ZIP archive of one file, and rejects several files and a damaged archive', async () => {
    const one = zip([
      ['users.csv', `username,email,password\nann,ann@example.com,${BCRYPT}\n`],
      ['__MACOSX/._users.csv', 'x'],
    ]);
    expect((await take('users.zip', one)).users).toEqual(ANN);
    await expect(
      take(
        'users.zip',
        zip([
          ['a.csv', 'x'],
          ['b.csv', 'y'],
        ]),
      ),
    ).rejects.toThrow('The ZIP archive has several files: a.csv, b.csv.');
    await expect(take('users.zip', one.subarray(0, 60))).rejects.toThrow('The ZIP archive is damaged');
  });
});

/** A ZIP archive of stored files. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
const zip = (files: readonly [name: string, content: string][]): Buffer => {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const [path, data] = [Buffer.from(name), Buffer.from(content)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, data]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, entry, path]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
};
