// DELETE /id/me: deletes the account of the session, after its password.
import { describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';
import {
  atFixedTime,
  bearer,
  cookieFor,
  eventsOf,
  isLive,
  join,
  logIn,
  NO_SESSION_COOKIE,
  PASSWORD,
  rowOf,
  START_MS,
  tokenFor,
  whole,
} from './support-id.ts';
import { type FieldFault, invalid, refused, throttled } from './support-refusals.ts';

atFixedTime();

const remove = (sent: Sent, json: unknown = { password: PASSWORD }) =>
  send('/id/me', { method: 'DELETE', ...sent, json });

describe('DELETE /id/me', () => {
  it('deletes the account with its sessions and names, and adds an event to the audit log', async () => {
    const member = await join();
    const [cookie, token] = [await cookieFor(member), await tokenFor(member)];
    const answer = await remove({ cookie: member.cookie });
    expect(whole(answer)).toBe('204');
    expect(answer.headers.getSetCookie()).toEqual([NO_SESSION_COOKIE]);
    expect(await rowOf(member.id)).toBeNull();
    for (const sent of [{ cookie: member.cookie }, { cookie }, bearer(token)])
      expect(await isLive(sent)).toBe(false);
    expect(whole(await logIn(member))).toBe(refused('wrong_credentials'));
    expect((await eventsOf(member.id))[0]).toBe('deleted');
  });

  it('accepts a token instead of the cookie', async () => {
    const member = await join();
    expect(whole(await remove({ token: await tokenFor(member) }))).toBe('204');
    expect(await isLive({ cookie: member.cookie })).toBe(false);
  });

  it('keeps the cookie of another account in the browser if the token is used', async () => {
    const [member, other] = [await join(), await join()];
    const answer = await remove({ cookie: other.cookie, token: await tokenFor(member) });
    expect(whole(answer)).toBe('204');
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await isLive({ cookie: other.cookie })).toBe(true);
  });

  it('rejects the password of another account', async () => {
    const one = await join();
    const other = await join({ password: 'another one entirely' });
    expect(whole(await remove({ token: await tokenFor(one) }, { password: other.password }))).toBe(
      refused('wrong_credentials'),
    );
    expect(whole(await remove({ cookie: one.cookie, token: await tokenFor(other) }))).toBe(
      refused('wrong_credentials'),
    );
    expect([await isLive(one), await isLive(other)]).toEqual([true, true]);
  });

  it('rejects the ended session if it is sent again', async () => {
    const member = await join();
    const token = await tokenFor(member);
    await remove({ cookie: member.cookie });
    expect(whole(await remove({ cookie: member.cookie }))).toBe(refused('credentials_missing'));
    expect(whole(await remove({ token }))).toBe(refused('credentials_invalid'));
  });
});

describe('a rejected DELETE /id/me', () => {
  const FAULTS: [unknown, FieldFault][] = [
    [{}, ['password', 'required']],
    [{ currentPassword: PASSWORD }, ['password', 'required']],
    [{ password: null }, ['password', 'null']],
    [{ password: '' }, ['password', 'blank']],
    [{ password: true }, ['password', 'not_text']],
    [{ password: 'x'.repeat(1025) }, ['password', 'too_many_bytes', 1024]],
  ];
  it.each(FAULTS)('names the invalid field: %j', async (json, fault) => {
    const member = await join();
    expect(whole(await remove({ cookie: member.cookie }, json))).toBe(invalid(fault));
    expect(await isLive({ cookie: member.cookie })).toBe(true);
  });

  it('reports a missing body as a missing password', async () => {
    const { cookie } = await join();
    expect(whole(await send('/id/me', { method: 'DELETE', cookie }))).toBe(invalid(['password', 'required']));
    expect(await isLive({ cookie })).toBe(true);
  });

  it('changes nothing if the password is wrong, and records a refused login', async () => {
    const member = await join();
    for (const password of ['x', PASSWORD.toUpperCase(), ` ${PASSWORD}`]) {
      const answer = await remove({ cookie: member.cookie }, { password });
      expect(whole(answer)).toBe(refused('wrong_credentials'));
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await isLive({ cookie: member.cookie })).toBe(true);
    expect((await eventsOf(member.id))[0]).toBe('login_refused');
  });

  it('tells missing credentials from invalid ones', async () => {
    expect(whole(await remove({}))).toBe(refused('credentials_missing'));
    expect(whole(await remove(bearer('x')))).toBe(refused('credentials_invalid'));
  });

  it('counts as a failed login, and has to wait after too many', async () => {
    const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '8' };
    const member = await join();
    const wrong = { password: 'wrong' };
    expect(whole(await remove({ cookie: member.cookie, env }, wrong))).toBe(refused('wrong_credentials'));
    expect(whole(await logIn({ ...member, ...wrong }, {}, { env }))).toBe(refused('wrong_credentials'));
    const answer = await remove({ cookie: member.cookie, env });
    expect(whole(answer)).toBe(throttled(8));
    expect(answer.headers.get('Retry-After')).toBe('8');
    vi.setSystemTime(START_MS + 8000);
    expect(whole(await remove({ cookie: member.cookie, env }))).toBe('204');
  });
});
