// `account`: what each field of registration and login accepts, at its limits and one past them.
import { describe, expect, it } from 'vitest';
import { type Answer, send, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

/** Registration wraps its errors in `errors`, login does not. */
const wrapped = (faults: Record<string, string[]>): string =>
  `400 ${JSON.stringify({ success: false, errors: faults })}`;
const bare = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;
const atMost = (limit: number): string => `Ensure this field has no more than ${limit} characters.`;

const WRONG_PAIR = bare({ non_field_errors: ['Unable to log in with provided credentials.'] });
const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const NOT_TEXT = 'Not a valid string.';
const NUL = 'Null characters are not allowed.';
const NOT_EMAIL = 'Enter a valid email address.';
const NOT_USERNAME =
  'Enter a valid username. This value may contain only letters, numbers, and ./+/-/_ characters.';

const person = (username = uniqueName()) => ({ username, email: `${username}@test.com`, password: 'test' });
const register = (changes: Record<string, unknown>) =>
  send('/account/register', { json: { ...person(), ...changes } });
const logIn = (fields: Record<string, unknown>) => send('/account/login', { json: fields });

/** A valid email of the given length, at least 203 characters. */
const emailOf = (characters: number): string => {
  const domain = `@${`${'d'.repeat(62)}.`.repeat(3)}com`;
  return uniqueName().padEnd(characters - domain.length, 'x') + domain;
};

/** Values that no field accepts, not even a password. */
const NO_TEXTS: [unknown, string][] = [
  [null, NULL],
  ['', BLANK],
  [true, NOT_TEXT],
  [false, NOT_TEXT],
  [[], NOT_TEXT],
  [['test'], NOT_TEXT],
  [{}, NOT_TEXT],
  ['\ud800', NOT_TEXT],
  ['a\udc00b', NOT_TEXT],
];
/** The same for an email field, which has its own error for values that are not text. */
const NO_EMAIL_TEXTS = NO_TEXTS.map(([value, text]): [unknown, string] => [
  value,
  typeof value === 'string' || value === null ? text : NOT_EMAIL,
]);
/** Values that only a password accepts. */
const NO_LINES: [unknown, string][] = [
  [' \t\n ', BLANK],
  ['a\0b', NUL],
  ['a\u0007b', NOT_TEXT],
  ['a\nb', NOT_TEXT],
  ['a\tb', NOT_TEXT],
  ['a\u007fb', NOT_TEXT],
  ['a\u0085b', NOT_TEXT],
];

describe('username', () => {
  it.each([
    ...NO_TEXTS,
    ...NO_LINES,
    ...['a b', 'a@b', 'a@b.com', 'é', 'ａｂｃ', 'a/b', 'a,b', '😀', 'a\u200bb'].map(
      (value): [unknown, string] => [value, NOT_USERNAME],
    ),
  ])('rejects %j: %s', async (username, text) => {
    expect(whole(await register({ username }))).toBe(wrapped({ username: [String(text)] }));
  });

  it.each(['a', 'A', '7', '_', '.', '+', '-'])('accepts the character %s', async (character) => {
    const { username, email } = person();
    const made = await register({ username: username + character, email });
    expect(made.status).toBe(200);
    const token = /"token":"([^"]+)"/.exec(made.text)?.[1] ?? '';
    const { text } = await send('/account/profile', { token });
    expect(text).toContain(`"username":"${username}${character}","email":"${email}"`);
  });

  it('accepts at most 32 characters', async () => {
    const username = uniqueName();
    expect(whole(await register({ username: username.padEnd(33, 'x') }))).toBe(
      wrapped({ username: [atMost(32)] }),
    );
    expect((await register({ username: username.padEnd(32, 'x') })).status).toBe(200);
  });

  it('lists every broken rule, the alphabet first', async () => {
    expect(whole(await register({ username: '😀'.repeat(32) }))).toBe(wrapped({ username: [NOT_USERNAME] }));
    expect(whole(await register({ username: '😀'.repeat(33) }))).toBe(
      wrapped({ username: [NOT_USERNAME, atMost(32)] }),
    );
  });

  it('accepts a number as its decimal text, to the last digit', async () => {
    const { email } = person();

    const made = await send('/account/register', {
      json: `{"username":12345678901234567891,"email":"${email}","password":7}`,
    });
    expect(made.status).toBe(200);
    const token = /"token":"([^"]+)"/.exec(made.text)?.[1] ?? '';
    const { text } = await send('/account/profile', { token });
    expect(text).toContain('"username":"12345678901234567891"');
    const right = `200 {"token":"${token}"}`;
    expect(whole(await logIn({ username: '12345678901234567891', password: '7' }))).toBe(right);
    const asNumbers = '{"username":12345678901234567891,"password":7}';
    expect(whole(await send('/account/login', { json: asNumbers }))).toBe(right);
    expect(whole(await logIn({ username: '12345678901234567890', password: '7' }))).toBe(WRONG_PAIR);
  });
});

