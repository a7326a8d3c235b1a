// Notices: changes of an account are mailed to its address once, with time, device and place.
import { beforeEach, describe, expect, it } from 'vitest';
import { type AdminAction, type Client, readIdentifier } from '../../../src/core/index.ts';
import { createTimedCore, someAccount, someAdmin, someClient } from '../../support/clock.ts';
import { countOf, createMailbox, type Mailbox, tokenIn } from '../../support/mail.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const AT_MS = Date.UTC(2030, 0, 2, 15, 4);

let mailbox: Mailbox;
let timed: ReturnType<typeof createTimedCore>;

beforeEach(() => {
  mailbox = createMailbox();
  timed = createTimedCore(AT_MS, mailbox.env);
});

const client: Client = { ...someClient, userAgent: FIREFOX, country: 'NZ' };

const join = async () => {
  const fields = someAccount();
  const { account, token } = await timed.register('cookie', fields);
  mailbox.mails.length = 0;
  return { ...fields, id: account.id, token };
};
type Person = Awaited<ReturnType<typeof join>>;

const principalOf = async ({ token }: Person) =>
  (await timed.core.sessions.authenticate(token, 'cookie', 'primary')) ?? expect.fail('Nobody is logged in.');

const logIn = async ({ username, password }: Person, from: Client) => {
  const identifier = readIdentifier(username);
  const loggedIn = await timed.core.login({
    identifier,
    password,
    open: 'cookie',
    client: from,
    replaces: null,
  });
  await timed.settle();
  return loggedIn.ok ? loggedIn.value : expect.fail(loggedIn.error.reason);
};

const subjects = (): string[] => mailbox.mails.map(({ subject }) => subject);

const act = async (id: number, action: AdminAction) =>
  timed.core.admin.apply(id, action, await someAdmin(), client);

const CASES: [string, (person: Person) => Promise<unknown>, string[]][] = [
  [
    'a change of password',
    async (person) =>
      timed.core.credentials.changePassword(
        await principalOf(person),
        { current: person.password, next: 'another horse 2' },
        client,
      ),
    ['Your Latchkey password was changed'],
  ],
  [
    'a change of username',
    async (person) =>
      timed.core.credentials.changeUsername(
        await principalOf(person),
        { password: person.password, username: `${person.username}x` },
        client,
      ),
    ['Your Latchkey username was changed'],
  ],
  ['a deletion', ({ id }) => timed.core.accounts.remove(id, client), ['Your Latchkey account was deleted']],
  ['disabling', ({ id }) => act(id, 'disabled'), ['Your Latchkey account was disabled']],
  [
    'granting the admin role',
    ({ id }) => act(id, 'admin_granted'),
    ['You are now an administrator of Latchkey'],
  ],
  ['enabling (no mail)', ({ id }) => act(id, 'enabled'), []],
  ['revoking an admin role that was not there (no mail)', ({ id }) => act(id, 'admin_revoked'), []],
  ['a login on a new device', (person) => logIn(person, client), ['New sign-in to your Latchkey account']],
];

it.each(CASES)('sends the owner the right notice after %s', async (_what, happen, expected) => {
  const person = await join();
  await happen(person);
  await timed.settle();
  expect(subjects()).toEqual(expected);
  for (const { to, subject, text, html } of mailbox.mails) {
    expect(to).toBe(person.email);
    expect(text).toContain('When: January 2, 2030 at 3:04 PM UTC');
    // The notice of an admin's action does not show the device of the admin.
    const isByAdmin = /disabled|administrator/.test(subject);
    expect(text.includes('Device: Firefox on Linux\nPlace: New Zealand')).toBe(!isByAdmin);
    // The links in notices have no token.
    expect(text + html).not.toMatch(/token=|sign=/);
  }
});

it('sends one notice if an account is disabled twice', async () => {
  const { id } = await join();
  await timed.register('cookie');
  for (const action of ['disabled', 'disabled'] as const) await act(id, action);
  await timed.settle();
  expect(subjects().filter((subject) => subject.includes('disabled'))).toHaveLength(1);
});

