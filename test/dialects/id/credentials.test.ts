// `id` beside the other dialects: they share accounts, and credentials of each work in all.
import { describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, uniqueName } from '../../support/worker.ts';
import {
  bearer,
  cookieFor,
  cookieOf,
  idOf,
  isLive,
  join,
  PASSWORD,
  person,
  tokenFor,
  tokenOf,
  whole,
} from './support-id.ts';
import { refused, taken } from './support-refusals.ts';

/** A password that every dialect allows. */
const SHORT_PASSWORD = 'zebra77lamp';

interface Fields {
  username: string;
  email: string;
  password: string;
}
const post = (path: string, json: unknown) => send(path, { json });

/** How each other dialect creates an account; two of them give it no username. */
const REGISTER: Record<string, { named: boolean; make: (fields: Fields) => Promise<Answer> }> = {
  users: { named: true, make: (fields) => post('/api/users/register/', fields) },
  'user-v1': { named: true, make: (fields) => post('/api/v1/user/register/', fields) },
  conjugator: {
    named: false,
    make: ({ email, password }) =>
      post('/api/register/', { first_name: 'A', last_name: 'B', email, password }),
  },
  account: { named: true, make: (fields) => post('/account/register', fields) },
  auth: {
    named: false,
    make: ({ email, password }) => post('/api/auth/register/', { name: 'A', email, password }),
  },
};

/** How each logs in by email, and the cookie or token that it returns. */
const LOG_IN: Record<string, (email: string, password: string) => Promise<Sent>> = {
  users: async (username, password) => ({
    cookie: cookieOf(await post('/api/users/login/', { username, password })),
  }),
  'user-v1': async (username, password) => ({
    cookie: cookieOf(await post('/api/v1/user/login/', { username, password })),
  }),
  conjugator: async (username, password) => ({
    token: tokenOf(await post('/api/login/', { username, password })),
  }),
  account: async (username, password) => ({
    token: tokenOf(await post('/account/login', { username, password })),
  }),
  auth: async (email, password) => ({ token: tokenOf(await post('/api/auth/login/', { email, password })) }),
};

/** Endpoints of other dialects that require a login, and whether they accept a cookie. */
const CLOSED: [path: string, takesCookie: boolean, refusal: number][] = [
  ['/api/users/me/', true, 404],
  ['/api/user/', false, 401],
  ['/account/profile', false, 401],
];

describe.each(Object.entries(REGISTER))('an account created in %s', (_name, { named, make }) => {
  it('logs in to `id` by its username and its email', async () => {
    const fields = { ...person(), password: SHORT_PASSWORD };
    expect((await make(fields)).status).toBeOneOf([200, 201]);
    const { username, email, password } = fields;
    for (const identifier of named ? [username, email] : [email]) {
      const answer = await post('/id/login', { identifier, password });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain(`"username":${named ? `"${username}"` : 'null'},"email":"${email}"`);
      const wrong = { identifier, password: `${password}x` };
      expect(whole(await post('/id/login', wrong))).toBe(refused('wrong_credentials'));
    }
    if (!named)
      expect(whole(await post('/id/login', { identifier: username, password }))).toBe(
        refused('wrong_credentials'),
      );
  });

  it('reserves its names in `id`', async () => {
    const fields = { ...person(), password: SHORT_PASSWORD };
    await make(fields);
    const answer = await post('/id/register', { ...fields, password: PASSWORD });
    expect(whole(answer)).toBe(named ? taken('username', 'email') : taken('email'));
  });
});

