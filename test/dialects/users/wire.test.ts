// `users`: trailing slashes, HEAD and throttling. The rules for every dialect are in ../wire.test.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { send } from '../../support/worker.ts';
import { isLive, join, type Member, person, whole } from '../support-cookies.ts';

let member: Member;
beforeAll(async () => {
  member = await join();
});

describe('trailing slash', () => {
  it.each(['', '/'])('changes nothing on any path, and causes no redirect: "%s"', async (slash) => {
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
  it('answers like GET, without a body', async () => {
    const { status, text, headers } = await send('/api/users/me/', { method: 'HEAD', cookie: member.cookie });
    expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'application/json']);
    const anonymous = await send('/api/users/me/', { method: 'HEAD' });
    expect([anonymous.status, anonymous.text]).toEqual([404, '']);
    const leaving = await send('/api/users/logout/', { method: 'HEAD' });
    expect([leaving.status, leaving.text]).toEqual([403, '']);
  });
});

describe('throttling', () => {
  it('answers 429 after many failures, even for the right password, and keeps the session', async () => {
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
});
