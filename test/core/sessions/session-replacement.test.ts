// A browser has one session: a login or registration with a live cookie ends the previous one, unless it is refused.
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

const PASSWORD = 'sesame1234';

const person = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: PASSWORD };
};

const holder = person();
let cookie = '';

beforeEach(async () => {
  await send('/api/users/register/', { json: holder });
  cookie = sessionCookie(await send('/api/users/login/', { json: holder })) ?? '';
  expect(cookie).not.toBe('');
});

const isLive = async (token: string): Promise<boolean> =>
  (await send('/api/users/me/', { cookie: token })).status === 200;

const expectEnded = async (answer: Answer): Promise<void> => {
  expect(answer.status).toBe(200);
  expect(await isLive(cookie)).toBe(false);
  const id = await sha256Hex(cookie);
  expect(await testEnv.DB.prepare('SELECT id FROM sessions WHERE id = ?').bind(id).first()).toBeNull();
  expect(await testEnv.SESSIONS.get(`session:${id}`)).toBeNull();
};

describe('a request with a live cookie', () => {
  it.each(['/api/users/login/', '/api/v1/user/login/'])(
    'replaces the session by a new one at %s',
    async (path) => {
      const answer = await send(path, { json: holder, cookie });
      await expectEnded(answer);
      const next = sessionCookie(answer) ?? '';
      expect(next).not.toBe(cookie);
      expect(await isLive(next)).toBe(true);
    },
  );

  it('replaces the session by one of the new account if it registers in users', async () => {
    const answer = await send('/api/users/register/', { json: person(), cookie });
    await expectEnded(answer);
    expect(await isLive(sessionCookie(answer) ?? '')).toBe(true);
  });

  it('ends the session if it registers in user-v1, which opens none', async () => {
    await expectEnded(await send('/api/v1/user/register/', { json: person(), cookie }));
  });

  const harmless: [string, string, () => Sent][] = [
    ['a wrong password', '/api/users/login/', () => ({ json: { ...holder, password: 'wrong' } })],
    ['an unknown account', '/api/v1/user/login/', () => ({ json: person() })],
    ['a taken name', '/api/users/register/', () => ({ json: holder })],
    ['a taken name in user-v1', '/api/v1/user/register/', () => ({ json: holder })],
    ['a missing field', '/api/users/register/', () => ({ json: {} })],
    ['a login in account, which uses no cookies', '/account/login', () => ({ json: holder })],
    ['a registration in account', '/account/register', () => ({ json: person() })],
  ];

  it.each(harmless)('keeps the session after %s', async (_name, path, sent) => {
    const answer = await send(path, { ...sent(), cookie });
    expect(sessionCookie(answer)).toBeNull();
    expect(await isLive(cookie)).toBe(true);
  });
});

it('ignores an unknown cookie', async () => {
  for (const other of ['A'.repeat(43), 'rubbish', '']) {
    const answer = await send('/api/users/login/', { json: holder, cookie: other });
    expect(answer.status).toBe(200);
    expect(await isLive(sessionCookie(answer) ?? '')).toBe(true);
  }
  expect(await isLive(cookie)).toBe(true);
});
