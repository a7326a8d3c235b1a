// `id`: how admins read, disable, promote, sign out and delete one account.
import { describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { send, testEnv } from '../../support/worker.ts';
import { ACCOUNTS, OF_ONE, shownToAdmin } from './support-admin.ts';
import {
  after,
  atFixedTime,
  bearer,
  cookieFor,
  eventsOf,
  isLive,
  join,
  joinAdmin,
  logIn,
  type Member,
  rowOf,
  START,
  START_EXPIRES,
  START_MS,
  tokenFor,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

atFixedTime();

const see = ({ cookie }: Member, { id }: { id: number }) => send(`${ACCOUNTS}/${id}`, { cookie });
const act = ({ cookie }: Member, { id }: { id: number }, action: string) =>
  send(`${ACCOUNTS}/${id}/${action}`, { method: 'POST', cookie });
const endAll = ({ cookie }: Member, { id }: { id: number }) =>
  send(`${ACCOUNTS}/${id}/sessions`, { method: 'DELETE', cookie });
const remove = ({ cookie }: Member, { id }: { id: number }) =>
  send(`${ACCOUNTS}/${id}`, { method: 'DELETE', cookie });
const shown = (member: Member, more: object = {}): string =>
  `200 ${JSON.stringify({ account: shownToAdmin(member, more) })}`;

describe('GET /id/admin/accounts/<id>', () => {
  it('returns the account with its sessions and its audit log', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    await logIn({ ...member, password: 'wrong' });
    const answer = await see(admin, member);
    const [refusal, made] = [...answer.text.matchAll(/"id":(\d+),"type"/g)].map(([, id]) => Number(id));
    const client = { dialect: 'id', addressPrefix: null, userAgent: null, byAdmin: false, at: START };
    const times = { createdAt: START, lastSeenAt: START, expiresAt: START_EXPIRES };
    const id = await sha256Hex(member.cookie);
    const expected = {
      account: shownToAdmin(member),
      sessions: [{ id, kind: 'cookie', ...times, userAgent: null, country: null, current: false }],
      events: [
        { id: refusal, type: 'login_refused', ...client },
        { id: made, type: 'registered', ...client },
      ],
    };
    expect(whole(answer)).toBe(`200 ${JSON.stringify(expected)}`);
  });

  it('marks the current session if admins read their own account', async () => {
    const admin = await joinAdmin();
    const { text } = await see(admin, admin);
    expect(text).toContain(`{"account":${JSON.stringify(shownToAdmin(admin, { isAdmin: true }))},`);
    expect(text).toContain(`"current":true`);
  });

  it('returns only the newest 50 events', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    const insert = testEnv.DB.prepare(
      "INSERT INTO events (id, user_id, type, dialect, created_at) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM events), ?, 'login', 'id', 0)",
    );
    await testEnv.DB.batch(Array.from({ length: 60 }, () => insert.bind(member.id)));
    const { text } = await see(admin, member);
    expect(text.match(/"type":"login"/g)).toHaveLength(50);
    expect(text).not.toContain('registered');
  });

  it('accepts a token instead of the cookie', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    const byToken = await send(`${ACCOUNTS}/${member.id}/`, bearer(await tokenFor(admin)));
    expect(byToken.text).toBe((await see(admin, member)).text);
  });
});

describe('POST /id/admin/accounts/<id>/disable', () => {
  it('ends every session and rejects logins until the account is enabled', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    const sessions = [
      { cookie: member.cookie },
      bearer(await tokenFor(member)),
      { cookie: await cookieFor(member) },
    ];
    vi.setSystemTime(START_MS + 1000);
    const disabled = { updatedAt: after(1000), disabledAt: after(1000) };
    expect(whole(await act(admin, member, 'disable'))).toBe(shown(member, disabled));
    for (const sent of sessions) expect(await isLive(sent)).toBe(false);
    expect(whole(await logIn(member))).toBe(refused('wrong_credentials'));
    expect((await see(admin, member)).text).toContain('"sessions":[]');

    vi.setSystemTime(START_MS + 2000);
    expect(whole(await act(admin, member, 'enable'))).toBe(shown(member, { updatedAt: after(2000) }));
    for (const sent of sessions) expect(await isLive(sent)).toBe(false);
    expect((await logIn(member)).status).toBe(200);
    expect((await eventsOf(member.id)).slice(0, 4)).toEqual([
      'login',
      'enabled',
      'login_refused',
      'disabled',
    ]);
  });

  it('affects no other account', async () => {
    const [admin, member, other] = [await joinAdmin(), await join(), await join()];
    await act(admin, member, 'disable');
    expect([await isLive({ cookie: other.cookie }), await isLive({ cookie: admin.cookie })]).toEqual([
      true,
      true,
    ]);
  });

  it('can be repeated, as can enabling, and keeps the first disabledAt', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    expect(whole(await act(admin, member, 'enable'))).toBe(shown(member));
    expect(whole(await act(admin, member, 'disable'))).toBe(shown(member, { disabledAt: START }));
    vi.setSystemTime(START_MS + 1000);
    const again = { disabledAt: START, updatedAt: after(1000) };
    expect(whole(await act(admin, member, 'disable'))).toBe(shown(member, again));
  });
});

