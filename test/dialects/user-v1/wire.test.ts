// `user-v1`: trailing slashes and throttling. The rules for every dialect are in ../wire.test.ts.
import { describe, expect, it } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { send } from '../../support/worker.ts';
import { cookieFor, failed, isLive, join, person, whole } from '../support-cookies.ts';

const LOGIN = '/api/v1/user/login/';

describe('trailing slash', () => {
  it.each(['', '/'])('changes nothing on any path, and causes no redirect: "%s"', async (slash) => {
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

describe('throttling', () => {
  it('answers 429 after many failures, even for the right password, and keeps the session', async () => {
    const { username, password, cookie } = await join();
    await send(LOGIN, { json: { username, password: 'wrong' } });
    await makeAllWait();
    const answer = await send(LOGIN, { json: { username, password }, cookie });
    expect(whole(answer)).toBe(`429 ${failed(113)}`);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(800);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await isLive(cookie)).toBe(true);
  });
});
