// CSV, TSV and their like, as spreadsheets and databases really write them.
import { describe, expect, it } from 'vitest';
import { BCRYPT, importInto, openDatabase, tempFile } from './import-support.ts';

const csv = (lines: readonly string[], end = '\n'): string => `${lines.join(end)}${end}`;
const row = (name: string, more = ''): string => `${name},${name}@x.example,${BCRYPT}${more}`;

/** Imports a text as a file of that name, and returns who was taken and what was said. */
const take = async (content: string | Buffer, given = {}, name = 'users.csv') => {
  const scratch = openDatabase();
  const { counts, lines } = await importInto(scratch, tempFile(name, content), given);
  return {
    counts,
    lines,
    users: scratch.users('username, email, name').map((user) => Object.values(user).join('|')),
  };
};

describe('a quote', () => {
  it('that is never closed is one error at its line, and nothing behind it is lost', async () => {
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

  it('that another one seems to close spoils its own line only', async () => {
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

  it('in the middle of a value is a character like others', async () => {
    const { users } = await take(
      csv(['username,email,password,name', row('ann', ',the "A" one'), row('bob', ',Bob')]),
    );
    expect(users).toEqual(['ann|ann@x.example|the "A" one', 'bob|bob@x.example|Bob']);
  });

  it('within a value of TSV is a character like others', async () => {
    const { users } = await take(
      `username\temail\tpassword\tname\nann\tann@x.example\t${BCRYPT}\t"Ann" the 5" one\nbob\tbob@x.example\t${BCRYPT}\t"\n`,
      {},
      'users.tsv',
    );
    expect(users).toEqual(['ann|ann@x.example|"Ann" the 5" one', 'bob|bob@x.example|"']);
  });

  it('holds a value together in TSV of a spreadsheet', async () => {
    const { users } = await take(
      `username\temail\tpassword\tname\nann\tann@x.example\t${BCRYPT}\t"Ann ""A"""\n`,
      {},
      'users.tsv',
    );
    expect(users).toEqual(['ann|ann@x.example|Ann "A"']);
  });

  it('is escaped by a backslash in what MySQL encloses', async () => {
    const { users } = await take(
      `username,email,password,name\n"ann","ann@x.example","${BCRYPT}","Ann \\"A\\" B"\n`,
    );
    expect(users).toEqual(['ann|ann@x.example|Ann "A" B']);
  });
});

describe('a value', () => {
  it('is null for NULL and \\N unless it is quoted, and a backslash in TSV escapes', async () => {
    const scratch = openDatabase();
    const path = tempFile(
      'users.csv',
      csv(['username,email,password,name,description', row('ann', ',NULL,"NULL"')]),
    );
    await importInto(scratch, path);
    expect(scratch.users('name, description')).toEqual([{ name: '', description: 'NULL' }]);
    const tsv = await take(
      `username\temail\tpassword\tname\nann\tann@x.example\t${BCRYPT}\tA\\\\B\n`,
      {},
      'users.tsv',
    );
    expect(tsv.users).toEqual(['ann|ann@x.example|A\\B']);
  });

  it('of digits keeps them as a name', async () => {
    const { users } = await take(
      csv(['username,email,password', `007,a@x.example,${BCRYPT}`, `1e5,b@x.example,${BCRYPT}`]),
    );
    expect(users).toEqual(['007|a@x.example|', '1e5|b@x.example|']);
  });
});

describe('a header', () => {
  const BARE = csv([`1,ann,ann@x.example,${BCRYPT}`, `2,bob,bob@x.example,${BCRYPT}`]);

  it('that is missing is asked for, with no value of the file, and --columns names the columns', async () => {
    const failed = take(BARE);
    await expect(failed).rejects.toThrow(/^Has it a header\? .*--columns id,username,email,password\. /);
    await expect(failed).rejects.not.toThrow(/ann|\$2b/);
    const { users } = await take(BARE, { source: { columns: ['id', 'username', 'email', 'password'] } });
    expect(users).toEqual(['ann|ann@x.example|', 'bob|bob@x.example|']);
  });

  it('may have the delimiter within quotes, and line breaks', async () => {
    const { users } = await take(
      csv([
        '"username";"email";"password";"full, really, name";"a\nb"',
        `ann;ann@x.example;${BCRYPT};"A;B";1`,
      ]),
      { map: { 'full, really, name': 'name' } },
    );
    expect(users).toEqual(['ann|ann@x.example|A;B']);
  });

  it('that has a column twice is refused', async () => {
    await expect(take(csv(['email,password,email', `a@x.example,${BCRYPT},b@x.example`]))).rejects.toThrow(
      'Its header names the column email twice.',
    );
  });
});

describe('an encoding', () => {
  const text = csv(['username;email;password;name', `ann;ann@x.example;${BCRYPT};Zoë €`], '\r\n');

  it('of UTF-16 is decoded', async () => {
    const expected = ['ann|ann@x.example|Zoë €'];
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    expect((await take(little)).users).toEqual(expected);
    expect((await take(Buffer.from(little).swap16())).users).toEqual(expected);
  });

  it('of Windows is named, and decoded if it is said', async () => {
    const windows = Buffer.from(text.replace('€', '\u0080'), 'latin1');
    await expect(take(windows)).rejects.toThrow(
      'It is not UTF-8. Say what it is: --encoding windows-1252, if it comes from Windows, or another.',
    );
    const { users } = await take(windows, { source: { encoding: 'windows-1252' } });
    expect(users).toEqual(['ann|ann@x.example|Zoë €']);
  });

  it('is looked at to the last byte', async () => {
    const cut = Buffer.concat([
      Buffer.from(csv(['username,email,password,name', row('ann', ',A')]).trimEnd()),
      Buffer.from([0xc3]),
    ]);
    await expect(take(cut)).rejects.toThrow('It is not UTF-8.');
    const half = Buffer.concat([Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from([0x61])]);
    await expect(take(half)).rejects.toThrow('It is not utf-16le: its last character is cut off.');
  });
});

it('takes lines that end with CR LF, empty lines, and a last line without an end', async () => {
  const { users } = await take(`username,email,password\r\n${row('ann')}\r\n\r\n${row('bob')}`);
  expect(users).toEqual(['ann|ann@x.example|', 'bob|bob@x.example|']);
});

it('recognises CSV by its header, whatever the file is called', async () => {
  const { users } = await take(csv(['username,email,password', row('ann')]), {}, 'export.txt');
  expect(users).toEqual(['ann|ann@x.example|']);
});
