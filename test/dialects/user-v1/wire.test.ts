// 001 `user-v1`: paths, methods, request ids, and what is answered in trouble, all in the one envelope.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { send, testEnv } from '../../support/worker.ts';
import { cookieFor, failed, isLive, join, listed, type Member, person, whole } from '../support-cookies.ts';

const PATHS = ['register', 'login', 'logout'].flatMap((name) => [
  `/api/v1/user/${name}`,
  `/api/v1/user/${name}/`,
]);
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const LOGIN = '/api/v1/user/login/';

let member: Member;
beforeAll(async () => {
  member = await join();
});

describe.each(PATHS)('%s', (path) => {
  it.each(METHODS.filter((method) => method !== 'POST'))(
    'refuses %s, before it asks who is there',
    async (method) => {
      for (const cookie of [member.cookie, 'nonsense']) {
        const answer = await send(path, { method, cookie });
        expect(whole(answer)).toBe(`405 ${failed(104)}`);
        expect(listed(answer.headers.get('Allow'))).toEqual(['OPTIONS', 'POST']);
      }
    },
  );

  it('answers OPTIONS with its methods and nothing else', async () => {
    const { status, text, headers } = await send(path, { method: 'OPTIONS' });
    expect([status, text]).toEqual([204, '']);
    expect(listed(headers.get('Allow'))).toEqual(['OPTIONS', 'POST']);
    expect(headers.get('X-Request-Id')).not.toBeNull();
  });

  it('refuses HEAD as it refuses GET, without the body', async () => {
    const { status, text, headers } = await send(path, { method: 'HEAD', cookie: member.cookie });
    expect([status, text]).toEqual([405, '']);
    expect(listed(headers.get('Allow'))).toEqual(['OPTIONS', 'POST']);
  });
});

describe('a trailing slash', () => {
  it.each(['', '/'])('is optional on every path, with no redirect: "%s"', async (slash) => {
    const fields = person();
    const registered = await send(`/api/v1/user/register${slash}`, { json: fields });
    expect(whole(registered)).toMatch(/^200 \{"status":"success","user_id":\d+\}$/);
    const { username, password } = fields;
    const loggedIn = await send(`/api/v1/user/login${slash}`, { json: { username, password } });
    expect(whole(loggedIn)).toMatch(/^200 \{"status":"success",/);
    const cookie = await cookieFor(fields);
    const loggedOut = await send(`/api/v1/user/logout${slash}`, { method: 'POST', cookie });
    expect(whole(loggedOut)).toMatch(/^200 \{"status":"success","uid":\d+\}$/);
  });
});

describe('an unknown path', () => {
  it.each([
    '/api/v1/user',
    '/api/v1/user/',
    '/api/v1/user/none',
    '/api/v1/user/login/x',
    '/api/v1/user/me/',
    '/api/v1/user/Login',
    '/api/v1/user//login',
  ])('is not found, for whatever method and cookie: %s', async (path) => {
    for (const method of [...METHODS, 'OPTIONS'])
      expect(whole(await send(path, { method, cookie: member.cookie }))).toBe(`404 ${failed(104)}`);
    expect(whole(await send(path))).toBe(`404 ${failed(104)}`);
  });
});

describe('trouble', () => {
  it('throttles a login after many failures, even with the right password, and the old session lives on', async () => {
    const { username, password, cookie } = await join();
    await send(LOGIN, { json: { username, password: 'wrong' } });
    await makeAllWait();
    const answer = await send(LOGIN, { json: { username, password }, cookie });
    expect(whole(answer)).toBe(`429 ${failed(113)}`);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(800);
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
    for (const answer of [
      await send(LOGIN, { json: { username, password }, env }),
      await send('/api/v1/user/register/', { json: person(), env }),
      await send('/api/v1/user/logout/', { method: 'POST', cookie, env }),
    ]) {
      expect(whole(answer)).toBe(`503 ${failed(113)}`);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    vi.restoreAllMocks();
    expect(await isLive(cookie)).toBe(true);
  });

  it('answers what nobody expected with the request id that is in the log, and with nothing else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const env = { ...testEnv, TOKEN_SECRET: '' };
    const answer = await send('/api/v1/user/logout/', { method: 'POST', cookie: member.cookie, env });
    expect(whole(answer)).toBe(`500 ${failed(104)}`);
    expect(log.mock.calls.flat().join()).toContain(answer.headers.get('X-Request-Id') ?? 'none');
    vi.restoreAllMocks();
  });
});
