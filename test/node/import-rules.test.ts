// Which accounts an import accepts, and its messages for those that it refuses.
import { describe, expect, it } from 'vitest';
import { BCRYPT, importRecords, openDatabase, person } from './import-support.ts';

/** Imports one record, and returns the lines of the report: none if it was imported as it is. */
const judge = async (record: unknown): Promise<string[]> =>
  (await importRecords(openDatabase(), [record])).lines;

const refusal = (label: string, reason: string): string[] => [`refused: line 1, ${label}: ${reason}`];

describe('rules for imported accounts', () => {
  it.each([
    [
      'no email',
      { username: 'ann', password: BCRYPT },
      'ann',
      'There is no email: --no-email placeholder takes it, to log in by username.',
    ],
    [
      'an email without an @',
      { email: 'ann.example.com', password: BCRYPT },
      'ann.example.com',
      'The email is not valid, and there is no username that can be kept.',
    ],
    [
      'a space in its email',
      { email: 'a nn@example.com', password: BCRYPT },
      'a nn@example.com',
      'The email is not valid, and there is no username that can be kept.',
    ],
    [
      'two @ in its email',
      { email: 'a@b@example.com', password: BCRYPT },
      'a@b@example.com',
      'The email is not valid, and there is no username that can be kept.',
    ],
    [
      'an empty hash',
      person('ann', { password: '' }),
      'ann@example.com',
      'password: There is no password hash: --no-password reset takes the account, whose owner then sets one by mail.',
    ],
    [
      'null as its hash',
      person('ann', { password: null }),
      'ann@example.com',
      'password: There is no password hash: --no-password reset takes the account, whose owner then sets one by mail.',
    ],
    [
      'a password in plain text',
      person('ann', { password: 'correct horse' }),
      'ann@example.com',
      'password: It looks like a password in plain text: --plain-text-passwords takes it, hashed.',
    ],
    [
      'an MD5 hash',
      person('ann', { password: 'd41d8cd98f00b204e9800998ecf8427e' }),
      'ann@example.com',
      'password: It is a fast hash (MD5): --weak-hashes takes it, wrapped in a slow one.',
    ],
    [
      'a username with a space',
      person('ann', { username: 'ann neil' }),
      'ann@example.com',
      'The username ann neil has characters other than letters, digits and _ . + -',
    ],
    [
      'another email as its username',
      person('ann', { username: 'x@y.z' }),
      'ann@example.com',
      'The username x@y.z has characters other than letters, digits and _ . + -',
    ],
    [
      'a username of 151 characters',
      person('ann', { username: 'a'.repeat(151) }),
      'ann@example.com',
      'The username is longer than 150 characters: --bad-username drop takes the account without it.',
    ],
    [
      'an unknown picture_id',
      person('ann', { picture_id: 11 }),
      'ann@example.com',
      'picture_id is not the id of a picture: --map picture_id=ignore takes it without.',
    ],
    [
      'a javascript: URL as its site_url',
      person('ann', { site_url: 'javascript:alert(1)' }),
      'ann@example.com',
      'site_url is no address of the web: --map site_url=ignore takes it without.',
    ],
    [
      'credentials in its site_url',
      person('ann', { site_url: 'https://bank.test@evil.test/' }),
      'ann@example.com',
      'site_url is no address of the web: --map site_url=ignore takes it without.',
    ],
    [
      'an invalid address literal in its email',
      { email: 'ann@[1.2.3]', password: BCRYPT },
      'ann@[1.2.3]',
      'The email is not valid, and there is no username that can be kept.',
    ],
    [
      'an email without a top-level domain',
      { email: 'root@intranet', password: BCRYPT },
      'root@intranet',
      'The email is not valid, and there is no username that can be kept.',
    ],
    [
      'an impossible date',
      person('ann', { created_at: '2020-02-31' }),
      'ann@example.com',
      'created_at is no time: --map created_at=ignore takes it without.',
    ],
    [
      'an unknown flag',
      person('ann', { is_admin: 'perhaps' }),
      'ann@example.com',
      'is_admin is neither true nor false: --map is_admin=ignore takes it without.',
    ],
    [
      'a list as its name',
      person('ann', { name: ['Ann'] }),
      'ann@example.com',
      'name is no text: --map name=ignore takes it without.',
    ],
    [
      'NUL in its name',
      person('ann', { name: 'A\0nn' }),
      'ann@example.com',
      'name holds a control character: --map name=ignore takes it without.',
    ],
    [
      'a line break in its name',
      person('ann', { name: 'A\nnn' }),
      'ann@example.com',
      'name holds a control character: --map name=ignore takes it without.',
    ],
    [
      'half of a surrogate pair in its name',
      person('ann', { name: 'A\ud800' }),
      'ann@example.com',
      'name holds half of a character: --map name=ignore takes it without.',
    ],
    [
      'a first name of 256 characters',
      person('ann', { first_name: 'ä'.repeat(256) }),
      'ann@example.com',
      'first_name is longer than 255 characters: --map first_name=ignore takes it without.',
    ],
    [
      'a postal address of 201 characters',
      person('ann', { address: 'a'.repeat(201) }),
      'ann@example.com',
      'address is longer than 200 characters: --map address=ignore takes it without.',
    ],
    [
      'two errors',
      person('ann', { picture_id: 0, last_name: 1, is_staff: [] }),
      'ann@example.com',
      'picture_id is not the id of a picture: --map picture_id=ignore takes it without. is_staff is neither true nor false: --map is_staff=ignore takes it without.',
    ],
  ])('refuse an account with %s', async (_, record, label, reason) => {
    expect(await judge(record)).toEqual(refusal(label, reason));
  });

  it('refuse an email and a username of 10,000 characters without failing', async () => {
    const long = 'é'.repeat(10_000);
    expect(await judge({ email: `${long}@example.com`, password: BCRYPT })).toEqual(
      refusal(
        `${long}@example.com`,
        'email is longer than 256 characters: --map email=ignore takes it without. The email is not valid, and there is no username that can be kept.',
      ),
    );
    expect(await judge(person('ann', { username: long }))).toEqual([
      expect.stringContaining(
        'username is longer than 256 characters: --map username=ignore takes it without.',
      ),
    ]);
  });

  it('accept an email of 256 characters, and refuse one of 257', async () => {
    const email = (length: number) => `${'a'.repeat(length - 12)}@example.com`;
    expect(await judge({ email: email(256), password: BCRYPT })).toEqual([]);
    expect(await judge({ email: email(257), password: BCRYPT })).toEqual(
      refusal(email(257), 'email is longer than 256 characters: --map email=ignore takes it without.'),
    );
  });

  it.each([
    ['a username of 150 characters', person('ann', { username: 'a'.repeat(150) })],
    ['every allowed kind of character in its username', person('ann', { username: 'Az09_.+-' })],
    ['a quoted local part in its email', { email: '"a b"@example.com', password: BCRYPT }],
    ['two dots in a row in its email', { email: 'a..b@example.com', password: BCRYPT }],
    ['an address literal in its email', { email: 'a@[IPv6:2001:db8::1]', password: BCRYPT }],
    ['a name of 255 characters beyond the first plane of Unicode', person('ann', { name: '𝒜'.repeat(255) })],
    ['line breaks in its postal address', person('ann', { address: 'a\nb\r\nc\td' })],
    ['an unusable password', person('ann', { password: '!x' })],
    [
      "Latchkey's own hash",
      person('ann', { password: `$pbkdf2-sha512$i=75000,r=3$${'A'.repeat(22)}$${'A'.repeat(86)}` }),
    ],
  ])('accept an account with %s', async (_, record) => {
    expect(await judge(record)).toEqual([]);
  });

  it("refuse one of Latchkey's own hashes that is damaged or exceeds the limits", async () => {
    const hash = (parameters: string, end = 'A') =>
      person('ann', { password: `$pbkdf2-sha512$${parameters}$${'A'.repeat(22)}$${'A'.repeat(85)}${end}` });
    expect(await judge(hash('i=100000,r=50'))).toEqual([]);
    for (const bad of [hash('i=100001,r=1'), hash('i=1,r=51'), hash('i=1,r=1', 'B'), hash('i=1,r=1', '')]) {
      expect(await judge(bad)).toEqual([
        expect.stringMatching(/^refused: line 1, ann@example\.com: password: /),
      ]);
    }
  });

  it('take an email in the username column as the email, not as a username', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [
      person('ann', { username: 'ANN@example.com' }),
      { username: 'bob@example.com', email: '', password: BCRYPT },
      { username: '', email: 'cy@example.com', password: BCRYPT },
    ]);
    expect(scratch.users('username, email')).toEqual([
      { username: null, email: 'ann@example.com' },
      { username: null, email: 'bob@example.com' },
      { username: null, email: 'cy@example.com' },
    ]);
  });

  it('accept an account without its token if that is not 40 hexadecimal digits', async () => {
    const scratch = openDatabase();
    const { lines } = await importRecords(scratch, [person('ann', { auth_token: 'ABC' })]);
    expect(lines).toEqual([
      'note: line 1, ann@example.com: its token is not of 40 hexadecimal digits and will not be known',
    ]);
    expect(scratch.database.prepare('SELECT count(*) AS n FROM sessions').get()).toMatchObject({ n: 0 });
  });

  it('keep the hash and control characters of the terminal out of the report', async () => {
    const lines = await judge({ email: 'a\u001b[2Jnn', username: 'x', password: '$1$secret' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\u001b');
    expect(lines[0]).not.toContain('secret');
  });
});
