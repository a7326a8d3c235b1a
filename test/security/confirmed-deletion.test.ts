// A deletion confirmed by password happens only if the account is unchanged since the password was checked.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { observe } from '../support/counting.ts';
import { type Answer, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'four walls and a door';

let email: string;
let cookie: string;

beforeEach(async () => {
  const username = uniqueName();
  email = `${username}@test.com`;
  const answer = await send('/id/register', { json: { username, email, password: PASSWORD } });
  cookie = sessionCookie(answer) ?? expect.fail('no cookie');
});

const WAYS: [string, (env: Env, password?: string) => Promise<Answer>][] = [
  [
    'DELETE /id/me',
    (env, password = PASSWORD) => send('/id/me', { method: 'DELETE', json: { password }, cookie, env }),
  ],
  ['POST /delete', (env, password = PASSWORD) => send('/delete', { form: { password }, cookie, env })],
];

const run = (sql: string) => testEnv.DB.prepare(sql).bind(email).run();
const isThere = async () =>
  (await testEnv.DB.prepare('SELECT 1 FROM users WHERE email = ?').bind(email).first()) !== null;
const failures = async () =>
  (
    await testEnv.DB.prepare('SELECT login_failures AS failures FROM users WHERE email = ?')
      .bind(email)
      .first<{ failures: string | null }>()
  )?.failures ?? null;

/** The round trips of a deletion: authenticate; count the attempt and read the hash; delete. */
const DELETES = 3;

/** Bindings that run a callback just before the last round trip of a deletion. */
const beforeDeletion = (happens: () => Promise<unknown>): Env => {
  let trips = 0;
  return observe(testEnv, async (binding) => {
    if (binding !== 'd1') return;
    trips += 1;
    if (trips === DELETES) await happens();
  }).env;
};

describe.each(WAYS)('a deletion by %s', (_, ask) => {
  it.each([
    ['was disabled', 'UPDATE users SET disabled_at = 1 WHERE email = ?'],
    ['got another password', "UPDATE users SET password_hash = 'another' WHERE email = ?"],
    ['lost its session', 'DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = ?)'],
  ])('answers 401 and keeps an account that %s during the password check', async (_name, sql) => {
    const answer = await ask(beforeDeletion(() => run(sql)));
    expect(answer.status).toBe(401);
    expect(await isThere()).toBe(true);
    const events = await testEnv.DB.prepare(
      "SELECT count(*) AS n FROM events WHERE type = 'deleted' AND user_id = (SELECT id FROM users WHERE email = ?)",
    )
      .bind(email)
      .first<{ n: number }>();
    expect(events?.n).toBe(0);
  });

  it('counts no failure for a right password if D1 fails at the deletion', async () => {
    const answer = await ask(
      beforeDeletion(() => {
        throw new Error('D1 is down.');
      }),
    );
    expect(answer.status).toBe(503);
    expect(await isThere()).toBe(true);
    expect(await failures()).toBeNull();
  });

  it('answers 409 for the last admin, and keeps the session and the counter', async () => {
    await run('UPDATE users SET is_admin = (email = ?)');
    const answer = await ask(testEnv);
    expect(answer.status).toBe(409);
    expect([await isThere(), await failures()]).toEqual([true, null]);
    expect((await send('/id/me', { cookie })).status).toBe(200);
  });

  it('rejects a wrong password and counts a failure', async () => {
    expect((await ask(testEnv, 'not the password')).status).toBeOneOf([400, 401]);
    expect(await isThere()).toBe(true);
    expect(await failures()).not.toBeNull();
  });

  it('deletes the account and its sessions if nothing has changed', async () => {
    await ask(testEnv);
    expect(await isThere()).toBe(false);
    expect((await send('/id/me', { cookie })).status).toBe(401);
  });
});
