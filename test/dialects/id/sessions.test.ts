// GET /id/sessions: the list of the own sessions; the same for admins.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import worker from '../../../src/index.ts';
import { ORIGIN, type Sent, send, testEnv } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  bearer,
  cookieFor,
  cookieOf,
  cookiesOf,
  idOfJwt,
  isLive,
  join,
  logIn,
  type Member,
  SESSION_COOKIE,
  START,
  START_EXPIRES,
  START_MS,
  tokenFor,
  tokenOf,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

atFixedTime();

const DAY_MS = 24 * 60 * 60 * 1000;

const list = (sent: Sent) => send('/id/sessions', sent);
const endOne = (id: string, sent: Sent) => send(`/id/sessions/${id}`, { method: 'DELETE', ...sent });

const shown = (...sessions: object[]): string => {
  const all = sessions.map((session) => ({
    id: '',
    kind: 'cookie',
    createdAt: START,
    lastSeenAt: START,
    expiresAt: START_EXPIRES,
    userAgent: null,
    country: null,
    current: false,
    ...session,
  }));
  return `200 ${JSON.stringify({ sessions: all })}`;
};

/** Logs in for a cookie, from a country as the edge reports it. */
const logInFrom = async ({ email, password }: Member, country: string): Promise<string> => {
  const context = createExecutionContext();
  const init = { method: 'POST', body: JSON.stringify({ identifier: email, password }) };
  const headers = { 'Content-Type': 'application/json' };
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/id/login`, {
    ...init,
    headers,
  });
  Object.defineProperty(request, 'cf', { value: { country } });
  const { headers: answered } = await worker.fetch(request, testEnv, context);
  await waitOnExecutionContext(context);
  return /sessionid=([^;]+)/.exec(answered.getSetCookie().join())?.[1] ?? expect.fail();
};

describe('GET /id/sessions', () => {
  it('lists sessions with device and times, the last seen first, and marks the current one', async () => {
    const member = await join();
    vi.setSystemTime(START_MS + 1000);
    const agent = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0';
    const token = tokenOf(await logIn(member, { session: 'token' }, { headers: { 'User-Agent': agent } }));
    const first = { id: await sha256Hex(member.cookie), current: true };
    const times = { createdAt: after(1000), lastSeenAt: after(1000), expiresAt: after(1000 + 14 * DAY_MS) };
    const second = { id: await idOfJwt(token), kind: 'jwt', ...times, userAgent: agent };
    expect(whole(await list({ cookie: member.cookie }))).toBe(shown(second, first));
    expect(whole(await list(bearer(token)))).toBe(
      shown({ ...second, current: true }, { ...first, current: false }),
    );
  });

  it('shows the country that the edge reports, and ignores invalid codes', async () => {
    const member = await join();
    for (const [ms, country] of [
      [1, 'NL'],
      [2, 'T1'],
      [3, 'nl'],
      [4, 'XXX'],
    ] as const) {
      vi.setSystemTime(START_MS + ms);
      await logInFrom(member, country);
    }
    const { text } = await list({ cookie: member.cookie });
    expect(text.match(/"country":[^,]+/g)).toEqual(
      ['null', 'null', '"T1"', '"NL"', 'null'].map((country) => `"country":${country}`),
    );
  });

  it('shows at most 256 characters of a user agent', async () => {
    const member = await join();
    const headers = { 'User-Agent': 'x'.repeat(300) };
    const cookie = cookieOf(await logIn(member, {}, { headers }));
    expect((await list({ cookie })).text).toContain(`"userAgent":"${'x'.repeat(256)}"`);
  });

  it('updates lastSeenAt once a day, and extends the cookie', async () => {
    const { cookie } = await join();
    const id = await sha256Hex(cookie);
    vi.setSystemTime(START_MS + DAY_MS - 1);
    expect(cookiesOf(await list({ cookie }))).toEqual([]);
    vi.setSystemTime(START_MS + DAY_MS);
    expect(cookiesOf(await list({ cookie }))).toEqual([SESSION_COOKIE]);
    const seen = { lastSeenAt: after(DAY_MS), expiresAt: after(15 * DAY_MS) };
    expect(whole(await list({ cookie }))).toBe(shown({ id, ...seen, current: true }));
  });

  it('lists no ended or expired session', async () => {
    const member = await join();
    const left = await cookieFor(member);
    await send('/id/logout', { method: 'POST', cookie: left });
    vi.setSystemTime(START_MS + 13 * DAY_MS);
    const cookie = await cookieFor(member);
    expect((await list({ cookie })).text.match(/"id"/g)).toHaveLength(2);
    vi.setSystemTime(START_MS + 14 * DAY_MS);
    expect((await list({ cookie })).text.match(/"id"/g)).toHaveLength(1);
    expect(await isLive({ cookie: member.cookie })).toBe(false);
  });

  it('contains nothing of another account, and no token', async () => {
    const [one, other] = [await join(), await join()];
    const token = await tokenFor(one);
    const { text } = await list({ cookie: one.cookie });
    for (const secret of [one.cookie, token, other.cookie, await sha256Hex(other.cookie)])
      expect(text).not.toContain(secret);
  });

  it('rejects missing and invalid credentials, as do the DELETE endpoints', async () => {
    for (const method of ['GET', 'DELETE']) {
      expect(whole(await list({ method }))).toBe(refused('credentials_missing'));
      expect(whole(await list({ method, token: 'x' }))).toBe(refused('credentials_invalid'));
    }
    expect(whole(await endOne('a'.repeat(64), {}))).toBe(refused('credentials_missing'));
  });
});

describe('paging of GET /id/sessions', () => {
  const linkOf = (answer: { headers: Headers }): string | null => answer.headers.get('Link');

  it('lists each session once if the client follows the Link header', async () => {
    const member = await join();
    const ids = [await sha256Hex(member.cookie)];
    for (let login = 1; login < 5; login += 1) {
      vi.setSystemTime(START_MS + login * 1000);
      ids.unshift(await sha256Hex(await cookieFor(member)));
    }
    const pages: string[][] = [];
    for (let path: string | undefined = '/id/sessions?limit=2'; path; ) {
      const answer = await send(path, { cookie: member.cookie });
      pages.push([...answer.text.matchAll(/"id":"([0-9a-f]{64})"/g)].map(([, id]) => id ?? ''));
      path = /^<https:\/\/latchkey\.test([^>]+)>; rel="next"$/.exec(linkOf(answer) ?? '')?.[1];
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  });

  it('starts with the first page if the cursor is invalid', async () => {
    const member = await join();
    const whole = await list({ cookie: member.cookie });
    for (const cursor of ['x', '1', '1.2', `-1.${'0'.repeat(64)}`, `1.${'0'.repeat(64)}'`])
      expect((await send(`/id/sessions?after=${cursor}`, { cookie: member.cookie })).text).toBe(whole.text);
    const behind = await send(`/id/sessions?after=1.${'0'.repeat(64)}`, { cookie: member.cookie });
    expect(behind.text).toBe('{"sessions":[]}');
  });

  it('works the same for admins, at /id/admin/accounts/<id>/sessions', async () => {
    const [member, admin] = [await join(), await join()];
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
    vi.setSystemTime(START_MS + 1000);
    await cookieFor(member);
    const path = `/id/admin/accounts/${member.id}/sessions`;
    const own = await list({ cookie: member.cookie });
    const seen = await send(path, { cookie: admin.cookie });
    expect(seen.text).toBe(own.text.replace('"current":true', '"current":false'));
    const first = await send(`${path}?limit=1`, { cookie: admin.cookie });
    expect(linkOf(first)).toMatch(
      /^<https:\/\/latchkey\.test\/id\/admin\/accounts\/\d+\/sessions\?limit=1&after=/,
    );
    expect(whole(await send('/id/admin/accounts/999999/sessions', { cookie: admin.cookie }))).toBe(
      refused('not_found'),
    );
    expect(whole(await send(path, { cookie: member.cookie }))).toBe(refused('forbidden'));
  });
});
