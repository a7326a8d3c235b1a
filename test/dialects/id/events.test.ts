// GET /id/events: the audit log of the own account, newest first, in pages; the same for admins.
import { describe, expect, it, vi } from 'vitest';
import { type Answer, type Sent, send, testEnv } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  cookieOf,
  idOf,
  join,
  joinAdmin,
  logIn,
  type Member,
  person,
  START_MS,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

atFixedTime();

const events = (query: string, sent: Sent) => send(`/id/events${query}`, sent);

const idsIn = ({ text }: Answer): number[] => [...text.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id));
const nextOf = ({ headers }: Answer): string | null => headers.get('Link');

/** Adds `count` events to the audit log of an account. */
const addEvents = async ({ id }: Member, count: number): Promise<void> => {
  const insert = testEnv.DB.prepare(
    "INSERT INTO events (id, user_id, type, dialect, created_at) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM events), ?, 'login', 'id', ?)",
  );
  await testEnv.DB.batch(Array.from({ length: count }, () => insert.bind(id, START_MS)));
};

/** The ids of all events of an account, newest first. */
const allIds = async ({ id }: Member): Promise<number[]> => {
  const query = testEnv.DB.prepare('SELECT id FROM events WHERE user_id = ? ORDER BY id DESC').bind(id);
  return (await query.all<{ id: number }>()).results.map((row) => row.id);
};

describe('GET /id/events', () => {
  it('lists each event with its dialect, network, device and time, newest first', async () => {
    const fields = person();
    const [phone, laptop] = [
      { 'User-Agent': 'a phone', 'CF-Connecting-IP': '203.0.113.77' },
      { 'User-Agent': 'a laptop', 'CF-Connecting-IP': '2001:db8:1:2:3:4:5:6' },
    ];
    const registered = await send('/id/register', { json: fields, headers: phone });
    const member = { ...fields, id: idOf(registered), cookie: cookieOf(registered) };
    vi.setSystemTime(START_MS + 1000);
    await logIn({ ...member, password: 'wrong' }, {}, { headers: laptop });
    vi.setSystemTime(START_MS + 2000);
    await send('/api/users/me/', { method: 'PATCH', cookie: member.cookie, json: { address: 'x' } });

    const answer = await events('', { cookie: member.cookie });
    const [changed, refusal, made] = idsIn(answer);
    const bare = { addressPrefix: null, userAgent: null, byAdmin: false };
    const atPhone = { addressPrefix: '203.0.113.0/24', userAgent: 'a phone', byAdmin: false };
    const atLaptop = { addressPrefix: '2001:db8:1:2::/64', userAgent: 'a laptop', byAdmin: false };
    expect(whole(answer)).toBe(
      `200 ${JSON.stringify({
        events: [
          { id: changed, type: 'profile_changed', dialect: 'users', ...bare, at: after(2000) },
          { id: refusal, type: 'login_refused', dialect: 'id', ...atLaptop, at: after(1000) },
          { id: made, type: 'registered', dialect: 'id', ...atPhone, at: after(0) },
        ],
      })}`,
    );
    expect(nextOf(answer)).toBeNull();
  });

  it('shows the owner that an admin acted, but not the network or browser of the admin', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    const headers = { 'User-Agent': 'an admin browser', 'CF-Connecting-IP': '203.0.113.77' };
    const granted = `/id/admin/accounts/${member.id}/grant-admin`;
    expect((await send(granted, { method: 'POST', cookie: admin.cookie, headers })).status).toBe(200);

    for (const path of ['/id/events?limit=1', '/id/export', '/activity', '/']) {
      const { status, text } = await send(path, { cookie: member.cookie });
      expect([path, status]).toEqual([path, 200]);
      expect(text).not.toMatch(/an admin browser|203\.0\.113/);
    }
    const [event] = JSON.parse((await events('?limit=1', { cookie: member.cookie })).text).events;
    expect(event).toMatchObject({
      type: 'admin_granted',
      byAdmin: true,
      addressPrefix: null,
      userAgent: null,
    });
    const seen = await send(`/id/admin/accounts/${member.id}/events?limit=1`, { cookie: admin.cookie });
    expect(JSON.parse(seen.text).events[0]).toMatchObject({
      byAdmin: true,
      addressPrefix: '203.0.113.0/24',
      userAgent: 'an admin browser',
    });
  });

  it('lists no event of another account', async () => {
    const [one, other] = [await join(), await join()];
    await addEvents(other, 3);
    expect(idsIn(await events('', { cookie: one.cookie }))).toEqual(await allIds(one));
    const [newest] = await allIds(other);
    expect(idsIn(await events(`?after=${(newest ?? 0) + 1}`, { cookie: one.cookie }))).toEqual(
      await allIds(one),
    );
  });

  it('rejects missing and invalid credentials', async () => {
    expect(whole(await events('', {}))).toBe(refused('credentials_missing'));
    expect(whole(await events('', { token: 'x' }))).toBe(refused('credentials_invalid'));
  });
});

