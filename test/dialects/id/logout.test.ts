// POST /id/logout: ends one session, by cookie or by token.
import { describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import {
  bearer,
  cookieFor,
  eventsOf,
  isLive,
  join,
  NO_SESSION_COOKIE,
  tokenFor,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

const logOut = (sent: Sent = {}) => send('/id/logout', { method: 'POST', ...sent });

describe('POST /id/logout', () => {
  it('ends the session of the cookie, and clears the cookie', async () => {
    const member = await join();
    const [other, token] = [await cookieFor(member), await tokenFor(member)];
    const answer = await logOut({ cookie: member.cookie });
    expect(whole(answer)).toBe('204');
    expect(answer.headers.getSetCookie()).toEqual([NO_SESSION_COOKIE]);
    expect(await isLive({ cookie: member.cookie })).toBe(false);
    expect([await isLive({ cookie: other }), await isLive(bearer(token))]).toEqual([true, true]);
    expect((await eventsOf(member.id))[0]).toBe('logout');
  });

  it('ends the session of the token, and sets no cookie', async () => {
    const member = await join();
    const [token, other] = [await tokenFor(member), await tokenFor(member)];
    for (const sent of [bearer(token), { token: other }]) {
      const answer = await logOut(sent);
      expect(whole(answer)).toBe('204');
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(await isLive(sent)).toBe(false);
    }
    expect(await isLive({ cookie: member.cookie })).toBe(true);
  });

  it('ends the session of the token if a cookie is sent too', async () => {
    const [one, other] = [await join(), await join()];
    const token = await tokenFor(other);
    expect(whole(await logOut({ cookie: one.cookie, token }))).toBe('204');
    expect([await isLive({ cookie: one.cookie }), await isLive({ token })]).toEqual([true, false]);
  });

  it('rejects a session that has already ended', async () => {
    const member = await join();
    const token = await tokenFor(member);
    await logOut({ cookie: member.cookie });
    await logOut({ token });
    const byCookie = await logOut({ cookie: member.cookie });
    expect(whole(byCookie)).toBe(refused('credentials_missing'));
    expect(byCookie.headers.getSetCookie()).toEqual([]);
    expect(whole(await logOut({ token }))).toBe(refused('credentials_invalid'));
    expect((await eventsOf(member.id)).filter((type) => type === 'logout')).toHaveLength(2);
  });

  it('rejects missing and invalid credentials, with WWW-Authenticate', async () => {
    for (const [sent, code] of [
      [{}, 'credentials_missing'],
      [{ cookie: 'x' }, 'credentials_missing'],
      [{ cookie: 'A'.repeat(43) }, 'credentials_missing'],
      [{ headers: { Authorization: 'Basic YTpi' } }, 'credentials_missing'],
      [{ headers: { Authorization: 'Bearer' } }, 'credentials_empty'],
      [{ headers: { Authorization: 'Bearer a b' } }, 'credentials_spaces'],
      [{ headers: { Authorization: 'Bearer x' } }, 'credentials_invalid'],
      [{ token: '0'.repeat(40) }, 'credentials_invalid'],
    ] as const) {
      const answer = await logOut(sent);
      expect(whole(answer)).toBe(refused(code));
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    }
  });

  it('needs no body and reads none', async () => {
    for (const body of [
      { json: '{' },
      { json: 'x', headers: { 'Content-Type': 'text/plain' } },
      { form: { a: 'b' } },
    ])
      expect(whole(await logOut({ cookie: (await join()).cookie, ...body }))).toBe('204');
  });
});
