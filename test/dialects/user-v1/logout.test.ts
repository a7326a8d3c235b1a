// `user-v1`: logout by cookie or token, and protection from cross-site requests.
import { describe, expect, it } from 'vitest';
import { ORIGIN, type Sent, send } from '../../support/worker.ts';
import {
  cookieFor,
  cookieLine,
  disable,
  failed,
  hexTokenFor,
  isLive,
  join,
  jwtFor,
  type Member,
  person,
  whole,
} from '../support-cookies.ts';

const LOGIN_REQUIRED = `401 ${failed(101)}`;
const post = (sent: Sent) => send('/api/v1/user/logout/', { method: 'POST', ...sent });
const logOut = async (sent: Sent): Promise<string> => whole(await post(sent));
const success = ({ id }: Member): string => `200 {"status":"success","uid":${id}}`;

describe('logout by cookie', () => {
  it.each([
    ['https://latchkey.test', ['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax', 'Secure']],
    ['http://127.0.0.1:8787', ['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax']],
  ])('ends the session on the server and clears the cookie, at %s', async (origin, attributes) => {
    const member = await join();
    const answer = await post({ cookie: member.cookie, origin });
    expect(whole(answer)).toBe(success(member));
    expect(cookieLine(answer)).toEqual({ value: '', attributes });
    expect(await isLive(member.cookie)).toBe(false);
  });

  it('answers 401 the second time and without a live session', async () => {
    const { cookie } = await join();
    await logOut({ cookie });
    for (const sent of [{ cookie }, {}, { cookie: '' }, { cookie: 'nonsense' }, { cookie: 'A'.repeat(43) }]) {
      const answer = await post(sent);
      expect(whole(answer)).toBe(LOGIN_REQUIRED);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it('keeps the other sessions and the tokens of the account', async () => {
    const { cookie, ...member } = await join();
    const further = await cookieFor(member);
    const tokens = [await hexTokenFor(member), await jwtFor(member)];
    await logOut({ cookie });
    expect(await isLive(further)).toBe(true);
    for (const token of tokens) expect((await send('/api/users/me/', { token })).status).toBe(200);
  });

  it('answers 401 for a disabled account', async () => {
    const { cookie, id } = await join();
    await disable(id);
    expect(await logOut({ cookie })).toBe(LOGIN_REQUIRED);
  });
});

describe.each([
  ['account', hexTokenFor],
  ['auth', jwtFor],
] as const)('logout by a token of %s', (_, tokenFor) => {
  it.each(['Token', 'Bearer', 'token', 'BEARER'])('ends only that token, sent after `%s`', async (scheme) => {
    const member = await join();
    const headers = { Authorization: `${scheme} ${await tokenFor(member)}` };
    expect(await logOut({ headers })).toBe(success(member));
    expect(await logOut({ headers })).toBe(LOGIN_REQUIRED);
    expect((await send('/account/profile', { headers })).status).toBe(401);
    expect(await isLive(member.cookie)).toBe(true);
  });

  it('takes precedence over a cookie', async () => {
    const [member, other] = [await join(), await join()];
    const token = await tokenFor(member);
    expect(await logOut({ token, cookie: other.cookie })).toBe(success(member));
    expect(await logOut({ token, cookie: other.cookie })).toBe(LOGIN_REQUIRED);
    expect(await isLive(other.cookie)).toBe(true);
    expect(await logOut({ cookie: other.cookie })).toBe(success(other));
  });

  it('answers 401 if the token is changed or its account is disabled', async () => {
    const member = await join();
    const token = await tokenFor(member);
    for (const wrong of [token.slice(0, -1), `${token}0`, token.toUpperCase()])
      expect(await logOut({ token: wrong })).toBe(LOGIN_REQUIRED);
    await disable(member.id);
    expect(await logOut({ token })).toBe(LOGIN_REQUIRED);
  });
});

describe('logout with an unusable Authorization header', () => {
  it.each(['Token', 'bearer', 'Token a b', 'Token garbage', 'Bearer a.b.c', `Token ${'0'.repeat(40)}`])(
    'answers 401 despite a live cookie: `%s`',
    async (authorization) => {
      const { cookie } = await join();
      expect(await logOut({ headers: { Authorization: authorization }, cookie })).toBe(LOGIN_REQUIRED);
      expect(await isLive(cookie)).toBe(true);
    },
  );

  it('ignores the header if its scheme is unknown', async () => {
    const member = await join();
    const token = await hexTokenFor(member);
    for (const authorization of ['Basic dGVzdDp0ZXN0', `Digest ${token}`, token])
      expect(await logOut({ headers: { Authorization: authorization } })).toBe(LOGIN_REQUIRED);
    const headers = { Authorization: 'Basic dGVzdDp0ZXN0' };
    expect(await logOut({ headers, cookie: member.cookie })).toBe(success(member));
  });
});

describe('cross-site protection', () => {
  const all = ({ cookie, username, password }: Member): [string, Sent][] => [
    ['/api/v1/user/login/', { json: { username, password }, cookie }],
    ['/api/v1/user/register/', { json: person(), cookie }],
    ['/api/v1/user/logout/', { method: 'POST', cookie }],
  ];

  it.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'https://evil.test' },
    { Origin: 'null' },
    { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.latchkey.test' },
  ])('answers 403 and changes nothing for a foreign page: %j', async (headers) => {
    const member = await join();
    for (const [path, sent] of all(member)) {
      const answer = await send(path, { ...sent, headers: { ...headers } });
      expect(whole(answer)).toBe(`403 ${failed(112)}`);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await isLive(member.cookie)).toBe(true);
  });

  it.each([{}, { Origin: ORIGIN }, { 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Site': 'none' }])(
    'accepts requests from own pages and apps: %j',
    async (headers) => {
      const member = await join();
      for (const [path, sent] of all(member)) {
        const cookie = await cookieFor(member);
        const answer = await send(path, { ...sent, cookie, headers: { ...headers } });
        expect(whole(answer)).toMatch(/^200 \{"status":"success",/);
      }
    },
  );
});
