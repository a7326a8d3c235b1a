// `conjugator`: what each field of registration and login accepts, at its limits and one past them.
import { describe, expect, it } from 'vitest';
import { type Answer, send, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const refused = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;
const atMost = (limit: number): string => `Ensure this field has no more than ${limit} characters.`;

const WRONG_PAIR = refused({ non_field_errors: ['Unable to login with provided credentials.'] });
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const NOT_TEXT = 'Not a valid string.';
const NUL = 'Null characters are not allowed.';
const NOT_EMAIL = 'Enter a valid email address.';

const person = () => ({
  first_name: 'Peter',
  last_name: 'Griffin',
  email: `${uniqueName()}@quahog.com`,
  password: 'Tom Brady',
});
const register = (changes: Record<string, unknown>) =>
  send('/api/register', { json: { ...person(), ...changes } });
const logIn = (fields: Record<string, unknown>) => send('/api/login', { json: fields });

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
  [['Peter'], NOT_TEXT],
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
  ['   ', BLANK],
  ['a\0b', NUL],
  ['a\u0007b', NOT_TEXT],
  ['a\nb', NOT_TEXT],
  ['a\tb', NOT_TEXT],
  ['a\u007fb', NOT_TEXT],
  ['a\u0085b', NOT_TEXT],
];

describe.each(['first_name', 'last_name'])('%s', (field) => {
  it.each([...NO_TEXTS, ...NO_LINES])('rejects %j: %s', async (value, text) => {
    expect(whole(await register({ [field]: value }))).toBe(refused({ [field]: [text] }));
  });

  it.each(['x', '😀', 'é'])('accepts at most 255 characters, counting %s as one', async (character) => {
    expect((await register({ [field]: character.repeat(255) })).status).toBe(201);
    expect(whole(await register({ [field]: character.repeat(256) }))).toBe(
      refused({ [field]: [atMost(255)] }),
    );
  });

  it.each([
    ['12345678901234567890123', '12345678901234567890123'],
    ['-7', '-7'],
    ['1.5', '1.5'],
    ['1.0', '1.0'],
    ['1e3', '1000'],
    ['1e21', '1000000000000000000000'],
    ['0.12345678901234567890123', '0.12345678901234567890123'],
  ])('accepts the number %s as its decimal text', async (number, text) => {
    const others = JSON.stringify({ ...person(), [field]: undefined }).slice(0, -1);
    const answer = await send('/api/register', { json: `${others},"${field}":${number}}` });
    expect(answer.status).toBe(201);
    expect(answer.text).toContain(`"${field}":"${text}"`);
  });
});

describe('email', () => {
  it.each([
    ...NO_EMAIL_TEXTS,
    ...NO_LINES,
    ...['no', 'a@', '@b.com', 'a@b', 'a b@c.com', 'a@b c.com', 'a@@b.com', 'a.@b.com', '1'].map(
      (value): [unknown, string] => [value, NOT_EMAIL],
    ),
    [12, NOT_EMAIL],
  ])('rejects %j: %s', async (email, text) => {
    expect(whole(await register({ email }))).toBe(refused({ email: [text] }));
  });

  it('accepts at most 255 characters', async () => {
    expect((await register({ email: emailOf(255) })).status).toBe(201);
    expect(whole(await register({ email: emailOf(256) }))).toBe(refused({ email: [atMost(255)] }));
  });

  it('lists every broken rule, the length first', async () => {
    expect(whole(await register({ email: 'x'.repeat(256) }))).toBe(
      refused({ email: [atMost(255), NOT_EMAIL] }),
    );
  });
});

describe('password', () => {
  it.each(NO_TEXTS)('rejects %j: %s', async (password, text) => {
    expect(whole(await register({ password }))).toBe(refused({ password: [text] }));
  });

  it.each(['x', '😀'])('accepts at most 255 characters, counting %s as one', async (character) => {
    expect((await register({ password: character.repeat(255) })).status).toBe(201);
    expect(whole(await register({ password: character.repeat(256) }))).toBe(
      refused({ password: [atMost(255)] }),
    );
  });

  it('rejects 1025 bytes with the limit of 1024', async () => {
    expect(whole(await register({ password: 'x'.repeat(1025) }))).toBe(refused({ password: [atMost(1024)] }));
  });

  it.each([' ', '  a  ', '\0', '\n', 'a\0b', '\t\u0007'])(
    'keeps %j exactly, without trimming',
    async (password) => {
      const email = `${uniqueName()}@quahog.com`;
      expect((await register({ email, password })).status).toBe(201);
      expect((await logIn({ username: email, password })).status).toBe(200);
      expect(whole(await logIn({ username: email, password: `${password} ` }))).toBe(WRONG_PAIR);
      expect(whole(await logIn({ username: email, password: `x${password}` }))).toBe(WRONG_PAIR);
    },
  );

  it('accepts a number as its decimal text', async () => {
    const { email, ...others } = person();
    const body = JSON.stringify({ ...others, email, password: undefined }).slice(0, -1);
    expect((await send('/api/register', { json: `${body},"password":12345678901234567890}` })).status).toBe(
      201,
    );
    expect((await logIn({ username: email, password: '12345678901234567890' })).status).toBe(200);
    const asNumber = await send('/api/login', {
      json: `{"username":"${email}","password":12345678901234567890}`,
    });
    expect(asNumber.status).toBe(200);
    expect(whole(await logIn({ username: email, password: '12345678901234567891' }))).toBe(WRONG_PAIR);
  });
});

describe('errors of several fields', () => {
  it('appear together in field order', async () => {
    const answer = await register({
      password: null,
      email: 'nope',
      last_name: '',
      first_name: 'x'.repeat(256),
    });
    expect(whole(answer)).toBe(
      refused({ first_name: [atMost(255)], last_name: [BLANK], email: [NOT_EMAIL], password: [NULL] }),
    );
  });
});
