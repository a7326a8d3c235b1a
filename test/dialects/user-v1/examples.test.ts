// `user-v1`: every documented example in full, including its ids.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, sessionCookie, testEnv } from '../../support/worker.ts';
import { cookieLine, isLive, join, whole } from '../support-cookies.ts';

const REGISTER = '/api/v1/user/register/';
const LOGIN = '/api/v1/user/login/';
const LOGOUT = '/api/v1/user/logout/';

/** Gives the next account this id. */
const setNextId = async (id: number): Promise<void> => {
  await testEnv.DB.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'users'")
    .bind(id - 1)
    .run();
};

beforeAll(async () => {
  await join();
  await setNextId(65213);
});

/** Each example builds on those before it. */
describe('documented examples', () => {
  it('register an account without a cookie', async () => {
    const answer = await send(REGISTER, {
      json: { username: 'test1234', password: '12345678', email: 'test1234@abc.com' },
    });
    expect(whole(answer)).toBe('200 {"status":"success","user_id":65213}');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('log in with the id as a string and the cookie', async () => {
    const answer = await send(LOGIN, { json: { username: 'test1234', password: '12345678' } });
    expect(whole(answer)).toBe(
      '200 {"status":"success","username":"test1234","email":"test1234@abc.com","uid":"65213"}',
    );
    expect(cookieLine(answer)?.attributes).toEqual([
      'HttpOnly',
      'Max-Age=1209600',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
  });

  it('refuse a login with status 200 and no cookie', async () => {
    const answer = await send(LOGIN, { json: { username: 'test1234', password: '12345679' } });
    expect(whole(answer)).toBe(
      '200 {"status":"failed","desc":"user name or password incorrect","error_code":102}',
    );
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('log out with the id as a number', async () => {
    await setNextId(85807);
    await send(REGISTER, { json: { username: 'test5678', password: '12345678', email: 'test5678@abc.com' } });
    const loggedIn = await send(LOGIN, { json: { username: 'test5678', password: '12345678' } });
    const cookie = sessionCookie(loggedIn) ?? expect.fail();
    expect(await isLive(cookie)).toBe(true);
    expect(whole(await send(LOGOUT, { method: 'POST', cookie }))).toBe(
      '200 {"status":"success","uid":85807}',
    );
    expect(await isLive(cookie)).toBe(false);
  });

  it('refuse a logout without a session', async () => {
    expect(whole(await send(LOGOUT, { method: 'POST' }))).toBe(
      '401 {"status":"failed","desc":"login required","error_code":101}',
    );
  });
});
