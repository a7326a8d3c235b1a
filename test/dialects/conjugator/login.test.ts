// `conjugator`: what login accepts as a username, and that it applies no format rule.
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

const person = () => ({
  first_name: 'Peter',
  last_name: 'Griffin',
  email: `${uniqueName()}@quahog.com`,
  password: 'Tom Brady',
});
const register = (fields: Record<string, string>) => send('/api/register', { json: fields });
const logIn = (fields: Record<string, unknown>) => send('/api/login', { json: fields });

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
];

describe('POST /api/login', () => {
  it.each([...NO_TEXTS, ['   ', BLANK], ['a\0b', NUL], ['a\u0007b', NOT_TEXT]])(
    'rejects the username %j: %s',
    async (username, text) => {
      expect(whole(await logIn({ username, password: 'x' }))).toBe(refused({ username: [text] }));
      expect(whole(await logIn({ email: username, password: 'x' }))).toBe(refused({ email: [text] }));
    },
  );

  it.each(NO_TEXTS)('rejects the password %j: %s', async (password, text) => {
    expect(whole(await logIn({ username: 'a@b.com', password }))).toBe(refused({ password: [text] }));
  });

  it('names missing fields, and `username` only if there is no `email`', async () => {
    const text = ['This field is required.'];
    expect(whole(await logIn({}))).toBe(refused({ username: text, password: text }));
    expect(whole(await logIn({ password: 'x' }))).toBe(refused({ username: text }));
    expect(whole(await logIn({ username: 'a@b.com' }))).toBe(refused({ password: text }));
    expect(whole(await logIn({ email: null }))).toBe(refused({ email: [NULL], password: text }));
  });

  it.each(['nobody', 'not an email', 'a@b@c', 'x'.repeat(300), `${'x'.repeat(300)}@b.com`, '12'])(
    'answers a username of any format as wrong credentials: %s',
    async (username) => {
      expect(whole(await logIn({ username, password: 'x' }))).toBe(WRONG_PAIR);
    },
  );

  it('accepts at most 1024 bytes of password, whatever the number of characters', async () => {
    const username = `${uniqueName()}@quahog.com`;
    const longest = `${'€'.repeat(341)}x`;
    expect(whole(await logIn({ username, password: longest }))).toBe(WRONG_PAIR);
    expect(whole(await logIn({ username, password: `${longest}x` }))).toBe(
      refused({ password: [atMost(1024)] }),
    );
  });

  it('accepts `email` instead of `username`, and uses `username` if both are sent', async () => {
    const [one, other] = [person(), person()];
    for (const fields of [one, other]) await register(fields);
    const { email, password } = one;
    const token = (await logIn({ username: email, password })).text;
    expect((await logIn({ email, password })).text).toBe(token);
    expect((await logIn({ email: other.email, username: email, password })).text).toBe(token);
    expect(whole(await logIn({ email, username: 'nobody', password }))).toBe(WRONG_PAIR);
    expect(whole(await logIn({ email, password: 'wrong' }))).toBe(WRONG_PAIR);
    const form = await send('/api/login', { form: { email, password } });
    expect(form.text).toBe(token);
  });

  it('accepts a username in `username`, but not in `email`', async () => {
    const username = uniqueName();
    const made = await send('/account/register', {
      json: { username, email: `${username}@test.com`, password: 'test' },
    });
    const token = /"token":"([^"]+)"/.exec(made.text)?.[1] ?? expect.fail(made.text);
    expect(whole(await logIn({ username, password: 'test' }))).toBe(`200 {"token":"${token}"}`);
    expect(whole(await logIn({ email: username, password: 'test' }))).toBe(WRONG_PAIR);
  });
});
