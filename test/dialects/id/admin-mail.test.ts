// `id`: how admins mail a link to the owner of an account, and mark an email address as verified.
import { beforeEach, describe, expect, it } from 'vitest';
import { createMailbox, type Mailbox, tokenIn } from '../../support/mail.ts';
import { type Answer, json, send, sessionCookie, testEnv } from '../../support/worker.ts';
import { person } from './support-id.ts';

let mailbox: Mailbox;
let admin: Awaited<ReturnType<typeof join>>;

const join = async (isAdmin = false) => {
  const fields = person();
  const answer = await send('/id/register', { json: fields, env: mailbox.env });
  const cookie = sessionCookie(answer) ?? expect.fail(answer.text);
  if (isAdmin)
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE email = ?').bind(fields.email).run();
  const row = await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?')
    .bind(fields.email)
    .first<{ id: number }>();
  return { ...fields, cookie, id: row?.id ?? 0 };
};

beforeEach(async () => {
  mailbox = createMailbox();
  admin = await join(true);
});

const act = (id: number, action: string, cookie = admin.cookie): Promise<Answer> =>
  send(`/id/admin/accounts/${id}/${action}`, { method: 'POST', cookie, env: mailbox.env });

const lastEvent = async (id: number): Promise<unknown> =>
  testEnv.DB.prepare('SELECT type, actor_id FROM events WHERE user_id = ? ORDER BY id DESC LIMIT 1')
    .bind(id)
    .first();

const ACTIONS = ['send-reset', 'send-verification', 'verify-email'];

it('send-reset mails only the owner, and records the admin in the audit log', async () => {
  const { id, email, password } = await join();
  const answer = await act(id, 'send-reset');
  expect([answer.status, answer.text]).toEqual([202, '']);
  expect(await lastEvent(id)).toEqual({ type: 'password_reset_requested', actor_id: admin.id });
  const token = tokenIn(mailbox.last(email));
  const reset = { token, password: 'seven doors and a wall' };
  expect((await send('/id/password/reset', { json: reset, env: mailbox.env })).status).toBe(204);
  const login = { identifier: email, password };
  expect((await send('/id/login', { json: login, env: mailbox.env })).status).toBe(401);
});

it.each(['send-reset', 'send-verification'])(
  '%s keeps the admin’s device out of the mail and the outbox',
  async (action) => {
    const { id, email } = await join();
    const before = mailbox.to(email).length;
    await send(`/id/admin/accounts/${id}/${action}`, {
      method: 'POST',
      cookie: admin.cookie,
      env: mailbox.env,
      headers: { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0' },
    });
    expect(mailbox.to(email)).toHaveLength(before + 1);
    const { text, html } = mailbox.last(email);
    expect(text + html).not.toMatch(/Firefox|Linux/);
    if (action === 'send-reset') expect(text).toContain('An administrator asked for a new password');
    const stored = await testEnv.DB.prepare(
      'SELECT details FROM outbox WHERE user_id = ? ORDER BY id DESC LIMIT 1',
    )
      .bind(id)
      .first<string>('details');
    expect(stored).not.toContain('Firefox');
  },
);

it('send-verification mails a link, unless the address is verified already', async () => {
  const { id, email } = await join();
  expect((await act(id, 'send-verification')).status).toBe(202);
  expect(mailbox.to(email)).toHaveLength(2);
  const token = tokenIn(mailbox.last(email));
  await send('/id/email/verification/confirm', { json: { token }, env: mailbox.env });
  expect((await act(id, 'send-verification')).status).toBe(202);
  expect(mailbox.to(email)).toHaveLength(2);
});

it('verify-email marks the address as verified once, and records the admin in the audit log', async () => {
  const { id } = await join();
  const answer = await act(id, 'verify-email');
  expect([answer.status, json(answer)]).toEqual([
    200,
    { account: expect.objectContaining({ id, emailVerified: true }) },
  ]);
  expect(await lastEvent(id)).toEqual({ type: 'email_verified', actor_id: admin.id });
  const at = () =>
    testEnv.DB.prepare('SELECT email_verified_at AS at FROM users WHERE id = ?').bind(id).first('at');
  const first = await at();
  expect((await act(id, 'verify-email')).status).toBe(200);
  expect(await at()).toBe(first);
});

it('send-reset mails even if strangers used up the limit of reset mails', async () => {
  const { id, email } = await join();
  for (let times = 0; times < 5; times += 1)
    await send('/id/password/forgot', { json: { identifier: email }, env: mailbox.env });
  const before = mailbox.to(email).length;
  expect((await act(id, 'send-reset')).status).toBe(202);
  expect(mailbox.to(email)).toHaveLength(before + 1);
});

it('send-reset and send-verification mail nothing to a disabled account', async () => {
  const { id, email } = await join();
  await act(id, 'disable');
  const before = mailbox.to(email).length;
  for (const action of ['send-reset', 'send-verification']) expect((await act(id, action)).status).toBe(202);
  expect(mailbox.to(email)).toHaveLength(before);
});

describe.each(ACTIONS)('POST /id/admin/accounts/<id>/%s', (action) => {
  it('requires an admin and an existing account', async () => {
    const other = await join();
    expect((await act(admin.id, action, other.cookie)).status).toBe(403);
    expect((await act(999_999, action)).status).toBe(404);
    expect((await send(`/id/admin/accounts/${other.id}/${action}`, { method: 'POST' })).status).toBe(401);
  });
});

it('answers 404 mail_off if the service sends no mail, but still verifies an address', async () => {
  const { id } = await join();
  const { cookie } = admin;
  for (const action of ['send-reset', 'send-verification']) {
    const answer = await send(`/id/admin/accounts/${id}/${action}`, { method: 'POST', cookie });
    expect([answer.status, answer.text]).toEqual([404, expect.stringContaining('"code":"mail_off"')]);
  }
  expect((await send(`/id/admin/accounts/${id}/verify-email`, { method: 'POST', cookie })).status).toBe(200);
});
