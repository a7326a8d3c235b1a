// `id` with mail: email verification, password reset, and REQUIRE_VERIFIED_EMAIL.
import { beforeEach, expect, it } from 'vitest';
import { createMailbox, type Mailbox, tokenIn } from '../../support/mail.ts';
import { send, sessionCookie } from '../../support/worker.ts';
import { person } from './support-id.ts';

const NEXT_PASSWORD = 'kaleidoscope-77';

let mailbox: Mailbox;

beforeEach(() => {
  mailbox = createMailbox();
});

const post = (path: string, json: object) => send(path, { json, env: mailbox.env });

const joined = async () => {
  const fields = person();
  expect((await post('/id/register', fields)).status).toBe(201);
  return fields;
};

it('verifies the address by the token from the mail, once', async () => {
  const { email } = await joined();
  const token = tokenIn(mailbox.last(email));
  const answer = await post('/id/email/verification/confirm', { token });
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"emailVerified":true')]);
  const again = await post('/id/email/verification/confirm', { token });
  expect([again.status, again.text]).toEqual([400, expect.stringContaining('"code":"link_expired"')]);
});

it('resets the password by the token from the mail, and ends every session', async () => {
  const fields = await joined();
  const signedIn = await post('/id/login', { identifier: fields.email, password: fields.password });
  const cookie = sessionCookie(signedIn) ?? expect.fail(signedIn.text);
  const { text } = await post('/account/login', { username: fields.email, password: fields.password });
  const token = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
  const areLive = async () => [
    (await send('/id/me', { cookie })).status,
    (await send('/account/profile', { token })).status,
  ];
  expect(await areLive()).toEqual([200, 200]);
  const asked = await post('/id/password/forgot', { identifier: fields.username });
  expect([asked.status, asked.text]).toEqual([202, '']);
  const link = tokenIn(mailbox.last(fields.email));
  expect((await post('/id/password/reset', { token: link, password: NEXT_PASSWORD })).status).toBe(204);
  expect(await areLive()).toEqual([401, 401]);
  const old = await post('/id/login', { identifier: fields.email, password: fields.password });
  expect(old.status).toBe(401);
  const next = await post('/id/login', { identifier: fields.email, password: NEXT_PASSWORD });
  expect(next.status).toBe(200);
});

it('answers 202 to a reset for an unknown account too, and mails nothing', async () => {
  const asked = await post('/id/password/forgot', { identifier: 'nobody@test.com' });
  expect([asked.status, asked.text]).toEqual([202, '']);
  expect(mailbox.mails).toEqual([]);
});

it('answers 404 mail_off to a reset if the service sends no mail', async () => {
  const answer = await send('/id/password/forgot', { json: { identifier: 'nobody@test.com' } });
  expect([answer.status, answer.text]).toEqual([404, expect.stringContaining('"code":"mail_off"')]);
});

it('rejects unverified addresses at login in every dialect if REQUIRE_VERIFIED_EMAIL is set', async () => {
  mailbox = createMailbox({ REQUIRE_VERIFIED_EMAIL: 'true' });
  const { username, email, password } = await joined();
  const id = await post('/id/login', { identifier: email, password });
  expect([id.status, id.text]).toEqual([403, expect.stringContaining('"code":"unverified_email"')]);
  const users = await post('/api/users/login', { username, password });
  expect([users.status, users.text]).toEqual([
    400,
    '{"non_field_errors":["Email address is not verified."]}',
  ]);
  const userV1 = await post('/api/v1/user/login', { username, password });
  expect([userV1.status, userV1.text]).toEqual([
    200,
    '{"status":"failed","desc":"email address is not verified","error_code":112}',
  ]);
  for (const path of ['/api/login', '/account/login']) {
    const token = await post(path, { username: email, password });
    expect([path, token.status, token.text]).toEqual([
      path,
      400,
      '{"non_field_errors":["Email address is not verified."]}',
    ]);
  }
  const auth = await post('/api/auth/login', { email, password });
  expect([auth.status, auth.text]).toEqual([
    400,
    '{"status":"fail","errors":{"main":{"msg":"Email is not verified!"}}}',
  ]);
  await post('/id/email/verification/confirm', { token: tokenIn(mailbox.last(email)) });
  expect((await post('/id/login', { identifier: email, password })).status).toBe(200);
});
