// `users`: the cookie that registration and login set, and the session that they end.
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { everythingStored } from '../../support/stored.ts';
import { type Answer, type Sent, send, testEnv } from '../../support/worker.ts';
import {
  cookieFor,
  cookieLine,
  cookieOf,
  eightKeys,
  isLive,
  join,
  person,
  shown,
} from '../support-cookies.ts';

const REGISTER = '/api/users/register/';
const LOGIN = '/api/users/login/';
const logIn = ({ username, password }: ReturnType<typeof person>, sent: Sent = {}): Promise<Answer> =>
  send(LOGIN, { json: { username, password }, ...sent });

describe('session cookie', () => {
  const OVER_HTTPS = ['HttpOnly', 'Max-Age=1209600', 'Path=/', 'SameSite=Lax', 'Secure'];
  const OVER_HTTP = OVER_HTTPS.filter((attribute) => attribute !== 'Secure');

  it.each([
    ['https://latchkey.test', OVER_HTTPS],
    ['http://127.0.0.1:8787', OVER_HTTP],
  ])('lasts 14 days, is HttpOnly, and is Secure only over HTTPS: %s', async (origin, attributes) => {
    const fields = person();
    for (const answer of [await send(REGISTER, { json: fields, origin }), await logIn(fields, { origin })]) {
      const line = cookieLine(answer) ?? expect.fail();
      expect(line.attributes).toEqual(attributes);
      expect(line.value).toMatch(/^[\w-]{43}$/);
    }
  });

  it('differs at every login, and earlier ones stay valid', async () => {
    const { cookie, ...member } = await join();
    const cookies = [cookie, await cookieFor(member), await cookieFor(member)];
    expect(new Set(cookies).size).toBe(3);
    for (const each of cookies)
      expect(shown(await send('/api/users/me/', { cookie: each }))).toBe(await eightKeys(member));
  });

  it('works among other cookies, but not if changed', async () => {
    const { cookie, ...member } = await join();
    const me = async (header: string) => shown(await send('/api/users/me/', { headers: { Cookie: header } }));
    expect(await me(`a=b; sessionid=${cookie}; c=d`)).toBe(await eightKeys(member));
    for (const header of [
      `session=${cookie}`,
      `sessionid=${cookie}x`,
      `sessionid=${cookie.slice(1)}`,
      `sessionid=x${cookie.slice(1)}x`,
      'sessionid=',
      'sessionid',
      `sessionid=${'A'.repeat(43)}`,
      `sessionid=${"' OR 1=1 --"}`,
    ])
      expect(await me(header)).toBe('404 {"detail":"Not found."}');
  });

  it('is stored nowhere in D1 or KV, only its SHA-256', async () => {
    const { cookie } = await join();
    const stored = await everythingStored();
    expect(stored).toContain(await sha256Hex(cookie));
    expect(stored).not.toContain(cookie);
  });

  it('stops working when it expires', async () => {
    const { id, cookie } = await join();
    const expire = testEnv.DB.prepare('UPDATE sessions SET expires_at = ? WHERE user_id = ?');
    await expire.bind(Date.now() + 60_000, id).run();
    expect(await isLive(cookie)).toBe(true);
    await expire.bind(Date.now(), id).run();
    expect(await isLive(cookie)).toBe(false);
  });
});

describe('current session of the browser', () => {
  it('ends when its account logs in, and a new one starts', async () => {
    const { cookie: old, ...member } = await join();
    const further = await cookieFor(member);
    const fresh = cookieOf(await logIn(member, { cookie: old }));
    expect(fresh).not.toBe(old);
    expect([await isLive(old), await isLive(fresh), await isLive(further)]).toEqual([false, true, true]);
  });

  it('ends when another account logs in', async () => {
    const [one, other] = [await join(), await join()];
    const fresh = cookieOf(await logIn(other, { cookie: one.cookie }));
    expect(shown(await send('/api/users/me/', { cookie: fresh }))).toBe(await eightKeys(other));
    expect([await isLive(one.cookie), await isLive(other.cookie)]).toEqual([false, true]);
  });

  it('ends when another account registers', async () => {
    const { cookie: old } = await join();
    const fields = person();
    const answer = await send(REGISTER, { json: fields, cookie: old });
    expect(shown(answer)).toMatch(/^200 /);
    expect([await isLive(old), await isLive(cookieOf(answer))]).toEqual([false, true]);
  });

  it('survives a refused login or registration', async () => {
    const { cookie, ...member } = await join();
    for (const answer of [
      await logIn({ ...member, password: 'abcd1235' }, { cookie }),
      await logIn({ ...member, username: '' }, { cookie }),
      await logIn({ ...person() }, { cookie }),
      await send(LOGIN, { json: '{', cookie }),
      await send(REGISTER, { json: { ...person(), password: 'x' }, cookie }),
      await send(REGISTER, { json: { ...person(), email: member.email }, cookie }),
    ]) {
      expect(answer.status).toBe(400);
      expect(cookieLine(answer)).toBeNull();
    }
    expect(await isLive(cookie)).toBe(true);
  });

  it('makes no difference to login and registration if it is ended or unknown', async () => {
    const { cookie: dead, ...member } = await join();
    await send('/api/users/logout/', { cookie: dead });
    for (const cookie of [dead, 'nonsense', '', 'A'.repeat(43)]) {
      expect(await isLive(cookieOf(await logIn(member, { cookie })))).toBe(true);
      expect(await isLive(cookieOf(await send(REGISTER, { json: person(), cookie })))).toBe(true);
    }
  });

  it('survives a login in a dialect without cookies', async () => {
    const { cookie, username, email, password } = await join();
    await send('/api/login/', { json: { username, password }, cookie });
    await send('/account/login', { json: { username, password }, cookie });
    await send('/api/auth/login/', { json: { email, password }, cookie });
    expect(await isLive(cookie)).toBe(true);
  });
});
