// 002 `conjugator`: paths, methods, request ids, and what is answered in trouble.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { makeAllWait } from '../../support/failures.ts';
import { type Answer, send, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and body, to the letter. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  return `${status} ${text}`;
};

const NOT_FOUND = '404 {"detail":"Not found."}';

const ALLOWED = {
  '/api/register': 'POST, OPTIONS',
  '/api/login': 'POST, OPTIONS',
  '/api/user': 'GET, PUT, HEAD, OPTIONS',
  '/api/accounts/1': 'GET, HEAD, OPTIONS',
  '/api/admin/users': 'GET, HEAD, OPTIONS',
};
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const bothSpellings = Object.entries(ALLOWED).flatMap(([path, allow]) => [
  { path, allow },
  { path: `${path}/`, allow },
]);

let token = '';
let email = '';
beforeAll(async () => {
  email = `${uniqueName()}@quahog.com`;
  const json = { first_name: 'Peter', last_name: 'Griffin', email, password: 'Tom Brady' };
  await send('/api/register/', { json });
  const { text } = await send('/api/login/', { json: { username: email, password: 'Tom Brady' } });
  token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
});

describe.each(bothSpellings)('$path', ({ path, allow }) => {
  it.each(METHODS.filter((method) => !allow.includes(method)))(
    'refuses %s before it asks who is there',
    async (method) => {
      const answer = await send(path, { method });
      expect(whole(answer)).toBe(`405 {"detail":"Method \\"${method}\\" not allowed."}`);
      expect(answer.headers.get('Allow')).toBe(allow);
    },
  );

  it('answers OPTIONS with its methods and nothing else', async () => {
    const { status, text, headers } = await send(path, { method: 'OPTIONS' });
    expect([status, text, headers.get('Allow')]).toEqual([204, '', allow]);
    expect(headers.get('X-Request-Id')).not.toBeNull();
  });
});

describe('HEAD', () => {
  it('answers as GET does, without the body', async () => {
    const { status, text, headers } = await send('/api/user/', { method: 'HEAD', token });
    expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'application/json']);
    const anonymous = await send('/api/user/', { method: 'HEAD' });
    expect([anonymous.status, anonymous.text]).toEqual([401, '']);
    expect(anonymous.headers.get('WWW-Authenticate')).toBe('Token');
  });

  it('is refused where GET is', async () => {
    const { status, text, headers } = await send('/api/login/', { method: 'HEAD' });
    expect([status, text, headers.get('Allow')]).toEqual([405, '', 'POST, OPTIONS']);
  });
});

describe('an unknown path', () => {
  it.each([
    ...['/api', '/api/', '/api/none', '/api/login/x', '/api/user/1', '/api/accounts', '/api/accounts/x/'],
    ...[
      '/api/accounts/-1',
      '/api/accounts/1.5',
      '/api/admin',
      '/api/admin/users/1',
      '/api//user',
      '/api/User',
    ],
  ])('is not found: %s, for whatever method and token', async (path) => {
    for (const method of [...METHODS, 'OPTIONS'])
      expect(whole(await send(path, { method, token }))).toBe(NOT_FOUND);
    expect(whole(await send(path))).toBe(NOT_FOUND);
  });
});

describe('a request id', () => {
  it('is another one with every response', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => send('/api/user/', { token })));
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(3);
  });
});

describe('trouble', () => {
  it('throttles a login after many failures, even with the right password', async () => {
    const json = { username: email, password: 'Tom Brady' };
    await send('/api/login/', { json: { ...json, password: 'wrong' } });
    await makeAllWait();
    const answer = await send('/api/login/', { json });
    const seconds = Number(answer.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(800);
    expect(whole(answer)).toBe(
      `429 {"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
    );
  });

  it.each([
    ['/api/login/', { json: { username: 'a@b.com', password: 'x' } }],
    ['/api/user/', { headers: { Authorization: 'a'.repeat(40) } }],
  ])('lets nobody in while the database is down: %s', async (path, sent) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const DB = new Proxy(testEnv.DB, {
      get() {
        throw new Error('down');
      },
    });
    const env: Env = { ...testEnv, DB };
    const answer = await send(path, { ...sent, env });
    expect(whole(answer)).toBe('503 {"detail":"Service temporarily unavailable, try again later."}');
    vi.restoreAllMocks();
  });

  it('answers what nobody expected with the request id that is in the log, and with nothing else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const env: Env = { ...testEnv, TOKEN_SECRET: '' };
    const answer = await send('/api/user/', { token, env });
    expect(whole(answer)).toBe('500 {"detail":"A server error occurred."}');
    expect(answer.headers.has('Location')).toBe(false);
    expect(log.mock.calls.flat().join()).toContain(answer.headers.get('X-Request-Id') ?? 'none');
    vi.restoreAllMocks();
  });
});
