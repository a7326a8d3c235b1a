// Emails that differ only in case or in the encoding of accents are the same email: at registration, login and search.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ORIGIN, send, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'a2 long walk';

/** Two spellings of one email that still differ after lower-casing. */
const PAIRS: [name: string, one: (mark: string) => string, other: (mark: string) => string][] = [
  [
    'a letter without an upper-case form',
    (mark) => `${mark}J\u030c@test.com`,
    (mark) => `${mark}\u01f0@test.com`,
  ],
  ['a final sigma', (mark) => `${mark}ΟΔΟΣ@test.com`, (mark) => `${mark}οδος@test.com`],
  ['a sharp s', (mark) => `${mark}STRASSE@test.com`, (mark) => `${mark}straße@test.com`],
  ['accents in a domain', (mark) => `${mark}@MÜNCHEN.com`, (mark) => `${mark}@mu\u0308nchen.com`],
];

const OWN_PAGE = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };

/** user-v1 accepts at most 16 characters of password and username. */
const REGISTRATIONS: Record<string, (email: string) => Promise<Answer>> = {
  users: (email) =>
    send('/api/users/register', { json: { username: uniqueName(), email, password: PASSWORD } }),
  'user-v1': (email) =>
    send('/api/v1/user/register', { json: { username: uniqueName(), email, password: PASSWORD } }),
  conjugator: (email) =>
    send('/api/register', { json: { first_name: 'a', last_name: 'b', email, password: PASSWORD } }),
  account: (email) =>
    send('/account/register', { json: { username: uniqueName(), email, password: PASSWORD } }),
  auth: (email) => send('/api/auth/register', { json: { name: 'a', email, password: PASSWORD } }),
  id: (email) => send('/id/register', { json: { email, password: PASSWORD } }),
  'the sign-up page': (email) => send('/sign-up', { form: { email, password: PASSWORD }, headers: OWN_PAGE }),
};

/** The answer of each to an email that another account has. */
const TAKEN: Record<string, string> = {
  users: '400 {"email":["user with this email address already exists."]}',
  'user-v1': '200 {"status":"failed","desc":"username or email already exists","error_code":114}',
  conjugator: '500 {}',
  account: '400 {"success":false,"errors":{"email":["user with this email already exists."]}}',
};

const LOGINS: Record<string, (email: string) => Promise<Answer>> = {
  users: (username) => send('/api/users/login', { json: { username, password: PASSWORD } }),
  'user-v1': (username) => send('/api/v1/user/login', { json: { username, password: PASSWORD } }),
  conjugator: (username) => send('/api/login', { json: { username, password: PASSWORD } }),
  'conjugator by email': (email) => send('/api/login', { json: { email, password: PASSWORD } }),
  account: (username) => send('/account/login', { json: { username, password: PASSWORD } }),
  auth: (email) => send('/api/auth/login', { json: { email, password: PASSWORD } }),
  id: (identifier) => send('/id/login', { json: { identifier, password: PASSWORD } }),
  'the sign-in page': (identifier) =>
    send('/sign-in', { form: { identifier, password: PASSWORD }, headers: OWN_PAGE }),
};

const isDone = ({ status, text }: Answer): boolean => status < 400 && !text.includes('"failed"');
const countOf = async (mark: string): Promise<number | undefined> =>
  (
    await testEnv.DB.prepare("SELECT count(*) AS n FROM users WHERE email LIKE ? || '%'")
      .bind(mark)
      .first<{ n: number }>()
  )?.n;

describe.each(PAIRS)('email with %s', (_name, one, other) => {
  it.each(Object.entries(REGISTRATIONS))(
    'counts as taken in both spellings at registration: %s',
    async (dialect, register) => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const mark = uniqueName();
        expect(isDone(await register(first(mark)))).toBe(true);
        const { status, text } = await register(second(mark));
        if (TAKEN[dialect] !== undefined) expect(`${status} ${text}`).toBe(TAKEN[dialect]);
        expect(await countOf(mark)).toBe(1);
      }
    },
  );

  it.each(Object.entries(LOGINS))('logs in with both spellings: %s', async (_dialect, logIn) => {
    const mark = uniqueName();
    expect((await send('/id/register', { json: { email: one(mark), password: PASSWORD } })).status).toBe(201);
    expect(isDone(await logIn(one(mark)))).toBe(true);
    expect(isDone(await logIn(other(mark)))).toBe(true);
    expect(isDone(await logIn(other(`${mark}x`)))).toBe(false);
  });
});

describe('POST /id/admin/accounts/search', () => {
  let token = '';
  beforeAll(async () => {
    const email = `${uniqueName()}@test.com`;
    const { text } = await send('/id/register', { json: { email, password: PASSWORD, session: 'token' } });
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE email = ?').bind(email).run();
    token = JSON.parse(text).token;
  });

  const emailsOf = async (prefix: string): Promise<string[]> => {
    const { text } = await send('/id/admin/accounts/search', { token, json: { search: prefix } });
    return JSON.parse(text).accounts.map(({ email }: { email: string }) => email);
  };

  it('finds an email by its beginning in any case, even if the beginning ends in a sigma', async () => {
    const mark = `ξένος${uniqueName()}`;
    const email = `${mark}οδοσήμανση@test.com`;
    await send('/id/register', { json: { email, password: PASSWORD } });
    for (const prefix of ['ΟΔΟΣ', 'οδοσ', 'ΟδοΣ', 'οδος', 'ΟΔΟΣΉΜΑΝΣΗ@'])
      expect([prefix, await emailsOf(mark.toUpperCase() + prefix)]).toEqual([prefix, [email]]);
    expect(await emailsOf(`${mark}ΟΔΟΤ`)).toEqual([]);
  });

  it('finds nobody by a text longer than any name', async () => {
    expect(await emailsOf(`a${'\u0301'.repeat(600)}`)).toEqual([]);
  });
});
