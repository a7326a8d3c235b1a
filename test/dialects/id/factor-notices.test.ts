// `id`: mails to the owner about second factors, recovery codes and app passwords.
import { beforeEach, expect, it } from 'vitest';
import { createMailbox, type Mailbox, PUBLIC_URL } from '../../support/mail.ts';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  finishLogin,
  join,
  type Person,
  stepToken,
} from '../../support/passkeys.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';

let mailbox: Mailbox;
let person: Person;
beforeEach(async () => {
  mailbox = createMailbox();
  person = await join({ env: mailbox.env });
});

const via = () => ({ env: mailbox.env });
const here = { origin: PUBLIC_URL, rpId: new URL(PUBLIC_URL).hostname };
const ask = async (status: number, path: string, sent: Sent = {}): Promise<void> => {
  const answer = await send(path, { token: person.token, ...via(), ...sent });
  expect([answer.status, answer.text]).toEqual([status, expect.anything()]);
};
/** The subjects of the mails to the owner after registration. */
const told = (): string[] =>
  mailbox
    .to(person.email)
    .map(({ subject }) => subject)
    .filter((subject) => !subject.startsWith('Confirm your email'));

it('mails the owner if a factor is added, renamed or removed', async () => {
  const { id } = await addPasskey(person, here, 'My phone', via());
  expect(told()).toEqual(['A second factor was added to your Latchkey account']);
  const { text } = mailbox.last(person.email);
  expect(text).toContain('A passkey or an authenticator app was added');
  await ask(200, `/id/factors/${id}`, { method: 'PATCH', json: { name: 'Old phone' } });
  await ask(204, `/id/factors/${id}`, { method: 'DELETE' });
  expect(told()).toEqual([
    'A second factor was added to your Latchkey account',
    'A second factor of your Latchkey account was renamed',
    'A second factor was removed from your Latchkey account',
  ]);
  await ask(404, `/id/factors/${id}`, { method: 'PATCH', json: { name: 'Gone phone' } });
  await ask(404, `/id/factors/${id}`, { method: 'DELETE' });
  expect(told()).toHaveLength(3);
});

it('mails about an authenticator app only after it is confirmed', async () => {
  await ask(201, '/id/factors/totp', { method: 'POST' });
  await ask(401, '/id/factors/totp/confirm', { json: { code: '000000' } });
  expect(told()).toEqual([]);
  await addTotp(person, via());
  expect(told()).toEqual(['A second factor was added to your Latchkey account']);
});

it('mails about new recovery codes, and about a used one', async () => {
  const totp = await addTotp(person, via());
  const [recoveryCode = ''] = totp.recoveryCodes;
  const token = await stepToken(person, via());
  expect((await finishLogin({ token, recoveryCode: recoveryCode.replace(/^./, 'f0') }, via())).status).toBe(
    401,
  );
  expect(told()).toHaveLength(1);
  expect((await finishLogin({ token, recoveryCode }, via())).status).toBe(200);
  expect(told().at(-1)).toBe('A recovery code of your Latchkey account was used');
  expect(mailbox.last(person.email).text).not.toContain(recoveryCode);
  await ask(201, '/id/factors/recovery-codes', { method: 'POST' });
  expect(told().at(-1)).toBe('New recovery codes for your Latchkey account');
});

it('mails about created and removed app passwords, without their text', async () => {
  const { id, password } = await addAppPassword(person, {}, via());
  expect(told()).toEqual(['An app password was made for your Latchkey account']);
  expect(mailbox.last(person.email).text).not.toContain(password);
  await ask(204, `/id/app-passwords/${id}`, { method: 'DELETE' });
  expect(told().at(-1)).toBe('An app password of your Latchkey account was removed');
});

it('mails the owner if an admin removes all factors', async () => {
  await addTotp(person, via());
  const admin = await join(via());
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  await ask(204, `/id/admin/accounts/${person.id}/factors`, { method: 'DELETE', token: admin.token });
  expect(told().at(-1)).toBe('All second factors were removed from your Latchkey account');
});

it('adds nothing to the outbox if the service sends no mail', async () => {
  const other = await join();
  await addTotp(other);
  const { results } = await testEnv.DB.prepare('SELECT kind FROM outbox WHERE user_id = ?')
    .bind(other.id)
    .all();
  expect(results).toEqual([]);
});
