// No line of the log shows a secret or personal data that a client sends or gets, whatever fails.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Obstacle, observe } from '../support/counting.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'Quixotic7Zephyr';
const WRONG = 'Wrong4Umbrella';
const ADDRESS = '203.0.113.77';
const AGENT = 'Mozilla/5.0 (secret agent)';

let lines: string[] = [];

beforeEach(() => {
  lines = [];
  for (const level of ['log', 'info', 'debug', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      lines.push(parts.map(String).join(' '));
    });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? '';

const deviceOf = ({ headers }: Answer): string =>
  headers
    .getSetCookie()
    .map((line) => /^device=([^;]+)/.exec(line)?.[1])
    .find((value) => value !== undefined) ?? '';

/** Sends secrets and personal data to every endpoint. Returns them, with the tokens and cookies that were issued. */
const useEverything = async (env: Env = testEnv): Promise<string[]> => {
  const username = uniqueName();
  const email = `${username}@secret.test`;
  const names = { first_name: 'Giovanna', last_name: 'Ferrante', name: 'Giovanna Ferrante' };
  const person = { username, email, password: PASSWORD, ...names };
  const secrets = [username, email, PASSWORD, WRONG, ADDRESS, 'Giovanna', 'Ferrante', 'Via Roma'];
  const headers = { 'CF-Connecting-IP': ADDRESS, 'User-Agent': AGENT };
  const go = async (path: string, sent: Sent): Promise<Answer> => {
    const answer = await send(path, { ...sent, env, headers: { ...headers, ...sent.headers } });
    secrets.push(sessionCookie(answer) ?? '', tokenOf(answer), deviceOf(answer));
    secrets.push(...tokenOf(answer).split('.'));
    return answer;
  };
  const other = () => ({ ...person, username: uniqueName(), email: `other.${uniqueName()}@secret.test` });
  const registered = await go('/api/users/register/', { json: person });
  const cookie = sessionCookie(registered) ?? 'A'.repeat(43);
  for (const path of ['/api/v1/user/register/', '/api/register/', '/account/register', '/api/auth/register/'])
    for (const json of [other(), person, { ...person, password: [WRONG] }, `{"password":"${WRONG}"`])
      await go(path, { json });
  for (const path of ['/api/users/login/', '/api/v1/user/login/', '/api/login/', '/account/login'])
    for (const password of [PASSWORD, WRONG]) await go(path, { json: { username: email, password } });
  for (const password of [PASSWORD, WRONG]) await go('/api/auth/login/', { json: { email, password } });
  const device = deviceOf(registered);
  await go('/account/login', { json: person, headers: { Cookie: `device=${device}; sessionid=${cookie}` } });
  const token = tokenOf(await go('/account/login', { json: person })) || '0'.repeat(40);
  await go(`/account/profile?token=${token}&email=${email}`, { token });
  await go(`/account/${email}`, { token });
  await go('/api/user/', { method: 'PUT', token, json: names });
  await go('/api/user/', { headers: { Authorization: token } });
  await go('/api/admin/users', { token });
  await go('/api/users/me/', { method: 'PATCH', cookie, json: { address: 'Via Roma' } });
  await go('/account/set_picture', { token, json: { id: email } });
  await go('/account/get_pictures', { token: `${token} ${token}` });
  await go('/api/v1/user/logout/', { method: 'POST', cookie });
  await go('/api/users/logout/', { cookie });
  await go('/account/logout', { method: 'POST', token });
  await go('/account/profile', { token });
  await go('/account/delete', {
    method: 'POST',
    token: tokenOf(await go('/account/login', { json: person })),
  });
  return secrets;
};

/** A shorter text could be in a line by chance, so it is not searched for. */
const MIN_CHARACTERS = 8;

const expectNothingOf = (secrets: readonly string[], expected: RegExp): void => {
  const everything = lines.join('\n');
  expect(everything).toMatch(expected);
  expect(lines.length).toBeGreaterThan(40);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  // The header of a JSON Web Token is not a secret, but it is searched for too.
  const telling = secrets.filter((secret) => secret.length >= MIN_CHARACTERS);
  for (const secret of [...telling, 'secret.test', 'secret agent', 'pbkdf2', testEnv.TOKEN_SECRET ?? '-'])
    expect([secret, everything.includes(secret)]).toEqual([secret, false]);
};

const fails =
  (which: 'd1' | 'kv', message: string): Obstacle =>
  (binding) => {
    if (binding === which) throw new Error(message);
  };

it('logs no password, token, cookie, name, email or address', async () => {
  const secrets = await useEverything();
  expect(secrets.filter((secret) => secret.length >= 40).length).toBeGreaterThan(10);
  expectNothingOf(secrets, /"reason":"wrong_credentials"/);
});

describe('the log', () => {
  it.each<[string, Obstacle, RegExp]>([
    ['D1 is down', fails('d1', 'Network connection lost.'), /"reason":"unavailable"/],
    [
      'D1 reports an SQL error',
      fails('d1', 'no such table: users: SQLITE_ERROR'),
      /"reason":"internal_error"/,
    ],
    ['KV is down', fails('kv', 'KV PUT failed: 500'), /KV (get|put|delete) failed/],
  ])('contains no secret while %s', async (_what, obstacle, expected) => {
    expectNothingOf(await useEverything(observe(testEnv, obstacle).env), expected);
  });

  it('contains no secret while every second round trip to D1 fails', async () => {
    let roundTrips = 0;
    const { env } = observe(testEnv, (binding) => {
      if (binding !== 'd1') return;
      roundTrips += 1;
      if (roundTrips % 2 === 0) throw new Error('D1_ERROR: near "x": syntax error: SQLITE_ERROR');
    });
    expectNothingOf(await useEverything(env), /"level":"error"/);
  });
});
