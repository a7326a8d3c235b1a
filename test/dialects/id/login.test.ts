// POST /id/login: accepted names, kinds of sessions, and refusals.
import { describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { send, testEnv } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  bearer,
  cookieFor,
  cookieOf,
  cookiesOf,
  DEVICE_COOKIE,
  eventsOf,
  isLive,
  join,
  logIn,
  namesOf,
  PASSWORD,
  person,
  SESSION_COOKIE,
  START_MS,
  shownAccount,
  tokenFor,
  tokenOf,
  whole,
} from './support-id.ts';
import { type FieldFault, invalid, refused, throttled } from './support-refusals.ts';

atFixedTime();

const WRONG = refused('wrong_credentials');
const login = (identifier: unknown, password: unknown, more: object = {}) =>
  send('/id/login', { json: { identifier, password, ...more } });

describe('POST /id/login', () => {
  it('opens a session in a cookie', async () => {
    const member = await join();
    vi.setSystemTime(START_MS + 5000);
    const answer = await logIn(member);
    const account = shownAccount({ ...namesOf(member), lastLoginAt: after(5000) });
    expect(whole(answer)).toBe(`200 ${JSON.stringify({ account })}`);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE, SESSION_COOKIE]);
    expect(await isLive({ cookie: cookieOf(answer) })).toBe(true);
    expect(await eventsOf(member.id)).toEqual(['login', 'registered']);
  });

  it('returns a token if the client asks for one', async () => {
    const member = await join();
    const answer = await logIn(member, { session: 'token' });
    const token = tokenOf(answer);
    expect(whole(answer)).toBe(`200 ${JSON.stringify({ account: shownAccount(namesOf(member)), token })}`);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE]);
    expect(await isLive(bearer(token))).toBe(true);
    expect(await tokenFor(member)).not.toBe(token);
  });

  it('accepts the username or the email, regardless of case and outer white space', async () => {
    const member = await join();
    const expected = `200 ${JSON.stringify({ account: shownAccount(namesOf(member)) })}`;
    const { username, email } = member;
    for (const name of [username, email, username.toUpperCase(), ` ${email.toUpperCase()}\n`])
      expect(whole(await login(name, PASSWORD))).toBe(expected);
    for (const name of [`${username}x`, `x${email}`, email.split('@')[1], `${username}@`, `@${username}`])
      expect(whole(await login(name, PASSWORD))).toBe(WRONG);
  });

  it('reads a number as its digits, in both fields', async () => {
    const number = 10_000_000 + Math.floor(Math.random() * 80_000_000);
    await join({ username: String(number), password: '7294408315' });
    expect((await login(number, 7294408315)).status).toBe(200);
    expect(whole(await login(number, 7294408316))).toBe(WRONG);
  });

  it('ends the session of the cookie that the browser held, and no other', async () => {
    const member = await join();
    const other = await cookieFor(member);
    const answer = await logIn(member, {}, { cookie: member.cookie });
    expect(await isLive({ cookie: member.cookie })).toBe(false);
    expect(await isLive({ cookie: other })).toBe(true);
    expect(await isLive({ cookie: cookieOf(answer) })).toBe(true);
  });

  it('ignores an Authorization header, valid or invalid', async () => {
    const [one, other] = [await join(), await join()];
    const token = await tokenFor(other);
    for (const authorization of [`Bearer ${token}`, 'Bearer x', 'Bearer', 'Token a b']) {
      const answer = await logIn(one, {}, { headers: { Authorization: authorization } });
      expect(whole(answer)).toBe(`200 ${JSON.stringify({ account: shownAccount(namesOf(one)) })}`);
    }
    expect(await isLive(bearer(token))).toBe(true);
  });
});