describe('GET /id/admin/accounts/<id>/events', () => {
  it('returns the same pages to an admin, and rejects the owner', async () => {
    const [member, admin] = [await join(), await join()];
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
    await addEvents(member, 3);
    const ids = await allIds(member);
    const path = `/id/admin/accounts/${member.id}/events`;
    const first = await send(`${path}?limit=2`, { cookie: admin.cookie });
    expect(first.text).toBe((await events('?limit=2', { cookie: member.cookie })).text);
    expect(nextOf(first)).toBe(`<https://latchkey.test${path}?limit=2&after=${ids[1]}>; rel="next"`);
    const last = await send(`${path}?limit=2&after=${ids[1]}`, { cookie: admin.cookie });
    expect([idsIn(last), nextOf(last)]).toEqual([ids.slice(2), null]);
    expect(whole(await send(path, { cookie: member.cookie }))).toBe(refused('forbidden'));
  });
});

describe('paging of GET /id/events', () => {
  it('lists each event once if the client follows the Link header', async () => {
    const member = await join();
    await addEvents(member, 4);
    const ids = await allIds(member);
    const first = await events('?limit=2', { cookie: member.cookie });
    expect(idsIn(first)).toEqual(ids.slice(0, 2));
    expect(nextOf(first)).toBe(`<https://latchkey.test/id/events?limit=2&after=${ids[1]}>; rel="next"`);
    const second = await events(`?limit=2&after=${ids[1]}`, { cookie: member.cookie });
    expect(idsIn(second)).toEqual(ids.slice(2, 4));
    expect(nextOf(second)).toBe(`<https://latchkey.test/id/events?limit=2&after=${ids[3]}>; rel="next"`);
    const last = await events(`?limit=2&after=${ids[3]}`, { cookie: member.cookie });
    expect(idsIn(last)).toEqual(ids.slice(4));
    expect(nextOf(last)).toBeNull();
    expect(whole(await events(`?after=${ids[4]}`, { cookie: member.cookie }))).toBe('200 {"events":[]}');
  });

  it('links to no next page after a full last page', async () => {
    const member = await join();
    await addEvents(member, 2);
    expect(nextOf(await events('?limit=3', { cookie: member.cookie }))).toBeNull();
    expect(nextOf(await events('?limit=2', { cookie: member.cookie }))).not.toBeNull();
  });

  it('takes a limit from 1 to 1,000, and 100 by default', async () => {
    const member = await join();
    await addEvents(member, 1001);
    const ids = await allIds(member);
    const SIZES: [string, number][] = [
      ['', 100],
      ['?limit=', 100],
      ['?limit=x', 100],
      ['?limit=NaN', 100],
      ['?limit=0', 1],
      ['?limit=-5', 1],
      ['?limit=2.9', 2],
      ['?limit=1000', 1000],
      ['?limit=1001', 1000],
      ['?limit=99999999999999999999', 1000],
    ];
    for (const [query, size] of SIZES) {
      const answer = await events(query, { cookie: member.cookie });
      expect(idsIn(answer)).toEqual(ids.slice(0, size));
      const next = `<https://latchkey.test/id/events?limit=${size}&after=${ids[size - 1]}>; rel="next"`;
      expect(nextOf(answer)).toBe(next);
    }
  });

  it.each(['', 'x', '-1', '1e9', '0x10', '1.5', 'NaN', 'Infinity', '%00', "1'"])(
    'starts with the newest event if the cursor is invalid: %j',
    async (cursor) => {
      const member = await join();
      await addEvents(member, 2);
      const answer = await events(`?after=${cursor}`, { cookie: member.cookie });
      expect(idsIn(answer)).toEqual(await allIds(member));
    },
  );
});
