// `users`: logout by POST, GET and HEAD, and protection from cross-site requests.
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

describe.each(['POST', 'GET'])('%s /api/users/logout/', (method) => {
  it('ends the session on the server, clears the cookie and answers "OK"', async () => {
    const { cookie } = await join();
    const answer = await send(LOGOUT, { method, cookie });
    expect(whole(answer)).toBe('200 "OK"');
    expect(cookieLine(answer)).toEqual({
      value: '',
      attributes: ['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax', 'Secure'],
    });
    expect(await isLive(cookie)).toBe(false);
  });

  it('clears the cookie over HTTP without the attribute Secure', async () => {
    const { cookie } = await join();
    const answer = await send(LOGOUT, { method, cookie, origin: 'http://127.0.0.1:8787' });
    expect(cookieLine(answer)?.attributes).toEqual(['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax']);
  });

  it('answers 403 the second time and without a session', async () => {
    const { cookie } = await join();
    await send(LOGOUT, { method, cookie });
    expect(whole(await send(LOGOUT, { method, cookie }))).toBe(ANONYMOUS);
    expect(whole(await send(LOGOUT, { method }))).toBe(ANONYMOUS);
  });

  it('keeps the other sessions and the tokens of the account', async () => {
    const { cookie, ...member } = await join();
    const further = await cookieFor(member);
    const tokens = [await hexTokenFor(member), await jwtFor(member)];
    await send(LOGOUT, { method, cookie });
    expect(await isLive(further)).toBe(true);
    for (const token of tokens) expect((await send('/api/users/me/', { token })).status).toBe(200);
  });

  it('ends the session for user-v1 too', async () => {
    const { cookie } = await join();
    await send(LOGOUT, { method, cookie });
    expect((await send('/api/v1/user/logout/', { method: 'POST', cookie })).status).toBe(401);
  });
});

describe('HEAD /api/users/logout/', () => {
  it('logs out like GET, without a body', async () => {
    const { cookie } = await join();
    const answer = await send(LOGOUT, { method: 'HEAD', cookie });
    expect([answer.status, answer.text, cookieLine(answer)?.value]).toEqual([200, '', '']);
    expect(await isLive(cookie)).toBe(false);
  });
});

describe('cross-site protection', () => {
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

  it.each(FOREIGN)('answers 403 and changes nothing for a foreign page: %j', async (headers) => {
    const member = await join();
    for (const [path, sent] of changing(member)) {
      const answer = await send(path, { ...sent, headers });
      expect(whole(answer)).toBe(CROSS_SITE);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect((await send('/api/users/me/', { cookie: member.cookie })).text).toContain('"address":""');
  });

  it.each(OWN)('accepts requests from own pages, apps and typed addresses: %j', async (headers) => {
    const member = await join();
    for (const [path, sent] of changing(member)) {
      const answer = await send(path, { ...sent, cookie: await cookieFor(member), headers });
      expect(answer.status).toBe(200);
    }
  });

  it('leaves the username and the email of a refused registration free', async () => {
    const fields = person();
    const headers = { Origin: 'https://evil.test' };
    expect(whole(await send('/api/users/register/', { json: fields, headers }))).toBe(CROSS_SITE);
    expect(cookieOf(await send('/api/users/register/', { json: fields }))).toMatch(/^[\w-]{43}$/);
  });
});