describe('email', () => {
  it.each([
    ...NO_EMAIL_TEXTS,
    ...NO_LINES,
    ...['no', 'a@', '@b.com', 'a@b', 'a b@c.com', 'a@b c.com', 'a@@b.com', 12].map(
      (value): [unknown, string] => [value, NOT_EMAIL],
    ),
  ])('rejects %j: %s', async (email, text) => {
    expect(whole(await register({ email }))).toBe(wrapped({ email: [text] }));
  });

  it('accepts at most 256 characters, and lists every broken rule, the length first', async () => {
    expect((await register({ email: emailOf(256) })).status).toBe(200);
    expect(whole(await register({ email: emailOf(257) }))).toBe(wrapped({ email: [atMost(256)] }));
    expect(whole(await register({ email: 'x'.repeat(257) }))).toBe(
      wrapped({ email: [atMost(256), NOT_EMAIL] }),
    );
  });
});

describe('password', () => {
  it.each(NO_TEXTS)('rejects %j: %s', async (password, text) => {
    expect(whole(await register({ password }))).toBe(wrapped({ password: [text] }));
  });

  it.each(['x', '😀'])(
    'accepts 1 to 128 characters of any strength, counting %s as one',
    async (character) => {
      for (const count of [1, 128])
        expect((await register({ password: character.repeat(count) })).status).toBe(200);
      expect(whole(await register({ password: character.repeat(129) }))).toBe(
        wrapped({ password: [atMost(128)] }),
      );
    },
  );

  it('rejects 1025 bytes with the limit of 1024', async () => {
    expect(whole(await register({ password: 'x'.repeat(1025) }))).toBe(wrapped({ password: [atMost(1024)] }));
  });

  it.each([' ', '  a  ', '\0', '\n', 'a\u0007b'])('keeps %j exactly, without trimming', async (password) => {
    const { username, email } = person();
    expect((await register({ username, email, password })).status).toBe(200);
    expect((await logIn({ username, password })).status).toBe(200);
    expect(whole(await logIn({ username, password: `${password} ` }))).toBe(WRONG_PAIR);
    expect(whole(await logIn({ username, password: ` ${password}` }))).toBe(WRONG_PAIR);
  });

  it('matches in every Unicode form', async () => {
    const { username, email } = person();
    await register({ username, email, password: 'é'.normalize('NFD') });
    expect((await logIn({ username, password: 'é'.normalize('NFC') })).status).toBe(200);
    expect(whole(await logIn({ username, password: 'e' }))).toBe(WRONG_PAIR);
  });
});

describe('errors of several fields', () => {
  it('appear together in field order, in `errors` at registration', async () => {
    expect(whole(await register({ password: '', email: null, username: 'a b' }))).toBe(
      wrapped({ username: [NOT_USERNAME], email: [NULL], password: [BLANK] }),
    );
    const nothing = await send('/account/register', { json: {} });
    expect(whole(nothing)).toBe(wrapped({ username: [REQUIRED], email: [REQUIRED], password: [REQUIRED] }));
  });

  it('appear together in field order, without `errors` at login', async () => {
    expect(whole(await logIn({}))).toBe(bare({ username: [REQUIRED], password: [REQUIRED] }));
    expect(whole(await logIn({ password: null, username: ' ' }))).toBe(
      bare({ username: [BLANK], password: [NULL] }),
    );
    expect(whole(await logIn({ email: 'a@b.com', password: 'x' }))).toBe(bare({ username: [REQUIRED] }));
  });
});
