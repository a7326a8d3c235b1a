// Accounts with their events, and the requests that change an account.
import { expect } from 'vitest';
import { type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

export const PASSWORD = 'sesame1234';

export const someone = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: PASSWORD };
};
type Person = ReturnType<typeof someone>;

export const idOf = async ({ email }: Pick<Person, 'email'>): Promise<number | null> =>
  testEnv.DB.prepare('SELECT id FROM users WHERE email = ?').bind(email).first<number>('id');

export const typesOf = async (id: number | null): Promise<string[]> => {
  const rows = await testEnv.DB.prepare('SELECT type FROM events WHERE user_id = ? ORDER BY id')
    .bind(id)
    .all<{ type: string }>();
  return rows.results.map(({ type }) => type);
};

/** An account with a cookie and a token. Its audit log has an event for each. */
export const joined = async () => {
  const person = someone();
  const registered = await send('/api/users/register/', { json: person });
  const cookie = sessionCookie(registered) ?? expect.fail(registered.text);
  const login = await send('/account/login', { json: person });
  const token = /"token":"([0-9a-f]{40})"/.exec(login.text)?.[1] ?? expect.fail(login.text);
  return { ...person, cookie, token, id: await idOf(person) };
};
type Member = Awaited<ReturnType<typeof joined>>;

/** Requests that change an account: event type, dialect, path and request. */
export const changes: [string, string, string, (member: Member) => Sent][] = [
  ['logout', 'users', '/api/users/logout/', ({ cookie }) => ({ method: 'POST', cookie })],
  ['logout', 'users', '/api/users/logout/', ({ cookie }) => ({ method: 'GET', cookie })],
  ['logout', 'user-v1', '/api/v1/user/logout/', ({ cookie }) => ({ method: 'POST', cookie })],
  ['logout', 'account', '/account/logout', ({ token }) => ({ method: 'POST', token })],
  [
    'profile_changed',
    'users',
    '/api/users/me/',
    ({ cookie }) => ({ method: 'PATCH', cookie, json: { address: 'here' } }),
  ],
  [
    'profile_changed',
    'conjugator',
    '/api/user/',
    ({ token }) => ({ method: 'PUT', token, json: { first_name: 'A' } }),
  ],
  ['picture_changed', 'account', '/account/set_picture', ({ token }) => ({ token, json: { id: 1 } })],
  ['deleted', 'account', '/account/delete', ({ token }) => ({ method: 'POST', token })],
];
