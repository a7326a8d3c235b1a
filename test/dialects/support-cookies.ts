// Helpers for the tests of the two dialects with a session cookie: accounts, cookies, exact answers, invalid values.
import { expect } from 'vitest';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

export const MAX_BODY_BYTES = 65_536;
export const FORM = 'application/x-www-form-urlencoded';

/** Status and exact body. */
export const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  return `${status} ${text}`;
};

/** A body of the given media type, sent unchanged. */
export const typed = (body: string, type: string): Sent => ({
  json: body,
  headers: { 'Content-Type': type },
});

/** The values of a comma-separated header, sorted. */
export const listed = (header: string | null): string[] => (header ?? '').split(', ').sort();

/** Fields of a unique account that both dialects accept. */
export const person = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: 'abcd1234' };
};
export type Person = ReturnType<typeof person>;

/** The `id` in the answer. */
export const idOf = ({ text }: Answer): number =>
  Number(/"id":(\d+)[,}]/.exec(text)?.[1] ?? expect.fail(text));

/** The `token` in the answer. */
export const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);

/** The value of the session cookie that the answer sets. */
export const cookieOf = (answer: Answer): string => sessionCookie(answer) || expect.fail(answer.text);

/** The value and the sorted attributes of the session cookie that the answer sets; null if it sets none. */
export const cookieLine = ({ headers }: Answer): { value: string; attributes: string[] } | null => {
  const [line, ...more] = headers.getSetCookie().filter((text) => text.startsWith('sessionid='));
  expect(more).toEqual([]);
  const [pair = '', ...attributes] = line?.split('; ') ?? [];
  return line === undefined
    ? null
    : { value: pair.slice('sessionid='.length), attributes: attributes.sort() };
};

/** Creates an account in users, with a session. */
export const join = async (fields: Person = person()) => {
  const answer = await send('/api/users/register/', { json: fields });
  expect(answer.status).toBe(200);
  return { ...fields, id: idOf(answer), cookie: cookieOf(answer) };
};
export type Member = Awaited<ReturnType<typeof join>>;

/** The cookie of another session of the account. */
export const cookieFor = async ({ username, password }: Person): Promise<string> =>
  cookieOf(await send('/api/users/login/', { json: { username, password } }));

/** The API token of the account, issued by the dialect account. */
export const hexTokenFor = async ({ username, password }: Person): Promise<string> => {
  const token = tokenOf(await send('/account/login', { json: { username, password } }));
  expect(token).toMatch(/^[0-9a-f]{40}$/);
  return token;
};

/** A JSON Web Token of the account, issued by the dialect auth. */
export const jwtFor = async ({ email, password }: Person): Promise<string> => {
  const token = tokenOf(await send('/api/auth/login', { json: { email, password } }));
  expect(token).toMatch(/^eyJhbGciOiJIU[\w-]*\.[\w-]+\.[\w-]+$/);
  return token;
};

/** Creates an account without a username, in conjugator. */
export const joinUnnamed = async (email = `${uniqueName()}@quahog.com`, password = 'abcd1234') => {
  const json = { first_name: 'Peter', last_name: 'Griffin', email, password };
  const answer = await send('/api/register/', { json });
  expect(answer.status).toBe(201);
  return { email, password, id: idOf(answer) };
};

/** Whether the session of the cookie is live. */
export const isLive = async (cookie: string): Promise<boolean> =>
  (await send('/api/users/me/', { cookie })).status === 200;

export const disable = async (id: number): Promise<void> => {
  const { meta } = await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(id).run();
  expect(meta.changes).toBe(1);
};

/** A valid email of the given length, at least 203 characters, padded with a letter. */
export const emailOf = (characters: number, letter = 'x'): string => {
  const domain = `@${`${'d'.repeat(62)}.`.repeat(3)}com`;
  const name = uniqueName();
  return name + letter.repeat(characters - domain.length - name.length) + domain;
};

/** The error messages of DRF. */
export const BLANK = 'This field may not be blank.';
export const NULL = 'This field may not be null.';
export const REQUIRED = 'This field is required.';
export const NOT_TEXT = 'Not a valid string.';
export const NUL = 'Null characters are not allowed.';
export const atMost = (limit: number): string => `Ensure this field has no more than ${limit} characters.`;

/** Values that no text field accepts, not even a password. JSON carries lone surrogates as `\ud800`. */
export const NO_TEXTS: [unknown, string][] = [
  [null, NULL],
  [true, NOT_TEXT],
  [false, NOT_TEXT],
  [[], NOT_TEXT],
  [['text'], NOT_TEXT],
  [{}, NOT_TEXT],
  [{ a: 'text' }, NOT_TEXT],
  ['\ud800', NOT_TEXT],
  ['a1b2c3\udc00d4', NOT_TEXT],
];

/** The same for a field with a format, which has its own error for values that are not text. */
export const noTextsWorded = (text: string): [unknown, string][] =>
  NO_TEXTS.map(([value, usual]) => [value, typeof value === 'string' || value === null ? usual : text]);

/** Values that only a password accepts, even in a field of several lines. */
export const NO_LINES: [unknown, string][] = [
  ['abcd\u0000efgh', NUL],
  ['abcd\u0007efgh', NOT_TEXT],
  ['abcd\u001befgh', NOT_TEXT],
  ['abcd\refgh', NOT_TEXT],
  ['abcd\u007fefgh', NOT_TEXT],
  ['abcd\u0085efgh', NOT_TEXT],
];

/** Values that are not one line of text. */
export const NO_SINGLE_LINES: [unknown, string][] = [
  ['abcd\nefgh', NOT_TEXT],
  ['abcd\tefgh', NOT_TEXT],
];

const TIME = /("last_login":")\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00"/;

/** An answer of users with the eight keys, without the time of the last login. */
export const shown = (answer: Answer): string => whole(answer).replace(TIME, '$1…"');

interface Shown {
  id: number;
  username: string;
  email: string;
  address?: string;
  siteUrl?: string;
  description?: string;
}

/** What `shown` returns for the account: the eight keys, in the documented order. */
export const eightKeys = async (account: Shown): Promise<string> => {
  const bytes = new TextEncoder().encode(account.email.toLowerCase());
  const hash = new Uint8Array(await crypto.subtle.digest('MD5', bytes)).toHex();
  const keys = {
    id: account.id,
    last_login: '…',
    username: account.username,
    email: account.email,
    avatar_url: `https://www.gravatar.com/avatar/${hash}?s=328&r=g&d=identicon`,
    address: account.address ?? '',
    site_url: account.siteUrl ?? '',
    description: account.description ?? '',
  };
  return `200 ${JSON.stringify(keys)}`;
};

/** The description of each error code of user-v1. */
const DESCRIPTIONS = {
  101: 'login required',
  102: 'user name or password incorrect',
  103: 'incorrect data format',
  104: 'unexpected error',
  112: 'operation not allowed',
  113: 'service unavailable',
  114: 'username or email already exists',
} as const;

/** The body of a refusal in user-v1. */
export const failed = (code: keyof typeof DESCRIPTIONS): string =>
  `{"status":"failed","desc":"${DESCRIPTIONS[code]}","error_code":${code}}`;