describe('a refused POST /id/login', () => {
  it('gives the same answer for a wrong password, an unknown name and a disabled account', async () => {
    const [member, disabled] = [await join(), await join()];
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(disabled.id).run();
    const nobody = person();
    for (const answer of [
      await login(member.username, `${PASSWORD}x`),
      await login(member.email, PASSWORD.toUpperCase()),
      await login(nobody.username, PASSWORD),
      await login(nobody.email, PASSWORD),
      await login(disabled.username, PASSWORD),
      await login(disabled.email, PASSWORD),
    ]) {
      expect(whole(answer)).toBe(WRONG);
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(answer.headers.get('Retry-After')).toBeNull();
    }
    expect(await eventsOf(member.id)).toEqual(['login_refused', 'login_refused', 'registered']);
  });

  it('keeps the session of the cookie', async () => {
    const member = await join();
    expect(whole(await logIn({ ...member, password: 'wrong' }, {}, { cookie: member.cookie }))).toBe(WRONG);
    expect(await isLive({ cookie: member.cookie })).toBe(true);
  });

  const NO_TEXTS: [unknown, 'null' | 'not_text' | 'blank'][] = [
    [null, 'null'],
    [true, 'not_text'],
    [['a'], 'not_text'],
    [{ a: 1 }, 'not_text'],
    ['a\ud800', 'not_text'],
    ['', 'blank'],
  ];
  it.each(NO_TEXTS)('names the field of an invalid value: %j', async (value, code) => {
    const { username } = await join();
    expect(whole(await login(value, PASSWORD))).toBe(invalid(['identifier', code]));
    expect(whole(await login(username, value))).toBe(invalid(['password', code]));
    expect(whole(await login(value, value))).toBe(invalid(['identifier', code], ['password', code]));
  });

  const NO_FIELDS: [object, FieldFault[]][] = [
    [
      {},
      [
        ['identifier', 'required'],
        ['password', 'required'],
      ],
    ],
    [{ username: 'a', password: 'b' }, [['identifier', 'required']]],
    [{ identifier: 'a' }, [['password', 'required']]],
    [{ identifier: ' \n', password: ' ' }, [['identifier', 'blank']]],
    [{ identifier: 'a\u0000b', password: 'a\u0000b' }, [['identifier', 'nul']]],
    [{ identifier: 'a\u001bb', password: 'x' }, [['identifier', 'not_text']]],
    [{ identifier: 'a', password: 'x'.repeat(1025) }, [['password', 'too_many_bytes', 1024]]],
    [{ identifier: 'a', password: 'x', session: 'both' }, [['session', 'not_a_choice']]],
  ];
  it.each(NO_FIELDS)('names the invalid fields of %j', async (json, faults) => {
    expect(whole(await send('/id/login', { json }))).toBe(invalid(...faults));
  });

  it('applies no rule for new passwords', async () => {
    const { username } = await join();
    for (const password of ['x', '1234', 'password', username, 'x'.repeat(1024)])
      expect(whole(await login(username, password))).toBe(WRONG);
  });
});

describe('a throttled POST /id/login', () => {
  const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '4' };

  it('answers 429 with Retry-After, even to the right password, until the wait is over', async () => {
    const member = await join();
    for (const session of ['cookie', 'token'])
      expect(whole(await logIn({ ...member, password: 'wrong' }, { session }, { env }))).toBe(WRONG);
    for (const identifier of [member.username, member.email]) {
      const answer = await send('/id/login', { json: { identifier, password: PASSWORD }, env });
      expect(whole(answer)).toBe(throttled(4));
      expect(answer.headers.get('Retry-After')).toBe('4');
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    vi.setSystemTime(START_MS + 2500);
    expect(whole(await logIn(member, {}, { env }))).toBe(throttled(2));
    vi.setSystemTime(START_MS + 4000);
    expect((await logIn(member, {}, { env })).status).toBe(200);
    expect(whole(await logIn({ ...member, password: 'wrong' }, {}, { env }))).toBe(WRONG);
  });

  it('waits as long for an unknown name', async () => {
    const nobody = person();
    for (let tries = 0; tries < 2; tries += 1) expect(whole(await logIn(nobody, {}, { env }))).toBe(WRONG);
    expect(whole(await logIn(nobody, {}, { env }))).toBe(throttled(4));
  });

  it('keeps live sessions', async () => {
    const member = await join();
    for (let tries = 0; tries < 3; tries += 1) await logIn({ ...member, password: 'wrong' }, {}, { env });
    expect((await logIn(member, {}, { env })).status).toBe(429);
    expect(await isLive({ cookie: member.cookie, env })).toBe(true);
  });
});
