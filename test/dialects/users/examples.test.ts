// `users`: every documented example in full.
import { describe, expect, it } from 'vitest';
import { type Answer, json, send, sessionCookie, testEnv } from '../../support/worker.ts';
import { whole } from '../support-cookies.ts';

const REGISTER = '/api/users/register/';
const LOGIN = '/api/users/login/';

/** The login example with its time and offset left out. The hash is the one of `test@test.com`. */
const EXAMPLE =
  '200 {"id":1,"last_login":"…","username":"test","email":"test@test.com","avatar_url":"https://www.gravatar.com/avatar/b642b4217b34b1e8d3bd915fc65c4452?s=328&r=g&d=identicon","address":"","site_url":"","description":""}';
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00$/;

const timeless = (answer: Answer): string => whole(answer).replace(/("last_login":")[^"]*/, '$1…');
const lastLogin = ({ text }: Answer): string => /"last_login":"([^"]*)"/.exec(text)?.[1] ?? expect.fail(text);

const example = { username: 'test', email: 'test@test.com', password: 'test1234' };

/** Each example builds on those before it. */
describe('documented examples', () => {
  it('register an account', async () => {
    const startedMs = Date.now();
    const answer = await send(REGISTER, { json: example });
    expect(timeless(answer)).toBe(EXAMPLE);
    expect(lastLogin(answer)).toMatch(TIME);
    expect(Date.parse(lastLogin(answer))).toBeGreaterThanOrEqual(startedMs);
    expect(Date.parse(lastLogin(answer))).toBeLessThanOrEqual(Date.now());
    expect(sessionCookie(answer)).toMatch(/^[\w-]{43}$/);
  });

  it('refuse a registration whose username and email are taken', async () => {
    const answer = await send(REGISTER, { json: example });
    expect(whole(answer)).toBe(
      '400 {"username":["A user with that username already exists."],"email":["user with this email address already exists."]}',
    );
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('refuse a registration without fields', async () => {
    expect(whole(await send(REGISTER, { json: {} }))).toBe(
      '400 {"username":["This field is required."],"email":["This field is required."],"password":["This field is required."]}',
    );
  });

  it('log in', async () => {
    const startedMs = Date.now();
    const answer = await send(LOGIN, { json: { username: 'test', password: 'test1234' } });
    expect(timeless(answer)).toBe(EXAMPLE);
    expect(lastLogin(answer)).toMatch(TIME);
    expect(Date.parse(lastLogin(answer))).toBeGreaterThanOrEqual(startedMs);
    expect(sessionCookie(answer)).toMatch(/^[\w-]{43}$/);
  });

  it('refuse a login without a password', async () => {
    expect(whole(await send(LOGIN, { json: { username: 'test' } }))).toBe(
      '400 {"password":["This field is required."]}',
    );
  });

  it('refuse a login with a wrong password', async () => {
    const answer = await send(LOGIN, { json: { username: 'test', password: 'test1235' } });
    expect(whole(answer)).toBe('400 {"non_field_errors":["Username or password is incorrect."]}');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('show last_login exactly as documented with the documented UTC_OFFSET', async () => {
    const logged = await send(LOGIN, { json: { username: 'test', password: 'test1234' } });
    const cookie = sessionCookie(logged) ?? expect.fail();
    await testEnv.DB.prepare('UPDATE users SET last_login_at = ? WHERE id = 1')
      .bind(Date.UTC(2018, 8, 10, 12, 26, 58, 277))
      .run();
    const inUtc = await send('/api/users/me/', { cookie });
    expect(lastLogin(inUtc)).toBe('2018-09-10T12:26:58.277000+00:00');
    const env = { ...testEnv, UTC_OFFSET: '+08:00' };
    const answer = await send('/api/users/me/', { cookie, env });
    expect(lastLogin(answer)).toBe('2018-09-10T20:26:58.277000+08:00');
    expect(timeless(answer)).toBe(EXAMPLE);
  });

  it('have exactly the eight keys, in the documented order', async () => {
    const answer = await send(LOGIN, { json: { username: 'test', password: 'test1234' } });
    const keys = Object.keys(json(answer) ?? {});
    expect(keys).toEqual('id last_login username email avatar_url address site_url description'.split(' '));
  });
});