it('mails a deletion to the deleted address once the provider is back', async () => {
  const { id, email } = await join();
  mailbox.obstacle = () => {
    throw new Error('The provider is down.');
  };
  await timed.core.accounts.remove(id, client);
  await timed.settle();
  mailbox.obstacle = null;
  timed.advance(10 * 60_000);
  await timed.core.mail.sendDue();
  expect(mailbox.last(email).subject).toBe('Your Latchkey account was deleted');
});

describe('a login', () => {
  it('sends no notice on a device where the account has logged in before', async () => {
    const person = await join();
    const first = await logIn(person, client);
    expect(subjects()).toHaveLength(1);
    await logIn(person, { ...client, device: first.device });
    expect(subjects()).toHaveLength(1);
  });

  it('sends no notice on the device that registered the account', async () => {
    const fields = someAccount();
    const made = await timed.core.accounts.create(fields, { client, open: 'cookie', replaces: null });
    await timed.settle();
    if (!made.ok) return expect.fail(made.error.reason);
    const person = { ...fields, id: made.value.account.id, token: '' };
    await logIn(person, { ...client, device: made.value.device });
    expect(subjects()).toEqual(['Confirm your email address for Latchkey']);
  });

  it('sends a notice on the device of another account', async () => {
    const [one, other] = [await join(), await join()];
    const { device } = await logIn(other, client);
    mailbox.mails.length = 0;
    await logIn(one, { ...client, device });
    expect(mailbox.last(one.email).subject).toBe('New sign-in to your Latchkey account');
  });

  it('sends no notice with NOTIFY_NEW_DEVICE=false, which turns off no other notice', async () => {
    mailbox = createMailbox({ NOTIFY_NEW_DEVICE: 'false' });
    timed = createTimedCore(AT_MS, mailbox.env);
    const person = await join();
    await logIn(person, client);
    expect(subjects()).toEqual([]);
    await act(person.id, 'admin_granted');
    await timed.settle();
    expect(subjects()).toEqual(['You are now an administrator of Latchkey']);
  });

  it('sends no notice if it is refused', async () => {
    const person = await join();
    const identifier = readIdentifier(person.email);
    await timed.core.login({ identifier, password: 'wrong', open: 'cookie', client, replaces: null });
    await timed.settle();
    expect(subjects()).toEqual([]);
  });

  it('keeps mailed links valid if it replaces an outdated hash', async () => {
    const person = await join();
    await timed.core.passwordReset.request(readIdentifier(person.email), client);
    await timed.settle();
    const token = tokenIn(mailbox.last(person.email));
    const costlier = createTimedCore(AT_MS, { ...mailbox.env, PASSWORD_ITERATIONS: '1001' });
    await costlier.logIn(person, 'cookie');
    expect(
      await countOf(
        "SELECT count(*) AS n FROM users WHERE id = ? AND password_hash LIKE '%i=1001%'",
        person.id,
      ),
    ).toBe(1);
    expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: true });
    expect((await timed.core.passwordReset.complete(token, 'another horse 2', client)).ok).toBe(true);
  });
});

it('limits reset mails for a known device apart from those for strangers', async () => {
  const person = await join();
  const { device } = await logIn(person, client);
  const ask = async (from: Client): Promise<void> => {
    await timed.core.passwordReset.request(readIdentifier(person.email), from);
    await timed.settle();
  };
  const resets = () => subjects().filter((subject) => subject.startsWith('Set a new password')).length;
  for (let times = 0; times < 5; times += 1) await ask(client);
  expect(resets()).toBe(3);
  timed.advance(30 * 60_000);
  await ask({ ...client, device });
  expect(resets()).toBe(4);
  const token = tokenIn(mailbox.last(person.email));
  // An hour after its first requests, a stranger gets another mail. It does not replace the link of the device.
  timed.advance(31 * 60_000);
  await ask(client);
  expect(resets()).toBe(5);
  expect(tokenIn(mailbox.last(person.email))).not.toBe(token);
  expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: true });
});
