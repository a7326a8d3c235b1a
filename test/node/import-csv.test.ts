// CSV and TSV as spreadsheets and databases write them.
import { describe, expect, it } from 'vitest';
import { BCRYPT, importInto, openDatabase, tempFile } from './import-support.ts';

const csv = (lines: readonly string[], end = '\n'): string => `${lines.join(end)}${end}`;
const row = (name: string, more = ''): string => `${name},${name}@x.example,${BCRYPT}${more}`;

/** Imports a text as a file of that name, and returns the accounts and the report. */
const take = async (content: string | Buffer, given = {}, name = 'users.csv') => {
  const scratch = openDatabase();
  const { counts, lines } = await importInto(scratch, tempFile(name, content), given);
  return {
    counts,
    lines,
    users: scratch.users('username, email, name').map((user) => Object.values(user).join('|')),
  };
};

describe('quotes in CSV and TSV', () => {
  it('reports an unclosed quote at its line, and imports the lines after it', async () => {
    const { lines, users } = await take(
      csv([
        'username,email,password,name',
        row('ann', ',Ann'),
        row('bob', ',"Bob'),
        row('eve', ',Eve'),
        row('zoe', ',"Zoe ""Z"""'),
      ]),
    );
    expect(users).toEqual(['ann|ann@x.example|Ann', 'eve|eve@x.example|Eve', 'zoe|zoe@x.example|Zoe "Z"']);
    expect(lines).toEqual(['refused: line 3: A quote is opened on this line and never closed.']);
  });

  it('refuses two lines with unclosed quotes, and imports the line between them', async () => {
    const { lines, users } = await take(
      csv([
        'username,email,password,name',
        row('ann', ',"Ann'),
        row('bob', ',Bob'),
        row('eve', ',"Eve'),
        row('zoe', ',Zoe'),
      ]),
    );
    expect(users).toEqual(['bob|bob@x.example|Bob', 'zoe|zoe@x.example|Zoe']);
    expect(lines).toEqual([
      'refused: line 2: A quote is opened on this line and never closed.',
      'refused: line 4: A quote is opened on this line and never closed.',
    ]);
  });

  it('reads a quote within a CSV value as a character', async () => {
    const { users } = await take(
      csv(['username,email,password,name', row('ann', ',the "A" one'), row('bob', ',Bob')]),
    );
    expect(users).toEqual(['ann|ann@x.example|the "A" one', 'bob|bob@x.example|Bob']);
  });

  it('reads quotes that do not enclose a TSV value as characters', async () => {
    const { users } = await take(
      `username\temail\tpassword\tname\nann\tann@x.example\t${BCRYPT}\t"Ann" the 5" one\nbob\tbob@x.example\t${BCRYPT}\t"\n`,
      {},
      'users.tsv',
    );
    expect(users).toEqual(['ann|ann@x.example|"Ann" the 5" one', 'bob|bob@x.example|"']);
  });

  it('removes quotes that enclose a TSV value, as spreadsheets write it', async () => {
    const { users } = await take(
      `username\temail\tpassword\tname\nann\tann@x.example\t${BCRYPT}\t"Ann ""A"""\n`,
      {},
      'users.tsv',
    );
    expect(users).toEqual(['ann|ann@x.example|Ann "A"']);
  });

  it('reads a backslash before a quote as an escape, as MySQL writes it', async () => {
    const { users } = await take(
      `username,email,password,name\n"ann","ann@x.example","${BCRYPT}","Ann \\"A\\" B"\n`,
    );
    expect(users).toEqual(['ann|ann@x.example|Ann "A" B']);
  });
});