describe('an account created in `id`', () => {
  it.each(Object.entries(LOG_IN))('logs in to %s, and the credential works in `id`', async (_name, logIn) => {
    for (const password of [PASSWORD, 'x1'.repeat(512), 'жук 🦊 花子 шшш']) {
      const member = await join({ password });
      const sent = await logIn(member.email, password);
      const me = await send('/id/me', sent);
      expect([me.status, idOf(me)]).toEqual([200, member.id]);
      for (const authorization of ['Bearer', 'Token', 'bearer', 'TOKEN'])
        if (sent.token !== undefined)
          expect(await isLive({ headers: { Authorization: `${authorization} ${sent.token}` } })).toBe(true);
    }
  });

  it.each(Object.entries(LOG_IN))('logs out in `id` with the credential of %s', async (_name, logIn) => {
    const member = await join();
    const sent = await logIn(member.email, PASSWORD);
    expect(whole(await send('/id/logout', { ...sent, method: 'POST' }))).toBe('204');
    expect(await isLive(sent)).toBe(false);
    for (const [path, , refusal] of CLOSED)
      expect((await send(path, sent)).status).toBe(sent.token === undefined ? refusal : 401);
    expect(await isLive({ cookie: member.cookie })).toBe(true);
  });

  it('reserves its names in the other dialects', async () => {
    const member = await join();
    for (const { make } of Object.values(REGISTER)) {
      const answer = await make({ ...member, password: SHORT_PASSWORD });
      expect(answer.text).toMatch(/already exist|^\{\}$/);
    }
  });
});

describe.each(CLOSED)('GET %s', (path, takesCookie, refusal) => {
  it('accepts a live token of `id`, and rejects an ended one', async () => {
    const member = await join();
    const answer = await send(path, bearer(await tokenFor(member)));
    expect([answer.status, idOf(answer)]).toEqual([200, member.id]);
    await send('/id/sessions', { method: 'DELETE', cookie: member.cookie });
    const dead = await tokenFor(member);
    await send('/id/logout', { method: 'POST', token: dead });
    expect((await send(path, bearer(dead))).status).toBe(401);
  });

  it(`${takesCookie ? 'accepts' : 'rejects'} the cookie of \`id\``, async () => {
    const { cookie } = await join();
    expect((await send(path, { cookie })).status).toBe(takesCookie ? 200 : refusal);
  });
});

describe('cookies and tokens', () => {
  it('do not work in place of each other', async () => {
    const member = await join();
    const [cookie, token] = [await cookieFor(member), await tokenFor(member)];
    expect(whole(await send('/id/me', { cookie: token }))).toBe(refused('credentials_missing'));
    expect(whole(await send('/id/me', { token: cookie }))).toBe(refused('credentials_invalid'));
    expect(whole(await send('/id/me', { headers: { Authorization: token } }))).toBe(
      refused('credentials_missing'),
    );
    expect([await isLive({ cookie }), await isLive({ token })]).toEqual([true, true]);
  });

  it('share one cookie session per browser between `users` and `id`', async () => {
    const member = await join();
    const json = { username: member.email, password: PASSWORD };
    const next = cookieOf(await send('/api/users/login/', { json, cookie: member.cookie }));
    expect([await isLive({ cookie: member.cookie }), await isLive({ cookie: next })]).toEqual([false, true]);
    expect((await send('/api/users/logout/', { method: 'POST', cookie: next })).text).toBe('"OK"');
    expect(whole(await send('/id/me', { cookie: next }))).toBe(refused('credentials_missing'));
  });
});

it('deletes an account in every dialect, whether `id` or `account` deletes it', async () => {
  const [one, other] = [await join(), await join()];
  const derived = tokenOf(await post('/account/login', { username: one.email, password: PASSWORD }));
  await send('/id/me', { method: 'DELETE', cookie: one.cookie, json: { password: PASSWORD } });
  expect((await send('/account/profile', { token: derived })).status).toBe(401);
  const token = await tokenFor(other);
  expect((await send('/account/delete', { method: 'POST', token })).text).toBe('{"success":true}');
  expect(whole(await send('/id/me', { cookie: other.cookie }))).toBe(refused('credentials_missing'));
});

it('shares one profile between `users` and `id`', async () => {
  const { cookie } = await join({ username: uniqueName() });
  await send('/api/users/me/', {
    method: 'PATCH',
    cookie,
    json: { address: 'Here', site_url: 'http://a.example' },
  });
  expect((await send('/id/me', { cookie })).text).toContain('"address":"Here","siteUrl":"http://a.example"');
  await send('/id/me', { method: 'PATCH', cookie, json: { address: 'There', description: 'D' } });
  expect((await send('/api/users/me/', { cookie })).text).toContain(
    '"address":"There","site_url":"http://a.example","description":"D"',
  );
});