describe('POST /id/admin/accounts/<id>/grant-admin and /revoke-admin', () => {
  it('takes effect at once, and keeps the sessions of the account', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    expect(whole(await see(member, admin))).toBe(refused('forbidden'));
    expect(whole(await act(admin, member, 'grant-admin'))).toBe(shown(member, { isAdmin: true }));
    expect((await see(member, admin)).status).toBe(200);
    expect(whole(await act(admin, member, 'revoke-admin'))).toBe(shown(member));
    expect(whole(await see(member, admin))).toBe(refused('forbidden'));
    expect(await isLive({ cookie: member.cookie })).toBe(true);
    expect((await eventsOf(member.id)).slice(0, 2)).toEqual(['admin_revoked', 'admin_granted']);
  });

  it('can be repeated', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    expect(whole(await act(admin, member, 'revoke-admin'))).toBe(shown(member));
    for (let times = 0; times < 2; times += 1)
      expect(whole(await act(admin, member, 'grant-admin'))).toBe(shown(member, { isAdmin: true }));
  });
});

describe('DELETE /id/admin/accounts/<id>/sessions', () => {
  it('returns how many sessions ended, and the account can log in again', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    const token = await tokenFor(member);
    expect(whole(await endAll(admin, member))).toBe('200 {"endedSessions":2}');
    expect([await isLive({ cookie: member.cookie }), await isLive({ token })]).toEqual([false, false]);
    expect(whole(await endAll(admin, member))).toBe('200 {"endedSessions":0}');
    expect((await logIn(member)).status).toBe(200);
    expect(await isLive({ cookie: admin.cookie })).toBe(true);
  });

  it('ends the current session too if admins end the sessions of their own account', async () => {
    const admin = await joinAdmin();
    expect(whole(await endAll(admin, admin))).toBe('200 {"endedSessions":1}');
    expect(await isLive({ cookie: admin.cookie })).toBe(false);
  });
});

describe('DELETE /id/admin/accounts/<id>', () => {
  it('deletes the account and its sessions, and every endpoint answers 404 afterwards', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    const answer = await remove(admin, member);
    expect(whole(answer)).toBe('204');
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await rowOf(member.id)).toBeNull();
    expect(await isLive({ cookie: member.cookie })).toBe(false);
    expect(await isLive({ cookie: admin.cookie })).toBe(true);
    expect(whole(await logIn(member))).toBe(refused('wrong_credentials'));
    expect((await eventsOf(member.id))[0]).toBe('deleted');
    for (const [method, rest] of OF_ONE)
      expect(whole(await send(`${ACCOUNTS}/${member.id}${rest}`, { method, cookie: admin.cookie }))).toBe(
        refused('not_found'),
      );
  });

  it('can delete another admin', async () => {
    const [admin, other] = [await joinAdmin(), await joinAdmin()];
    expect(whole(await remove(admin, other))).toBe('204');
    expect(await rowOf(other.id)).toBeNull();
  });
});

describe('GET /id/events', () => {
  it('shows the owner what an admin did, but not which admin', async () => {
    const [admin, member] = [await joinAdmin(), await join()];
    for (const action of ['grant-admin', 'revoke-admin', 'disable', 'enable'])
      await act(admin, member, action);
    await endAll(admin, member);
    const { text } = await send('/id/events', bearer(await tokenFor(member)));
    const types = [...text.matchAll(/"type":"(\w+)"[^}]*"byAdmin":true/g)].map(([, type]) => type);
    expect(types).toEqual(['sessions_ended', 'enabled', 'disabled', 'admin_revoked', 'admin_granted']);
    expect(text).not.toMatch(/actor/i);
    expect(await eventsOf(admin.id)).toEqual(['registered']);
  });
});
