// Values that are not text, in every field of the DRF dialects: the error depends on the kind of field, as in DRF.
import { describe, expect, it } from 'vitest';
import { send, sessionCookie, uniqueName } from '../support/worker.ts';

const NO_TEXTS: [shown: string, value: unknown][] = [
  ['true', true],
  ['false', false],
  ['[]', []],
  ['["a@test.com"]', ['a@test.com']],
  ['{}', {}],
];

const NOT_TEXT = 'Not a valid string.';
const NOT_EMAIL = 'Enter a valid email address.';
const NOT_URL = 'Enter a valid URL.';

const cookie = async (): Promise<string> => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'abcd1234' };
  return sessionCookie(await send('/api/users/register', { json })) ?? expect.fail();
};

/** For each body, the error of each of its fields. */
const BODIES: [name: string, path: string, texts: Record<string, string>][] = [
  ['users register', '/api/users/register', { username: NOT_TEXT, email: NOT_EMAIL, password: NOT_TEXT }],
  ['users login', '/api/users/login', { username: NOT_TEXT, password: NOT_TEXT }],
  [
    'conjugator register',
    '/api/register',
    { first_name: NOT_TEXT, last_name: NOT_TEXT, email: NOT_EMAIL, password: NOT_TEXT },
  ],
  // This field also accepts a username, so it is a plain text field.
  ['conjugator login', '/api/login', { email: NOT_TEXT, password: NOT_TEXT }],
  ['account register', '/account/register', { username: NOT_TEXT, email: NOT_EMAIL, password: NOT_TEXT }],
  ['account login', '/account/login', { username: NOT_TEXT, password: NOT_TEXT }],
];

const everyField = <T>(texts: Record<string, unknown>, value: T): Record<string, T> =>
  Object.fromEntries(Object.keys(texts).map((field) => [field, value]));

const errorsOf = (text: string): unknown => {
  const body: unknown = JSON.parse(text);
  return typeof body === 'object' && body !== null && 'errors' in body ? body.errors : body;
};

describe.each(NO_TEXTS)('the value %s', (_, value) => {
  it.each(BODIES)('gets the error of each field: %s', async (_name, path, texts) => {
    const answer = await send(path, { json: everyField(texts, value) });
    expect(answer.status).toBe(400);
    const expected = Object.entries(texts).map(([field, text]) => [field, [text]]);
    expect(errorsOf(answer.text)).toEqual(Object.fromEntries(expected));
  });

  it('gets the error of each field: users profile', async () => {
    const texts = { address: NOT_TEXT, site_url: NOT_URL, description: NOT_TEXT };
    const json = everyField(texts, value);
    const answer = await send('/api/users/me', { method: 'PATCH', json, cookie: await cookie() });
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(
      JSON.stringify({ address: [NOT_TEXT], site_url: [NOT_URL], description: [NOT_TEXT] }),
    );
  });
});

it('keeps the other errors of an email field', async () => {
  const errors = async (email: unknown) => {
    const answer = await send('/account/register', { json: { username: 'a', email, password: 'b' } });
    return errorsOf(answer.text);
  };
  expect(await errors(null)).toEqual({ email: ['This field may not be null.'] });
  expect(await errors(undefined)).toEqual({ email: ['This field is required.'] });
  expect(await errors('a\ud800@test.com')).toEqual({ email: [NOT_TEXT] });
  // A number becomes its decimal text, which is not an email.
  expect(await errors(12)).toEqual({ email: [NOT_EMAIL] });
});

it('rejects a file in an email field of a multipart form', async () => {
  const part = (name: string, more = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\nx\r\n`;
  const body = `${part('username')}${part('email', '; filename="a.txt"')}${part('password')}--b--\r\n`;
  const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
  const answer = await send('/account/register', { json: body, headers });
  expect(errorsOf(answer.text)).toEqual({ email: [NOT_EMAIL] });
});
