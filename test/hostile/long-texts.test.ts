// A long text costs little everywhere: what is longer than any account's is neither normalised nor folded.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ORIGIN, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

/** Combining marks, whose normalisation takes time that grows with the square of their number: 60,000 bytes. */
const MARKS = `a${'\u0301\u0323'.repeat(15_000)}`;
const LONG: [name: string, text: string][] = [
  ['a name of combining marks', MARKS],
  ['an email of combining marks', `${MARKS}@test.com`],
  ['an email at a domain of combining marks', `a@${MARKS}.com`],
  ['a URL at a host of combining marks', `https://${MARKS}.com`],
];

/** As many UTF-16 units as 1,024 bytes can have. */
const MAX_UNITS = 1024;

let longest = 0;
const note = (text: unknown): void => {
  longest = Math.max(longest, String(text).length);
};

beforeEach(() => {
  longest = 0;
  const { normalize } = String.prototype;
  vi.spyOn(String.prototype, 'normalize').mockImplementation(function (this: string, form?: string) {
    note(this);
    return Reflect.apply(normalize, this, [form]);
  });
  // The host of a URL is normalised by its parser.
  const { canParse } = URL;
  vi.spyOn(URL, 'canParse').mockImplementation((url) => {
    if (String(url).length > 2_048) note(url);
    return canParse(url);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

let cookie = '';
let token = '';
const password = 'a2 long walk';

beforeAll(async () => {
  const email = `${uniqueName()}@test.com`;
  const { text } = await send('/id/register', { json: { email, password, session: 'token' } });
  token = JSON.parse(text).token;
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE email = ?').bind(email).run();
  cookie = sessionCookie(await send('/id/login', { json: { identifier: email, password } })) ?? '';
});

/** Every place that takes a text, with the same one in each of its fields. */
const PLACES: [name: string, sent: (text: string) => [path: string, Sent]][] = [
  ...(
    [
      ['POST', '/api/users/register', ['username', 'email', 'password']],
      ['POST', '/api/users/login', ['username', 'password']],
      ['PATCH', '/api/users/me', ['address', 'site_url', 'description', 'email']],
      ['POST', '/api/v1/user/register', ['username', 'email', 'password']],
      ['POST', '/api/v1/user/login', ['username', 'password']],
      ['POST', '/api/register', ['first_name', 'last_name', 'email', 'password']],
      ['POST', '/api/login', ['username', 'password']],
      ['POST', '/api/login', ['email', 'password']],
      ['POST', '/account/register', ['username', 'email', 'password']],
      ['POST', '/account/login', ['username', 'password']],
      ['POST', '/api/auth/register', ['name', 'email', 'password']],
      ['POST', '/api/auth/login', ['email', 'password']],
      ['POST', '/id/register', ['username', 'email', 'password', 'name']],
      ['POST', '/id/login', ['identifier', 'password']],
      ['PATCH', '/id/me', ['name', 'firstName', 'lastName', 'address', 'siteUrl', 'description']],
      ['PUT', '/id/me/email', ['email', 'password']],
      ['PUT', '/id/me/username', ['username', 'password']],
      ['PUT', '/id/me/password', ['currentPassword', 'newPassword']],
      ['DELETE', '/id/me', ['password']],
      ['POST', '/sign-up', ['username', 'email', 'password', 'name']],
      ['POST', '/sign-in', ['identifier', 'password', 'to', 'kept']],
      ['POST', '/profile', ['name', 'firstName', 'lastName', 'address', 'siteUrl', 'description']],
      ['POST', '/email', ['email', 'password']],
      ['POST', '/username', ['username', 'password']],
      ['POST', '/password', ['currentPassword', 'newPassword']],
    ] as const
  ).flatMap(([method, path, fields]) =>
    fields.map((field): (typeof PLACES)[number] => [
      `${method} ${path}, ${field}`,
      (text) => {
        // The other fields are good as far as they can be, so that nothing else is refused first.
        const others = {
          username: uniqueName(),
          email: `${uniqueName()}@test.com`,
          password,
          identifier: 'x',
        };
        const rest = Object.fromEntries(
          fields.map((name) => [name, name in others ? Reflect.get(others, name) : 'a good text']),
        );
        const headers = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
        const signedIn = /register|login|sign-/.test(path) ? {} : { cookie };
        return [path, { method, json: { ...rest, [field]: text }, headers, ...signedIn }];
      },
    ]),
  ),
  ['a search', (text) => ['/id/admin/accounts/search', { token, json: { search: text } }]],
  [
    'a search on the page',
    (text) => ['/admin', { cookie, form: { search: text }, headers: { 'Sec-Fetch-Site': 'same-origin' } }],
  ],
];

describe.each(LONG)('%s', (_name, text) => {
  it.each(PLACES)('is answered and not normalised by %s', async (_place, sentWith) => {
    const [path, sent] = sentWith(text);
    expect((await send(path, sent)).status).toBeLessThan(500);
    expect(longest).toBeLessThanOrEqual(MAX_UNITS);
  });
});

it('what an account can have is normalised: the test would see it', async () => {
  await send('/api/users/login', { json: { username: 'É'.repeat(512), password } });
  // Decomposed, each letter is two units.
  expect(longest).toBe(MAX_UNITS);
});
