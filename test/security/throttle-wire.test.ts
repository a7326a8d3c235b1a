// An attempt that has to wait gets 429 with Retry-After in each dialect's shape, even with the right password.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Answer, send, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'sesame1234';

/** Few failures and a first wait of two seconds, so that the texts have a plural. */
const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '2' };

const drfText = (seconds: number): string =>
  `{"detail":"Request was throttled. Expected available in ${seconds} seconds."}`;
const ENVELOPE = '{"status":"failed","desc":"service unavailable","error_code":113}';
const MAIN = '{"status":"fail","errors":{"main":{"msg":"Too many requests!"}}}';

interface Login {
  dialect: string;
  path: string;
  field: 'username' | 'email';
  refusal: [number, string];
  throttled: (seconds: number) => string;
}

const logins: Login[] = [
  {
    dialect: 'users',
    path: '/api/users/login/',
    field: 'username',
    refusal: [400, '{"non_field_errors":["Username or password is incorrect."]}'],
    throttled: drfText,
  },
  {
    dialect: 'user-v1',
    path: '/api/v1/user/login/',
    field: 'username',
    refusal: [200, '{"status":"failed","desc":"user name or password incorrect","error_code":102}'],
    throttled: () => ENVELOPE,
  },
  {
    dialect: 'conjugator',
    path: '/api/login/',
    field: 'username',
    refusal: [400, '{"non_field_errors":["Unable to login with provided credentials."]}'],
    throttled: drfText,
  },
  {
    dialect: 'account',
    path: '/account/login',
    field: 'username',
    refusal: [400, '{"non_field_errors":["Unable to log in with provided credentials."]}'],
    throttled: drfText,
  },
  {
    dialect: 'auth',
    path: '/api/auth/login/',
    field: 'email',
    refusal: [400, '{"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}'],
    throttled: () => MAIN,
  },
];

const nowMs = Date.UTC(2030, 0, 1);

beforeEach(() => {
  vi.setSystemTime(nowMs);
});

afterEach(() => {
  vi.useRealTimers();
});

const joined = async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD };
  expect((await send('/api/v1/user/register/', { json: person })).text).toMatch(/^\{"status":"success"/);
  return person;
};
type Person = Awaited<ReturnType<typeof joined>>;

const tryLogin = ({ path, field }: Login, person: Person, password = 'wrong') =>
  send(path, { json: { [field]: person[field], password }, env });

const brief = ({ status, text }: Answer): [number, string] => [status, text];

const expectThrottled = (answer: Answer, { throttled }: Login, seconds: number): void => {
  expect(brief(answer)).toEqual([429, throttled(seconds)]);
  expect(answer.headers.get('Retry-After')).toBe(String(seconds));
  expect(answer.headers.get('Content-Type')).toBe('application/json');
  expect(answer.headers.getSetCookie()).toEqual([]);
};

describe.each(logins)('a login in $dialect', (login) => {
  it('gets 429 during the wait, with the seconds in Retry-After', async () => {
    const person = await joined();
    for (let tries = 0; tries < 2; tries += 1) {
      const answer = await tryLogin(login, person);
      expect(brief(answer)).toEqual(login.refusal);
      expect(answer.headers.get('Retry-After')).toBeNull();
    }
    expectThrottled(await tryLogin(login, person), login, 2);
  });

  it('gets 429 for the right password too, until the wait is over', async () => {
    const person = await joined();
    for (let tries = 0; tries < 2; tries += 1) await tryLogin(login, person);
    expectThrottled(await tryLogin(login, person, PASSWORD), login, 2);
    vi.setSystemTime(nowMs + 1999);
    expect((await tryLogin(login, person, PASSWORD)).status).toBe(429);
    vi.setSystemTime(nowMs + 2000);
    const answer = await tryLogin(login, person, PASSWORD);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toBe(login.refusal[1]);
    expect(answer.headers.get('Retry-After')).toBeNull();
  });
});

it('does not count an attempt with an invalid body', async () => {
  const person = await joined();
  for (let tries = 0; tries < 5; tries += 1) {
    const answer = await send('/account/login', { json: { username: person.username }, env });
    expect(brief(answer)).toEqual([400, '{"password":["This field is required."]}']);
  }
  expect((await send('/account/login', { json: person, env })).status).toBe(200);
});

it('keeps sessions valid while their account waits', async () => {
  const person = await joined();
  const login = await send('/account/login', { json: person, env });
  const token = /"token":"([0-9a-f]{40})"/.exec(login.text)?.[1] ?? expect.fail(login.text);
  for (let tries = 0; tries < 2; tries += 1)
    await send('/account/login', { json: { ...person, password: 'wrong' }, env });
  expect((await send('/account/login', { json: person, env })).status).toBe(429);
  expect((await send('/account/profile', { token, env })).status).toBe(200);
  expect((await send('/account/logout', { method: 'POST', token, env })).text).toBe('{"success":true}');
});

it.each(['0', '-1', '1.5', 'ten'])('answers 500 if THROTTLE_FREE_FAILURES is %s', async (count) => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const bindings = { ...testEnv, THROTTLE_FREE_FAILURES: count };
  const answer = await send('/account/login', { json: { username: 'a', password: 'b' }, env: bindings });
  expect(brief(answer)).toEqual([500, '{"detail":"A server error occurred."}']);
  expect(String(error.mock.calls[0]?.[0])).toContain('THROTTLE_FREE_FAILURES');
  error.mockRestore();
});
