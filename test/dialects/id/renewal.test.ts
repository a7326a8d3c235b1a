// `id`: a new password, email or username renews the session of the request, in the cookie or in the answer.
// https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.2.4
import { describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  bearer,
  cookieFor,
  cookieOf,
  cookiesOf,
  DEVICE_COOKIE,
  isLive,
  join,
  NO_SESSION_COOKIE,
  OTHER_PASSWORD,
  PASSWORD,
  person,
  SESSION_COOKIE,
  START_MS,
  tokenFor,
  tokenOf,
  whole,
} from './support-id.ts';
import { invalid, refused } from './support-refusals.ts';

atFixedTime();

const DAY_MS = 24 * 60 * 60 * 1000;

const change = (sent: Sent, newPassword = OTHER_PASSWORD, currentPassword = PASSWORD) =>
  send('/id/me/password', { method: 'PUT', ...sent, json: { currentPassword, newPassword } });

describe('a change of password with a cookie', () => {
  it('sets a new cookie, and ends the session of the old one', async () => {
    const member = await join();
    await cookieFor(member);
    await tokenFor(member);
    const answer = await change({ cookie: member.cookie });
    expect(whole(answer)).toBe('200 {"endedSessions":2}');
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE, SESSION_COOKIE]);
    const cookie = cookieOf(answer);
    expect(cookie).not.toBe(member.cookie);
    expect([await isLive({ cookie: member.cookie }), await isLive({ cookie })]).toEqual([false, true]);
  });

  it('leaves only the new session, listed as if it had just begun', async () => {
    const { cookie } = await join();
    vi.setSystemTime(START_MS + DAY_MS / 2);
    const headers = { 'User-Agent': 'another one' };
    const renewed = cookieOf(await change({ cookie, headers }));
    const session = {
      id: await sha256Hex(renewed),
      kind: 'cookie',
      createdAt: after(DAY_MS / 2),
      lastSeenAt: after(DAY_MS / 2),
      expiresAt: after(14.5 * DAY_MS),
      userAgent: null,
      country: null,
      current: true,
    };
    expect(whole(await send('/id/sessions', { cookie: renewed }))).toBe(
      `200 ${JSON.stringify({ sessions: [session] })}`,
    );
  });
});

// https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
describe('a request that would also extend the session', () => {
  const aDayOn = async () => {
    const member = await join();
    vi.setSystemTime(START_MS + DAY_MS);
    return member;
  };

  it.each([
    ['password', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }],
    ['email', { email: person().email, password: PASSWORD }],
    ['username', { username: person().username, password: PASSWORD }],
  ])('sets only the renewed session cookie after a new %s', async (field, json) => {
    const { cookie } = await aDayOn();
    const answer = await send(`/id/me/${field}`, { method: 'PUT', cookie, json });
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE, SESSION_COOKIE]);
    expect(await isLive({ cookie: cookieOf(answer) })).toBe(true);
  });

  it('only clears the cookie at logout', async () => {
    const { cookie } = await aDayOn();
    const answer = await send('/id/logout', { method: 'POST', cookie });
    expect(cookiesOf(answer)).toEqual([NO_SESSION_COOKIE]);
  });

  it('only clears the cookie at deletion of the account', async () => {
    const { cookie } = await aDayOn();
    const answer = await send('/id/me', { method: 'DELETE', cookie, json: { password: PASSWORD } });
    expect(cookiesOf(answer)).toEqual([NO_SESSION_COOKIE]);
  });
});

