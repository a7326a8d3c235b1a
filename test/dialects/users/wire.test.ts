// 000 `users`: paths, methods, request ids, and what is answered in trouble.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { send, testEnv } from '../../support/worker.ts';
import { eightKeys, isLive, join, listed, type Member, person, shown, whole } from '../support-cookies.ts';

const ALLOWED = {
  '/api/users/register': ['POST'],
  '/api/users/login': ['POST'],
  '/api/users/me': ['GET', 'HEAD', 'PATCH'],
  '/api/users/logout': ['GET', 'HEAD', 'POST'],
};
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const bothSpellings = Object.entries(ALLOWED).flatMap(([path, methods]) => [
  { path, methods },
  { path: `${path}/`, methods },
]);
const NOT_FOUND = '404 {"detail":"Not found."}';

let member: Member;
beforeAll(async () => {
  member = await join();
});

describe.each(bothSpellings)('$path', ({ path, methods }) => {
  const allow = [...methods, 'OPTIONS'].sort();

  it.each(METHODS.filter((method) => !methods.includes(method)))(
    'refuses %s, before it asks who is there',
    async (method) => {
      for (const cookie of [member.cookie, 'nonsense']) {
        const answer = await send(path, { method, cookie });
        expect(whole(answer)).toBe(`405 {"detail":"Method \\"${method}\\" not allowed."}`);
        expect(listed(answer.headers.get('Allow'))).toEqual(allow);
      }
    },
  );

  it('answers OPTIONS with its methods and nothing else', async () => {
    const { status, text, headers } = await send(path, { method: 'OPTIONS' });
    expect([status, text]).toEqual([204, '']);
    expect(listed(headers.get('Allow'))).toEqual(allow);
    expect(headers.get('X-Request-Id')).not.toBeNull();
  });
});

describe('a trailing slash', () => {
  it.each(['', '/'])('is optional on every path, with no redirect: "%s"', async (slash) => {
    const fields = person();
    const registered = await send(`/api/users/register${slash}`, { json: fields });
    expect(registered.status).toBe(200);
    const { username, password } = fields;
    expect((await send(`/api/users/login${slash}`, { json: { username, password } })).status).toBe(200);
    const { cookie } = await join();
    expect((await send(`/api/users/me${slash}`, { cookie })).status).toBe(200);
    expect((await send(`/api/users/me${slash}`, { method: 'PATCH', json: {}, cookie })).status).toBe(200);
    expect(whole(await send(`/api/users/logout${slash}`, { method: 'POST', cookie }))).toBe('200 "OK"');
    const other = await join();
    expect(whole(await send(`/api/users/logout${slash}`, { cookie: other.cookie }))).toBe('200 "OK"');
  });
});

describe('HEAD', () => {
  it('answers as GET does, without the body', async () => {
    const { status, text, headers } = await send('/api/users/me/', { method: 'HEAD', cookie: member.cookie });
    expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'application/json']);
    const anonymous = await send('/api/users/me/', { method: 'HEAD' });
    expect([anonymous.status, anonymous.text]).toEqual([404, '']);
    const leaving = await send('/api/users/logout/', { method: 'HEAD' });
    expect([leaving.status, leaving.text]).toEqual([403, '']);
  });

  it('is refused where GET is', async () => {
    const { status, text, headers } = await send('/api/users/login/', { method: 'HEAD' });
    expect([status, text]).toEqual([405, '']);
    expect(listed(headers.get('Allow'))).toEqual(['OPTIONS', 'POST']);
  });
});

describe('an unknown path', () => {
  it.each([
    '/api/users',
    '/api/users/',
    '/api/users/none',
    '/api/users/login/x',
    '/api/users/me/1/',
    '/api/users/1',
    '/api/users/Login',
    '/api/users//me',
  ])('is not found, for whatever method and cookie: %s', async (path) => {
    for (const method of [...METHODS, 'OPTIONS'])
      expect(whole(await send(path, { method, cookie: member.cookie }))).toBe(NOT_FOUND);
    expect(whole(await send(path))).toBe(NOT_FOUND);
  });
});

describe('trouble', () => {
  it('throttles a login after many failures, even with the right password, and the old session lives on', async () => {
    const { username, password, cookie } = await join();
    await send('/api/users/login/', { json: { username, password: 'wrong' } });
    await makeAllWait();
    const answer = await send('/api/users/login/', { json: { username, password }, cookie });
    const seconds = Number(answer.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(800);
    expect(whole(answer)).toBe(
      `429 {"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
    );
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await isLive(cookie)).toBe(true);
  });

  it('lets nobody in while the database is down', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const DB = new Proxy(testEnv.DB, {
      get() {
        throw new Error('down');
      },
    });
    const env = { ...testEnv, DB };
    const { username, password, cookie } = member;
    const down = '503 {"detail":"Service temporarily unavailable, try again later."}';
    expect(whole(await send('/api/users/login/', { json: { username, password }, env }))).toBe(down);
    expect(whole(await send('/api/users/register/', { json: person(), env }))).toBe(down);
    expect(whole(await send('/api/users/me/', { cookie, env }))).toBe(down);
    expect(whole(await send('/api/users/logout/', { cookie, env }))).toBe(down);
    vi.restoreAllMocks();
    expect(shown(await send('/api/users/me/', { cookie }))).toBe(await eightKeys(member));
  });

  it('answers what nobody expected with the request id that is in the log, and with nothing else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const env = { ...testEnv, TOKEN_SECRET: '' };
    const answer = await send('/api/users/me/', { cookie: member.cookie, env });
    expect(whole(answer)).toBe('500 {"detail":"A server error occurred."}');
    expect(log.mock.calls.flat().join()).toContain(answer.headers.get('X-Request-Id') ?? 'none');
    vi.restoreAllMocks();
  });
});