describe('values in CSV and TSV', () => {
  it('reads an unquoted NULL or \\N as null, and a backslash in TSV as an escape', async () => {
    const scratch = openDatabase();
    const path = tempFile(
      'users.csv',
      csv(['username,email,password,name,description', row('ann', ',NULL,"NULL"'), row('bob', ',\\N,"\\N"')]),
    );
    await importInto(scratch, path);
    expect(scratch.users('name, description')).toEqual([
      { name: '', description: 'NULL' },
      { name: '', description: '\\N' },
    ]);
    const tsv = await take(
      `username\temail\tpassword\tname\nann\tann@x.example\t${BCRYPT}\tA\\\\B\nbob\tbob@x.example\t${BCRYPT}\t\\N\n`,
      {},
      'users.tsv',
    );
    expect(tsv.users).toEqual(['ann|ann@x.example|A\\B', 'bob|bob@x.example|']);
  });

  it('keeps all digits of a username, such as 007 and 1e5', async () => {
    const { users } = await take(
      csv(['username,email,password', `007,a@x.example,${BCRYPT}`, `1e5,b@x.example,${BCRYPT}`]),
    );
    expect(users).toEqual(['007|a@x.example|', '1e5|b@x.example|']);
  });
});

describe('CSV header', () => {
  const BARE = csv([`1,ann,ann@x.example,${BCRYPT}`, `2,bob,bob@x.example,${BCRYPT}`]);

  it('suggests --columns if there is no header, without showing a value of the file', async () => {
    const failed = take(BARE);
    await expect(failed).rejects.toThrow(
      /^Its first line does not name the columns of users\. .*--columns id,username,email,password\. /,
    );
    await expect(failed).rejects.not.toThrow(/ann|\$2b/);
    const { users } = await take(BARE, { source: { columns: ['id', 'username', 'email', 'password'] } });
    expect(users).toEqual(['ann|ann@x.example|', 'bob|bob@x.example|']);
  });

  it('accepts delimiters and line breaks within quotes', async () => {
    const { users } = await take(
      csv([
        '"username";"email";"password";"full, really, name";"a\nb"',
        `ann;ann@x.example;${BCRYPT};"A;B";1`,
      ]),
      { map: { 'full, really, name': 'name' } },
    );
    expect(users).toEqual(['ann|ann@x.example|A;B']);
  });

  it('rejects a header with a duplicate column', async () => {
    await expect(take(csv(['email,password,email', `a@x.example,${BCRYPT},b@x.example`]))).rejects.toThrow(
      'Its header names the column email twice.',
    );
  });
});

describe('CSV encoding', () => {
  const text = csv(['username;email;password;name', `ann;ann@x.example;${BCRYPT};Zoë €`], '\r\n');

  it('decodes UTF-16 in either byte order', async () => {
    const expected = ['ann|ann@x.example|Zoë €'];
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    expect((await take(little)).users).toEqual(expected);
    expect((await take(Buffer.from(little).swap16())).users).toEqual(expected);
  });

  it('suggests --encoding for a file that is not UTF-8, and decodes it with windows-1252', async () => {
    const windows = Buffer.from(text.replace('€', '\u0080'), 'latin1');
    await expect(take(windows)).rejects.toThrow(
      'It is not UTF-8. Give its encoding: --encoding windows-1252 if it comes from Windows, or another.',
    );
    const { users } = await take(windows, { source: { encoding: 'windows-1252' } });
    expect(users).toEqual(['ann|ann@x.example|Zoë €']);
  });

  it('rejects a file whose last character is cut off', async () => {
    const cut = Buffer.concat([
      Buffer.from(csv(['username,email,password,name', row('ann', ',A')]).trimEnd()),
      Buffer.from([0xc3]),
    ]);
    await expect(take(cut)).rejects.toThrow('It is not UTF-8.');
    const half = Buffer.concat([Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from([0x61])]);
    await expect(take(half)).rejects.toThrow('It is not utf-16le: its last character is cut off.');
  });
});

it('accepts CR LF, empty lines, and a last line without a line break', async () => {
  const { users } = await take(`username,email,password\r\n${row('ann')}\r\n\r\n${row('bob')}`);
  expect(users).toEqual(['ann|ann@x.example|', 'bob|bob@x.example|']);
});

it('recognises CSV by its header, whatever the name of the file', async () => {
  const { users } = await take(csv(['username,email,password', row('ann')]), {}, 'export.txt');
  expect(users).toEqual(['ann|ann@x.example|']);
});