describe('a change with a token', () => {
  it('returns a new JSON Web Token, and ends the old one', async () => {
    const member = await join();
    const token = await tokenFor(member);
    const answer = await change(bearer(token));
    const renewed = tokenOf(answer);
    expect(whole(answer)).toBe(`200 ${JSON.stringify({ endedSessions: 1, token: renewed })}`);
    expect(renewed).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE]);
    expect([await isLive(bearer(token)), await isLive(bearer(renewed))]).toEqual([false, true]);
    expect(await isLive({ cookie: member.cookie })).toBe(false);
  });

  it('returns a new API token for an API token, and ends the old one', async () => {
    const { email, cookie } = await join();
    const legacy = { username: email, password: PASSWORD };
    const token = tokenOf(await send('/account/login', { json: legacy }));
    const answer = await change({ token });
    const renewed = tokenOf(answer);
    expect(whole(answer)).toBe(`200 ${JSON.stringify({ endedSessions: 1, token: renewed })}`);
    expect(renewed).toMatch(/^[0-9a-f]{40}$/);
    expect([await isLive({ token }), await isLive({ token: renewed }), await isLive({ cookie })]).toEqual([
      false,
      true,
      false,
    ]);
    const again = { username: email, password: OTHER_PASSWORD };
    expect(tokenOf(await send('/account/login', { json: again }))).toBe(renewed);
  });

  it('returns an API token for an imported one, and keeps the one issued by a login', async () => {
    const { id, email, cookie } = await join();
    const [imported, legacy] = ['0123456789'.repeat(4), { username: email, password: PASSWORD }];
    const ours = tokenOf(await send('/account/login', { json: legacy }));
    await testEnv.DB.prepare(
      "INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) VALUES (?, ?, 'imported', ?3, ?3, ?3 * 2)",
    )
      .bind(await sha256Hex(imported), id, START_MS)
      .run();
    const json = { email: `new.${email}`, password: PASSWORD };
    const answer = await send('/id/me/email', { method: 'PUT', token: imported, json });
    const renewed = tokenOf(answer);
    expect(renewed).toMatch(/^[0-9a-f]{40}$/);
    expect(new Set([imported, ours, renewed]).size).toBe(3);
    expect(await isLive({ token: imported })).toBe(false);
    for (const sent of [{ token: renewed }, { token: ours }, { cookie }])
      expect(await isLive(sent)).toBe(true);
  });

  it('returns the token only in the body if a cookie is sent too', async () => {
    const member = await join();
    const answer = await change({ ...bearer(await tokenFor(member)), cookie: member.cookie });
    expect(whole(answer)).toBe(`200 ${JSON.stringify({ endedSessions: 1, token: tokenOf(answer) })}`);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE]);
  });
});

it('requires the renewed cookie for a second change', async () => {
  const { cookie } = await join();
  const first = cookieOf(await change({ cookie }));
  expect(whole(await change({ cookie }, PASSWORD, OTHER_PASSWORD))).toBe(refused('credentials_missing'));
  const second = cookieOf(await change({ cookie: first }, PASSWORD, OTHER_PASSWORD));
  expect([await isLive({ cookie: first }), await isLive({ cookie: second })]).toEqual([false, true]);
});

it('performs only one of two changes at once, and ends the old session', async () => {
  const { cookie } = await join();
  const answers = await Promise.all([change({ cookie }), change({ cookie }, 'a third one entirely')]);
  const [done, ...others] = answers.sort((one, other) => one.status - other.status);
  expect(done?.status).toBe(200);
  expect(others.map(({ status }) => status)).toEqual([401]);
  expect(await isLive({ cookie })).toBe(false);
});

it('keeps the session, without a new cookie, if a change is refused', async () => {
  const member = await join();
  const token = await tokenFor(member);
  for (const [sent, live] of [
    [{ cookie: member.cookie }, { cookie: member.cookie }],
    [bearer(token), bearer(token)],
  ] as const) {
    const wrong = await change(sent, OTHER_PASSWORD, 'wrong');
    const common = await change(sent, 'iloveyou');
    expect([whole(wrong), whole(common)]).toEqual([
      refused('wrong_credentials'),
      invalid(['newPassword', 'common_password']),
    ]);
    for (const answer of [wrong, common]) expect(cookiesOf(answer)).toEqual([]);
    expect(await isLive(live)).toBe(true);
  }
});
