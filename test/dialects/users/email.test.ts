// `users`: changing the email with the profile.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { createMailbox, tokenIn } from '../../support/mail.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';
import { eightKeys, join, joinUnnamed, shown, whole } from '../support-cookies.ts';

const ME = '/api/users/me/';
const TAKEN = '400 {"email":["user with this email address already exists."]}';
const NOT_EMAIL = '400 {"email":["Enter a valid email address."]}';

const patch = (cookie: string, json: unknown, env: Env = testEnv) =>
  send(ME, { method: 'PATCH', json, cookie, env });
const logIn = async (username: string, password: string): Promise<number> =>
  (await send('/api/users/login', { json: { username, password } })).status;
const rowOf = (id: number) =>
  testEnv.DB.prepare('SELECT email, email_key, pending_email, address FROM users WHERE id = ?')
    .bind(id)
    .first();
const eventsOf = async (id: number): Promise<unknown[]> => {
  const sql = "SELECT type FROM events WHERE user_id = ? AND type NOT IN ('registered', 'login') ORDER BY id";
  return (await testEnv.DB.prepare(sql).bind(id).all()).results.map(({ type }) => type);
};
const age = (id: number) =>
  testEnv.DB.prepare('UPDATE sessions SET authenticated_at = authenticated_at - 600000 WHERE user_id = ?')
    .bind(id)
    .run();
const addressOf = () => `${uniqueName()}@New.example.com`;

describe('PATCH /api/users/me/ with an email, without mail', () => {
  it('changes it with the rest of the profile, and only the new one logs in', async () => {
    const one = await join();
    const email = addressOf();
    const answer = await patch(one.cookie, { email, address: 'Lane 1' });
    expect(shown(answer)).toBe(await eightKeys({ ...one, email, address: 'Lane 1' }));
    expect(await eventsOf(one.id)).toEqual(['profile_changed', 'email_changed']);
    expect(await logIn(email, one.password)).toBe(200);
    expect(await logIn(one.email, one.password)).toBe(400);
    expect(shown(await send(ME, { cookie: one.cookie }))).toBe(
      await eightKeys({ ...one, email, address: 'Lane 1' }),
    );
  });

  it('records only the change of the email if nothing else was sent', async () => {
    const one = await join();
    expect((await patch(one.cookie, { email: addressOf() })).status).toBe(200);
    expect(await eventsOf(one.id)).toEqual(['email_changed']);
  });

  it('changes the case of the current email', async () => {
    const one = await join();
    const email = one.email.toUpperCase();
    expect(shown(await patch(one.cookie, { email }))).toBe(await eightKeys({ ...one, email }));
    expect(await logIn(one.email, one.password)).toBe(200);
  });

  it('ignores the current email, even without a recent login', async () => {
    const one = await join();
    await age(one.id);
    expect((await patch(one.cookie, { email: one.email, address: 'x' })).status).toBe(200);
    expect(await eventsOf(one.id)).toEqual(['profile_changed']);
  });

  it('rejects what registration rejects, and changes nothing', async () => {
    const [one, other] = [await join(), await joinUnnamed()];
    for (const email of [other.email, other.email.toUpperCase()])
      expect(whole(await patch(one.cookie, { email, address: 'x' }))).toBe(TAKEN);
    for (const email of ['x', 'a@b', 'a b@test.com', true, [], {}])
      expect([email, whole(await patch(one.cookie, { email, address: 'x' }))]).toEqual([email, NOT_EMAIL]);
    for (const [email, text] of [
      ['', 'This field may not be blank.'],
      [null, 'This field may not be null.'],
      [`${'x'.repeat(250)}@b.com`, 'Ensure this field has no more than 255 characters.'],
    ])
      expect(whole(await patch(one.cookie, { email }))).toBe(`400 ${JSON.stringify({ email: [text] })}`);
    expect(await rowOf(one.id)).toMatchObject({ email: one.email, address: '' });
    expect(await eventsOf(one.id)).toEqual([]);
  });

  it('requires a recent login, because the password is not sent', async () => {
    const one = await join();
    await age(one.id);
    const refused = await patch(one.cookie, { email: addressOf(), address: 'x' });
    expect(whole(refused)).toBe('403 {"detail":"Log in again, then change the email."}');
    expect(await rowOf(one.id)).toMatchObject({ email: one.email, address: '' });
    const anonymous = await send(ME, { method: 'PATCH', json: { email: addressOf() } });
    expect(anonymous.status).toBe(403);
  });

  it('accepts one of two concurrent requests for the same email', async () => {
    const [one, other, email] = [await join(), await join(), addressOf()];
    const answers = await Promise.all([patch(one.cookie, { email }), patch(other.cookie, { email })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(answers.map(whole)).toContain(TAKEN);
  });
});

describe('PATCH /api/users/me/ with an email, with mail', () => {
  it('keeps the current email until the new one is confirmed by mail', async () => {
    const mailbox = createMailbox();
    const one = await join();
    const email = addressOf();
    const answer = await patch(one.cookie, { email, address: 'Lane 1' }, mailbox.env);
    expect(shown(answer)).toBe(await eightKeys({ ...one, address: 'Lane 1' }));
    expect(await rowOf(one.id)).toMatchObject({ email: one.email, pending_email: email });
    expect(await eventsOf(one.id)).toEqual(['profile_changed', 'email_change_requested']);
    // The current email, sent back with the profile as shown, does not withdraw the change.
    await patch(one.cookie, { email: one.email, address: 'Lane 2' }, mailbox.env);
    expect(await rowOf(one.id)).toMatchObject({ email: one.email, pending_email: email });
    const json = { token: tokenIn(mailbox.last(email)) };
    expect((await send('/id/email/change/confirm', { json, env: mailbox.env })).status).toBe(200);
    expect(shown(await send(ME, { cookie: one.cookie }))).toBe(
      await eightKeys({ ...one, email, address: 'Lane 2' }),
    );
  });

  it('rejects the email of another account', async () => {
    const mailbox = createMailbox();
    const [one, other] = [await join(), await join()];
    expect(whole(await patch(one.cookie, { email: other.email }, mailbox.env))).toBe(TAKEN);
    expect(mailbox.mails).toEqual([]);
    expect(await rowOf(one.id)).toMatchObject({ pending_email: null });
  });
});
