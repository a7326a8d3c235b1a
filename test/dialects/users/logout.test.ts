// `users`: the end of a session, by either method, and what a foreign page cannot have a browser do.
import { describe, expect, it } from 'vitest';
import { ORIGIN, type Sent, send } from '../../support/worker.ts';
import {
  cookieFor,
  cookieLine,
  cookieOf,
  hexTokenFor,
  isLive,
  join,
  jwtFor,
  type Member,
  person,
  whole,
} from '../support-cookies.ts';

const LOGOUT = '/api/users/logout/';
const ANONYMOUS = '403 {"detail":"Authentication credentials were not provided."}';
const CROSS_SITE = '403 {"detail":"CSRF Failed: cross-site request."}';

describe.each(['POST', 'GET'])('%s logout', (method) => {
  it('ends the session on the server, clears the cookie and answers the JSON string OK', async () => {
    const { cookie } = await join();
    const answer = await send(LOGOUT, { method, cookie });
    expect(whole(answer)).toBe('200 "OK"');
    expect(cookieLine(answer)).toEqual({
      value: '',
      attributes: ['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax', 'Secure'],
    });
    expect(await isLive(cookie)).toBe(false);
  });

  it('clears over http a cookie that was set over http', async () => {
    const { cookie } = await join();
    const answer = await send(LOGOUT, { method, cookie, origin: 'http://127.0.0.1:8787' });
    expect(cookieLine(answer)?.attributes).toEqual(['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax']);
  });

  it('is refused the second time, and without a session', async () => {
    const { cookie } = await join();
    await send(LOGOUT, { method, cookie });
    expect(whole(await send(LOGOUT, { method, cookie }))).toBe(ANONYMOUS);
    expect(whole(await send(LOGOUT, { method }))).toBe(ANONYMOUS);
  });

  it('ends no other session of the account, and no token', async () => {
    const { cookie, ...member } = await join();
    const further = await cookieFor(member);
    const tokens = [await hexTokenFor(member), await jwtFor(member)];
    await send(LOGOUT, { method, cookie });
    expect(await isLive(further)).toBe(true);
    for (const token of tokens) expect((await send('/api/users/me/', { token })).status).toBe(200);
  });

  it('holds in user-v1 too', async () => {
    const { cookie } = await join();
    await send(LOGOUT, { method, cookie });
    expect((await send('/api/v1/user/logout/', { method: 'POST', cookie })).status).toBe(401);
  });
});

describe('HEAD logout', () => {
  it('does what GET does, without the body', async () => {
    const { cookie } = await join();
    const answer = await send(LOGOUT, { method: 'HEAD', cookie });
    expect([answer.status, answer.text, cookieLine(answer)?.value]).toEqual([200, '', '']);
    expect(await isLive(cookie)).toBe(false);
  });
});

describe('a cross-site request', () => {
  const FOREIGN: Record<string, string>[] = [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' },
    { Origin: 'https://evil.test' },
    { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.latchkey.test' },
    { Origin: 'null' },
    { Origin: 'http://latchkey.test' },
    { Origin: 'https://latchkey.test:8443' },
    { Origin: 'https://latchkey.test.evil.test' },
  ];
  const OWN: Record<string, string>[] = [
    {},
    { Origin: ORIGIN },
    { 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN },
    { 'Sec-Fetch-Site': 'none' },
  ];
  const changing = ({ cookie, username, password }: Member): [string, Sent][] => [
    ['/api/users/me/', { method: 'PATCH', json: { address: 'x' }, cookie }],
    ['/api/users/login/', { json: { username, password }, cookie }],
    ['/api/users/register/', { json: person(), cookie }],
    [LOGOUT, { cookie }],
    [LOGOUT, { method: 'POST', cookie }],
  ];

  it.each(FOREIGN)('is refused and does nothing: %j', async (headers) => {
    const member = await join();
    for (const [path, sent] of changing(member)) {
      const answer = await send(path, { ...sent, headers });
      expect(whole(answer)).toBe(CROSS_SITE);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect((await send('/api/users/me/', { cookie: member.cookie })).text).toContain('"address":""');
  });

  it.each(OWN)('is not what a page of our own, an app or a typed address sends: %j', async (headers) => {
    const member = await join();
    for (const [path, sent] of changing(member)) {
      const answer = await send(path, { ...sent, cookie: await cookieFor(member), headers });
      expect(answer.status).toBe(200);
    }
  });

  it('registers nobody: the name is still free', async () => {
    const fields = person();
    const headers = { Origin: 'https://evil.test' };
    expect(whole(await send('/api/users/register/', { json: fields, headers }))).toBe(CROSS_SITE);
    expect(cookieOf(await send('/api/users/register/', { json: fields }))).toMatch(/^[\w-]{43}$/);
  });
});
