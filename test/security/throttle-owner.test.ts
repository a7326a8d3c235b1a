// A change that needs the password is throttled like a login: a thief guesses no faster, a stranger locks out nobody.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { send, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'correct horse 1';
const FREE_FAILURES = 10;

beforeEach(() => {
  vi.setSystemTime(Date.UTC(2030, 0, 1));
});

afterEach(() => {
  vi.useRealTimers();
});

/** Registers an account. Returns it with the cookies of its browser. */
const joined = async () => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const answer = await send('/id/register', { json: { username, email, password: PASSWORD } });
  expect(answer.status).toBe(201);
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  expect(cookies.map((cookie) => cookie.split('=')[0]).sort()).toEqual(['device', 'sessionid']);
  const session = cookies.find((cookie) => cookie.startsWith('sessionid=')) ?? expect.fail();
  return { username, email, cookies: cookies.join('; '), session };
};
type Owner = Awaited<ReturnType<typeof joined>>;

/** Sends wrong passwords until the account waits. */
const flood = async ({ username }: Owner): Promise<void> => {
  const json = { username, password: 'wrong' };
  for (let tries = 0; tries < FREE_FAILURES; tries += 1)
    expect((await send('/account/login', { json })).status).toBe(400);
  expect((await send('/account/login', { json })).status).toBe(429);
};

const changes: [string, string, (owner: Owner, password: string) => object, number][] = [
  [
    'PUT',
    '/id/me/password',
    (_owner, password) => ({ currentPassword: password, newPassword: 'another staple 2' }),
    200,
  ],
  ['PUT', '/id/me/email', ({ email }, password) => ({ email: `new.${email}`, password }), 200],
  ['PUT', '/id/me/username', ({ username }, password) => ({ username: `n${username}`, password }), 200],
  ['DELETE', '/id/me', (_owner, password) => ({ password }), 204],
];

describe.each(changes)('%s %s', (method, path, body, status) => {
  const change = (owner: Owner, password: string, cookies = owner.cookies) =>
    send(path, { method, json: body(owner, password), headers: { Cookie: cookies } });

  it('works on a known device while a stranger makes the account wait', async () => {
    const owner = await joined();
    await flood(owner);
    expect((await change(owner, PASSWORD)).status).toBe(status);
  });

  it('makes the thief of a session wait after ten wrong passwords', async () => {
    const owner = await joined();
    for (let tries = 0; tries < FREE_FAILURES; tries += 1)
      expect((await change(owner, 'wrong', owner.session)).status).toBe(401);
    for (const password of ['wrong', PASSWORD]) {
      const answer = await change(owner, password, owner.session);
      expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '1']);
    }
    const kept = testEnv.DB.prepare('SELECT username, email FROM users WHERE username = ?');
    expect(await kept.bind(owner.username).first()).toEqual({ username: owner.username, email: owner.email });
  });
});
