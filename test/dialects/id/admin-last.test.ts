// `id`: the last admin cannot be disabled, demoted or deleted, not even by concurrent requests.
import { describe, expect, it } from 'vitest';
import { send, testEnv } from '../../support/worker.ts';
import { ACCOUNTS, OF_ONE } from './support-admin.ts';
import { isLive, join, joinAdmin, type Member, rowOf, whole, withoutAdmins } from './support-id.ts';
import { refused } from './support-refusals.ts';

withoutAdmins();

const act = ({ cookie }: Member, { id }: Member, method: string, rest: string) =>
  send(`${ACCOUNTS}/${id}${rest}`, { method, cookie });

/** Requests that could leave the service without an admin. */
const TAKING: [string, string][] = [
  ['POST', '/disable'],
  ['POST', '/revoke-admin'],
  ['DELETE', ''],
];
const admins = async (): Promise<number | null> =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE is_admin = 1 AND disabled_at IS NULL').first('n');

describe.each(TAKING)('%s /id/admin/accounts/<id>%s', (method, rest) => {
  it('answers 409 last_admin to the last admin, who stays logged in', async () => {
    const admin = await joinAdmin();
    expect(whole(await act(admin, admin, method, rest))).toBe(refused('last_admin'));
    expect(await rowOf(admin.id)).toMatchObject({ is_admin: 1, disabled_at: null });
    expect(await isLive({ cookie: admin.cookie })).toBe(true);
  });

  it('answers 409 last_admin if the only other admin is disabled', async () => {
    const [admin, other] = [await joinAdmin(), await joinAdmin()];
    expect((await act(admin, other, 'POST', '/disable')).status).toBe(200);
    expect(whole(await act(admin, admin, method, rest))).toBe(refused('last_admin'));
    expect(await admins()).toBe(1);
  });

  it('does not count an admin without a usable password, unless that admin has a passkey', async () => {
    const [admin, other] = [await joinAdmin(), await joinAdmin()];
    await testEnv.DB.prepare("UPDATE users SET password_hash = '!' WHERE id = ?").bind(other.id).run();
    expect(whole(await act(admin, admin, method, rest))).toBe(refused('last_admin'));
    await testEnv.DB.prepare(
      `INSERT INTO factors (user_id, kind, name, credential_id, created_at, confirmed_at)
        VALUES (?1, 'passkey', 'key', 'key-' || ?1, 1, 1)`,
    )
      .bind(other.id)
      .run();
    expect((await act(admin, admin, method, rest)).status).toBeLessThan(300);
  });

  it('succeeds on the own account if there is another admin', async () => {
    const [admin, other] = [await joinAdmin(), await joinAdmin()];
    expect((await act(admin, admin, method, rest)).status).toBe(method === 'DELETE' ? 204 : 200);
    expect(await admins()).toBe(1);
    expect(whole(await act(admin, other, 'GET', ''))).toBe(
      refused(rest === '/revoke-admin' ? 'forbidden' : 'credentials_missing'),
    );
  });

  it('keeps one admin if two send it about each other at once', async () => {
    const [one, other] = [await joinAdmin(), await joinAdmin()];
    const answers = await Promise.all([act(one, other, method, rest), act(other, one, method, rest)]);
    expect(await admins()).toBe(1);
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
  });

  it('keeps one admin if two send it about themselves at once', async () => {
    const [one, other] = [await joinAdmin(), await joinAdmin()];
    await Promise.all([act(one, one, method, rest), act(other, other, method, rest)]);
    expect(await admins()).toBe(1);
  });
});

describe('DELETE /id/me', () => {
  const leave = ({ cookie, password }: Member) =>
    send('/id/me', { method: 'DELETE', cookie, json: { password } });

  it('answers 409 last_admin to the last admin, after checking the password', async () => {
    const admin = await joinAdmin();
    expect(whole(await leave({ ...admin, password: 'wrong' }))).toBe(refused('wrong_credentials'));
    const answer = await leave(admin);
    expect(whole(answer)).toBe(refused('last_admin'));
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await isLive({ cookie: admin.cookie })).toBe(true);
  });

  it('succeeds if there is another admin, and only once for two admins at once', async () => {
    const [one, other, third] = [await joinAdmin(), await joinAdmin(), await joinAdmin()];
    expect(whole(await leave(third))).toBe('204');
    await Promise.all([leave(one), leave(other)]);
    expect(await admins()).toBe(1);
  });
});

it('lets the last admin send every other request about the own account', async () => {
  const admin = await joinAdmin();
  for (const [method, rest] of OF_ONE) {
    const isTaking = TAKING.some(([other, end]) => other === method && end === rest);
    if (!isTaking && rest !== '/sessions') expect((await act(admin, admin, method, rest)).status).toBe(200);
  }
});

it('lets another admin demote or delete a disabled admin', async () => {
  const [admin, other, third] = [await joinAdmin(), await joinAdmin(), await join()];
  await act(admin, other, 'POST', '/disable');
  expect((await act(admin, other, 'POST', '/revoke-admin')).status).toBe(200);
  await act(admin, third, 'POST', '/grant-admin');
  await act(admin, third, 'POST', '/disable');
  expect(whole(await act(admin, third, 'DELETE', ''))).toBe('204');
});
