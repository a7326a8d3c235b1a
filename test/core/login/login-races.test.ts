// Accounts that change during a login or another change: the request is refused, and nothing is half done.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { observe } from '../../support/counting.ts';
import { send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

const PASSWORD = 'sesame1234';

const registered = async () => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const { text } = await send('/account/register', { json: { username, email, password: PASSWORD } });
  const token = /[0-9a-f]{40}/.exec(text)?.[0] ?? '';
  const id = await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?').bind(email).first<number>('id');
  return { username, email, token, id: id ?? -1 };
};

/** Bindings that change the account right before a D1 round trip, by default the second. */
const withChangeBetween = (sql: string, id: number, before = 2) => {
  let trips = 0;
  return observe(testEnv, async (binding) => {
    if (binding !== 'd1') return;
    trips += 1;
    if (trips === before) await testEnv.DB.prepare(sql).bind(id).run();
  }).env;
};

const DELETED = 'DELETE FROM users WHERE id = ?';
const DISABLED = 'UPDATE users SET disabled_at = 1 WHERE id = ?';
const OTHER_PASSWORD = "UPDATE users SET password_hash = 'another' WHERE id = ?";
const RENAMED = "UPDATE users SET first_name = 'Zoë' WHERE id = ?";

const countOf = async (sql: string, id: number) =>
  (await testEnv.DB.prepare(sql).bind(id).first<number>('n')) ?? -1;
const SESSIONS = 'SELECT count(*) AS n FROM sessions WHERE user_id = ?';
const LOGINS = "SELECT count(*) AS n FROM events WHERE type = 'login' AND user_id = ?";

describe('a login while the account changes', () => {
  it.each([
    ['deleted', DELETED, 0],
    ['disabled', DISABLED, 1],
    ['given another password', OTHER_PASSWORD, 1],
  ])(
    'fails like a wrong password and opens no session if the account is %s',
    async (_name, sql, sessions) => {
      const { username, id } = await registered();
      const json = { username, password: PASSWORD };
      const answer = await send('/account/login', { json, env: withChangeBetween(sql, id) });
      expect(answer.status).toBe(400);
      expect(answer.text).toBe('{"non_field_errors":["Unable to log in with provided credentials."]}');
      expect(await countOf(SESSIONS, id)).toBe(sessions);
      expect(await countOf(LOGINS, id)).toBe(0);
    },
  );

  it.each([
    ['disabled', DISABLED],
    ['given another password', OTHER_PASSWORD],
  ])(
    'counts as a failure and keeps password and last login time if the account is %s',
    async (_name, sql) => {
      const { username, id } = await registered();
      const logIn = (password: string, env: Env = testEnv) =>
        send('/account/login', { json: { username, password }, env });
      await logIn('a wrong one');
      await logIn('another wrong one');
      await testEnv.DB.prepare('UPDATE users SET last_login_at = 1 WHERE id = ?').bind(id).run();
      await logIn(PASSWORD, withChangeBetween(sql, id));
      const row = await testEnv.DB.prepare(
        `SELECT json_extract(login_failures, '$.account[0]') AS failures, last_login_at AS lastLoginAt,
         password_hash = 'another' AS isAnother FROM users WHERE id = ?`,
      )
        .bind(id)
        .first();
      expect(row).toEqual({ failures: 3, lastLoginAt: 1, isAnother: sql === OTHER_PASSWORD ? 1 : 0 });
    },
  );

  it('succeeds if the profile changes', async () => {
    const { username, token, id } = await registered();
    const json = { username, password: PASSWORD };
    const answer = await send('/account/login', { json, env: withChangeBetween(RENAMED, id) });
    expect(answer.text).toBe(`{"token":"${token}"}`);
    expect(await countOf(LOGINS, id)).toBe(1);
  });

  it.each([
    ['deleted', DELETED],
    ['disabled', DISABLED],
  ])("keeps the session of the browser's cookie if the account is %s", async (_name, sql) => {
    const holder = await registered();
    const json = { username: holder.username, password: PASSWORD };
    const cookie = sessionCookie(await send('/api/users/login/', { json })) ?? '';
    const { username, id } = await registered();
    const env = withChangeBetween(sql, id);
    const answer = await send('/api/users/login/', { json: { username, password: PASSWORD }, cookie, env });
    expect(answer.status).toBe(400);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await send('/api/users/me/', { cookie })).text).toContain(`"id":${holder.id},`);
  });
});

describe('a request during which the account is deleted or disabled', () => {
  it.each([
    ['a profile, account deleted', 'PUT', '/api/user/', { first_name: 'A' }, DELETED],
    ['a profile, account disabled', 'PUT', '/api/user/', { first_name: 'A' }, DISABLED],
    ['a picture, account deleted', 'POST', '/account/set_picture', { id: 1 }, DELETED],
    ['a deletion, account deleted', 'POST', '/account/delete', {}, DELETED],
  ])('gets the refusal of an invalid token: %s', async (_name, method, path, json, sql) => {
    const { token, id } = await registered();
    const answer = await send(path, { method, json, token, env: withChangeBetween(sql, id) });
    expect(answer.status).toBe(401);
    expect(answer.text).toBe('{"detail":"Invalid token."}');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
  });
});

it('changes no password if the session ends during the check of the old one', async () => {
  const { username, id } = await registered();
  const logIn = (password: string) => send('/id/login', { json: { identifier: username, password } });
  const cookie = sessionCookie(await logIn(PASSWORD)) ?? expect.fail('no cookie');
  const json = { currentPassword: PASSWORD, newPassword: 'kaleidoscope-77' };
  const env = withChangeBetween('DELETE FROM sessions WHERE user_id = ?', id);
  // The first round trip finds the session, the second the account.
  const answer = await send('/id/me/password', { method: 'PUT', json, cookie, env });
  expect(answer.status).toBe(401);
  expect((await logIn('kaleidoscope-77')).status).toBe(401);
  expect((await logIn(PASSWORD)).status).toBe(200);
});

it('keeps the session if its password change is refused because another came first', async () => {
  const { username, id } = await registered();
  const json = { identifier: username, password: PASSWORD };
  const cookie = sessionCookie(await send('/id/login', { json })) ?? expect.fail('no cookie');
  const change = { currentPassword: PASSWORD, newPassword: 'kaleidoscope-77' };
  // The first round trip finds the session, the second the password: the change comes before the third.
  const env = withChangeBetween(OTHER_PASSWORD, id, 3);
  const answer = await send('/id/me/password', { method: 'PUT', json: change, cookie, env });
  expect(answer.status).toBe(401);
  expect((await send('/id/me', { cookie })).status).toBe(200);
});

it('deletes an account once if five deletions arrive at once', async () => {
  const { token, id } = await registered();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => send('/account/delete', { method: 'POST', token })),
  );
  const texts = answers.map(({ text }) => text).sort();
  expect(texts.filter((text) => text === '{"success":true}')).toHaveLength(1);
  expect(texts.filter((text) => text === '{"detail":"Invalid token."}')).toHaveLength(4);
  expect(await countOf("SELECT count(*) AS n FROM events WHERE type = 'deleted' AND user_id = ?", id)).toBe(
    1,
  );
  expect(await countOf(SESSIONS, id)).toBe(0);
});
