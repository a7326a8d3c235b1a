// Simultaneous registrations of one name: one succeeds, the others get the documented refusal, nothing is left half done.
import { describe, expect, it } from 'vitest';
import { type Answer, send, testEnv, uniqueName } from '../../support/worker.ts';

const AT_ONCE = 24;

const count = async (sql: string, ...parameters: string[]): Promise<number> =>
  (await testEnv.DB.prepare(sql)
    .bind(...parameters)
    .first<number>('n')) ?? -1;

const ORPHANED_SESSIONS = 'SELECT count(*) AS n FROM sessions WHERE user_id NOT IN (SELECT id FROM users)';
const ORPHANED_EVENTS = 'SELECT count(*) AS n FROM events WHERE user_id NOT IN (SELECT id FROM users)';

interface Race {
  dialect: string;
  path: string;
  body: (name: string) => Record<string, string>;
  won: (answer: Answer) => boolean;
  lost: { status: number; text: string };
  sessions: number;
}

const person = (name: string) => ({ username: name, email: `${name}@test.com`, password: 'sesame1234' });

const races: Race[] = [
  {
    dialect: 'users',
    path: '/api/users/register/',
    body: person,
    won: ({ status }) => status === 200,
    lost: {
      status: 400,
      text:
        '{"username":["A user with that username already exists."],' +
        '"email":["user with this email address already exists."]}',
    },
    sessions: 1,
  },
  {
    dialect: 'user-v1',
    path: '/api/v1/user/register/',
    body: person,
    won: ({ text }) => text.startsWith('{"status":"success"'),
    lost: {
      status: 200,
      text: '{"status":"failed","desc":"username or email already exists","error_code":114}',
    },
    sessions: 0,
  },
  {
    dialect: 'conjugator',
    path: '/api/register/',
    body: (name) => ({ ...person(name), first_name: 'A', last_name: 'B' }),
    won: ({ status }) => status === 201,
    lost: { status: 500, text: '{}' },
    sessions: 0,
  },
  {
    dialect: 'account',
    path: '/account/register',
    body: person,
    won: ({ status }) => status === 200,
    lost: {
      status: 400,
      text:
        '{"success":false,"errors":{"username":["user with this username already exists."],' +
        '"email":["user with this email already exists."]}}',
    },
    sessions: 1,
  },
  {
    dialect: 'auth',
    path: '/api/auth/register/',
    body: (name) => ({ ...person(name), name }),
    won: ({ status }) => status === 200,
    lost: { status: 400, text: '' },
    sessions: 1,
  },
];

const expectOneAccount = async (email: string, sessions: number): Promise<void> => {
  expect(await count('SELECT count(*) AS n FROM users WHERE email_key = ?', email)).toBe(1);
  const id = await count('SELECT id AS n FROM users WHERE email_key = ?', email);
  const ofAccount = (table: string) =>
    count(`SELECT count(*) AS n FROM ${table} WHERE user_id = CAST(? AS INTEGER)`, String(id));
  expect(await ofAccount('sessions')).toBe(sessions);
  expect(await ofAccount('events')).toBe(1);
  expect(await count(ORPHANED_SESSIONS)).toBe(0);
  expect(await count(ORPHANED_EVENTS)).toBe(0);
};

describe.each(races)(`${AT_ONCE} simultaneous registrations of one name in $dialect`, (race) => {
  it('create one account and get the documented refusal for the others', async () => {
    const name = uniqueName();
    const json = race.body(name);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => send(race.path, { json })));
    const lost = answers.filter((answer) => !race.won(answer));
    expect(lost).toHaveLength(AT_ONCE - 1);
    const text =
      race.lost.text ||
      `{"status":"fail","errors":{"email":{"value":"${json['email']}","msg":"Email already exist!","param":"email","location":"body"}}}`;
    expect(lost.map((answer) => answer.text)).toEqual(Array(AT_ONCE - 1).fill(text));
    expect(lost.map((answer) => answer.status)).toEqual(Array(AT_ONCE - 1).fill(race.lost.status));
    await expectOneAccount(`${name}@test.com`, race.sessions);
  });
});

it('gives each refused registration in conjugator the Location of the account', async () => {
  const json = { ...person(uniqueName()), first_name: 'A', last_name: 'B' };
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => send('/api/register/', { json })));
  const id = /"id":(\d+)/.exec(answers.find(({ status }) => status === 201)?.text ?? '')?.[1];
  const locations = answers
    .filter(({ status }) => status === 500)
    .map(({ headers }) => headers.get('Location'));
  expect(locations).toEqual(Array(AT_ONCE - 1).fill(`https://latchkey.test/api/accounts/${id}/`));
});

it('creates one account if all five dialects register one email at once, in any letter case', async () => {
  const name = uniqueName();
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, round) =>
      races.map(async ({ path, body, won }) => {
        const email = round % 2 === 0 ? `${name}@test.com` : `${name.toUpperCase()}@Test.COM`;
        return won(await send(path, { json: { ...body(uniqueName()), email } }));
      }),
    ).flat(),
  );
  expect(answers.filter((won) => won)).toHaveLength(1);
  expect(await count('SELECT count(*) AS n FROM users WHERE email_key = ?', `${name}@test.com`)).toBe(1);
  expect(await count(ORPHANED_SESSIONS)).toBe(0);
  expect(await count(ORPHANED_EVENTS)).toBe(0);
});

it('creates one account if three dialects register one username at once with different emails', async () => {
  const username = uniqueName();
  const paths = ['/api/users/register/', '/api/v1/user/register/', '/account/register'];
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => {
      const email = `${uniqueName()}@test.com`;
      return send(paths[index % 3] ?? '', { json: { username, email, password: 'sesame1234' } });
    }),
  );
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  expect(await count('SELECT count(*) AS n FROM users WHERE username_key = ?', username)).toBe(1);
  expect(await count(ORPHANED_SESSIONS)).toBe(0);
  expect(await count(ORPHANED_EVENTS)).toBe(0);
});

it('leaves nothing of a registration that is refused, next to one that succeeds', async () => {
  const taken = person(uniqueName());
  expect((await send('/account/register', { json: taken })).status).toBe(200);
  const fresh = person(uniqueName());
  // Free, except for the one name.
  const refused = { ...person(uniqueName()), username: taken.username };
  const tables = async () =>
    Promise.all(['users', 'sessions', 'events'].map((table) => count(`SELECT count(*) AS n FROM ${table}`)));
  const [users = 0, sessions = 0, events = 0] = await tables();
  const kept = (await testEnv.SESSIONS.list()).keys.length;
  const answers = await Promise.all([fresh, refused].map((json) => send('/account/register', { json })));
  expect(answers.map(({ status }) => status)).toEqual([200, 400]);
  expect(await tables()).toEqual([users + 1, sessions + 1, events + 1]);
  expect((await testEnv.SESSIONS.list()).keys).toHaveLength(kept + 1);
  expect(await count('SELECT count(*) AS n FROM users WHERE email_key = ?', refused.email)).toBe(0);
  // The email stays free.
  expect((await send('/account/register', { json: { ...refused, username: uniqueName() } })).status).toBe(
    200,
  );
});

it('creates both accounts if two different names register at once', async () => {
  const [one, other] = [person(uniqueName()), person(uniqueName())];
  const before = await count('SELECT count(*) AS n FROM users');
  const answers = await Promise.all([one, other].map((json) => send('/account/register', { json })));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(await count('SELECT count(*) AS n FROM users')).toBe(before + 2);
});
