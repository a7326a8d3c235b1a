// `conjugator`: what login takes instead of a username, and that it applies no rule of format.
import { describe, expect, it } from 'vitest';
import { type Answer, send, uniqueName } from '../../support/worker.ts';

/** Status and body, to the letter. */
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

/** What no field takes, passwords included. */
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

describe('login', () => {
  it.each([...NO_TEXTS, ['   ', BLANK], ['a\0b', NUL], ['a\u0007b', NOT_TEXT]])(
    'the username %j is refused: %s',
    async (username, text) => {
      expect(whole(await logIn({ username, password: 'x' }))).toBe(refused({ username: [text] }));
      expect(whole(await logIn({ email: username, password: 'x' }))).toBe(refused({ email: [text] }));
    },
  );

  it.each(NO_TEXTS)('the password %j is refused: %s', async (password, text) => {
    expect(whole(await logIn({ username: 'a@b.com', password }))).toBe(refused({ password: [text] }));
  });

  it('names what is missing, the username where no email is sent in its place', async () => {
    const text = ['This field is required.'];
    expect(whole(await logIn({}))).toBe(refused({ username: text, password: text }));
    expect(whole(await logIn({ password: 'x' }))).toBe(refused({ username: text }));
    expect(whole(await logIn({ username: 'a@b.com' }))).toBe(refused({ password: text }));
    expect(whole(await logIn({ email: null }))).toBe(refused({ email: [NULL], password: text }));
  });

  it.each(['nobody', 'not an email', 'a@b@c', 'x'.repeat(300), `${'x'.repeat(300)}@b.com`, '12'])(
    'applies no rule of format to the username: %s is a wrong one',
    async (username) => {
      expect(whole(await logIn({ username, password: 'x' }))).toBe(WRONG_PAIR);
    },
  );

  it('takes a password of 1024 bytes and refuses 1025, whatever the number of characters', async () => {
    const username = `${uniqueName()}@quahog.com`;
    const longest = `${'€'.repeat(341)}x`;
    expect(whole(await logIn({ username, password: longest }))).toBe(WRONG_PAIR);
    expect(whole(await logIn({ username, password: `${longest}x` }))).toBe(
      refused({ password: [atMost(1024)] }),
    );
  });

  it('takes an email in the place of the username, and the username where both are sent', async () => {
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

  it('takes a username in `username`, and none in `email`', async () => {
    const username = uniqueName();
    const made = await send('/account/register', {
      json: { username, email: `${username}@test.com`, password: 'test' },
    });
    const token = /"token":"([^"]+)"/.exec(made.text)?.[1] ?? expect.fail(made.text);
    expect(whole(await logIn({ username, password: 'test' }))).toBe(`200 {"token":"${token}"}`);
    expect(whole(await logIn({ email: username, password: 'test' }))).toBe(WRONG_PAIR);
  });
});
