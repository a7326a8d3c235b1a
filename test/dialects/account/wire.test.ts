// 003 `account`: paths, methods, request ids, and what is answered in trouble.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Answer, send, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and body, to the letter. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  return `${status} ${text}`;
};

const NOT_FOUND = '404 {"detail":"Not found."}';
const ALLOWED = {
  '/account/register': 'POST, OPTIONS',
  '/account/login': 'POST, OPTIONS',
  '/account/logout': 'POST, OPTIONS',
  '/account/profile': 'GET, HEAD, OPTIONS',
  '/account/delete': 'POST, OPTIONS',
  '/account/get_pictures': 'GET, HEAD, OPTIONS',
  '/account/set_picture': 'POST, OPTIONS',
  '/acount/set_picture': 'POST, OPTIONS',
};
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const bothSpellings = Object.entries(ALLOWED).flatMap(([path, allow]) => [
  { path, allow },
  { path: `${path}/`, allow },
]);

let token = '';
beforeAll(async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'test' };
  const { text } = await send('/account/register', { json });
  token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
});

describe.each(bothSpellings)('$path', ({ path, allow }) => {
  it.each(METHODS.filter((method) => !allow.includes(method)))(
    'refuses %s before it asks who is there',
    async (method) => {
      for (const sent of [{ method }, { method, token }]) {
        const answer = await send(path, sent);
        expect(whole(answer)).toBe(`405 {"detail":"Method \\"${method}\\" not allowed."}`);
        expect(answer.headers.get('Allow')).toBe(allow);
      }
    },
  );

  it('answers OPTIONS with its methods and nothing else', async () => {
    const { status, text, headers } = await send(path, { method: 'OPTIONS' });
    expect([status, text, headers.get('Allow')]).toEqual([204, '', allow]);
    expect(headers.get('X-Request-Id')).not.toBeNull();
  });
});

describe('HEAD', () => {
  it.each(['/account/profile', '/account/get_pictures/'])(
    'answers as GET does, without the body: %s',
    async (path) => {
      const { status, text, headers } = await send(path, { method: 'HEAD', token });
      expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'application/json']);
      const anonymous = await send(path, { method: 'HEAD' });
      expect([anonymous.status, anonymous.text]).toEqual([401, '']);
      expect(anonymous.headers.get('WWW-Authenticate')).toBe('Token');
    },
  );

  it.each(['/account/logout', '/account/delete'])(
    'does nothing where there is only POST: %s',
    async (path) => {
      const { status, text, headers } = await send(path, { method: 'HEAD', token });
      expect([status, text, headers.get('Allow')]).toEqual([405, '', 'POST, OPTIONS']);
      expect((await send('/account/profile', { token })).status).toBe(200);
    },
  );
});

describe('an unknown path', () => {
  it.each([
    ...[
      '/account',
      '/account/',
      '/account/none',
      '/account/login/x',
      '/account/Profile',
      '/account//profile',
    ],
    ...[
      '/acount',
      '/acount/',
      '/acount/profile',
      '/acount/register',
      '/acount/get_pictures',
      '/accounts/login',
    ],
  ])('is not found: %s, for whatever method and token', async (path) => {
    for (const method of [...METHODS, 'OPTIONS'])
      expect(whole(await send(path, { method, token }))).toBe(NOT_FOUND);
    expect(whole(await send(path))).toBe(NOT_FOUND);
  });
});

describe('a request id', () => {
  it('is another one with every response', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => send('/account/profile', { token })));
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(3);
  });
});

describe('trouble', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    '/account/register',
    '/account/login',
    '/account/profile',
    '/account/delete',
    '/acount/set_picture',
  ])('lets nobody in while the database is down: %s', async (path) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const DB = new Proxy(testEnv.DB, {
      get() {
        throw new Error('down');
      },
    });
    const env: Env = { ...testEnv, DB };
    const json = { username: 'someone', email: 'someone@test.com', password: 'test', id: 1 };
    const answer = await send(path, path.endsWith('profile') ? { token, env } : { token, env, json });
    expect(whole(answer)).toBe('503 {"detail":"Service temporarily unavailable, try again later."}');
  });

  it('answers what nobody expected with the request id that is in the log, and with nothing else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const env: Env = { ...testEnv, TOKEN_SECRET: '' };
    const answer = await send('/account/profile', { token, env });
    expect(whole(answer)).toBe('500 {"detail":"A server error occurred."}');
    expect(log.mock.calls.flat().join()).toContain(answer.headers.get('X-Request-Id') ?? 'none');
  });
});
