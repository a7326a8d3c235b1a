// Flows by mail in the core, end to end: verify the email, reset the password, change the email, undo the change.
import { beforeEach, describe, expect, it } from 'vitest';
import { readIdentifier } from '../../../src/core/index.ts';
import { createTimedCore, someAccount, someClient } from '../../support/clock.ts';
import { codeIn, createMailbox, linkIn, type Mailbox, tokenIn } from '../../support/mail.ts';

let mailbox: Mailbox;
let timed: ReturnType<typeof createTimedCore>;

beforeEach(() => {
  mailbox = createMailbox();
  timed = createTimedCore(undefined, mailbox.env);
});

const NEXT_PASSWORD = 'another horse 2';

/** An account with a cookie session and a verified email. */
const joinProven = async () => {
  const fields = someAccount();
  const { account, token } = await timed.register('cookie', fields);
  const proven = await timed.core.email.verify({ token: tokenIn(mailbox.last(fields.email)) }, someClient);
  expect(proven.ok).toBe(true);
  return { ...fields, id: account.id, token };
};

const principalOf = async (token: string) =>
  (await timed.core.sessions.authenticate(token, 'cookie', 'primary')) ?? expect.fail('Nobody is logged in.');

const changeEmail = async (person: { token: string; password: string }, email: string) => {
  const principal = await principalOf(person.token);
  const changed = await timed.core.credentials.changeEmail(
    principal,
    { password: person.password, email },
    someClient,
  );
  await timed.settle();
  if (!changed.ok) return expect.fail(changed.error.reason);
  return changed.value;
};

describe('email verification', () => {
  it('works once with the link in the registration mail', async () => {
    const fields = someAccount();
    const { account } = await timed.register('cookie', fields);
    expect(account.emailVerifiedAtMs).toBeNull();
    const mail = mailbox.last(fields.email);
    expect(mail.subject).toBe('Confirm your email address for Latchkey');
    expect(linkIn(mail)).toMatch(/^https:\/\/id\.example\.com\/verify-email\?token=[A-Za-z0-9_-]{43}$/);
    const proven = await timed.core.email.verify({ token: tokenIn(mail) }, someClient);
    expect(proven).toMatchObject({ ok: true, value: { emailVerifiedAtMs: timed.now() } });
    expect(await timed.core.email.verify({ token: tokenIn(mail) }, someClient)).toEqual({
      ok: false,
      error: { reason: 'proof', why: 'expired' },
    });
  });

  it('works with the code in the same mail', async () => {
    const fields = someAccount();
    const { account } = await timed.register('cookie', fields);
    const code = codeIn(mailbox.last(fields.email));
    expect(await timed.core.email.verify({ code, accountId: account.id }, someClient)).toMatchObject({
      ok: true,
    });
  });
});

it('resets a forgotten password and ends the sessions', async () => {
  const person = await joinProven();
  await timed.core.passwordReset.request(readIdentifier(person.username), someClient);
  await timed.settle();
  const token = tokenIn(mailbox.last(person.email));
  expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: true, value: { id: person.id } });
  expect(await timed.core.passwordReset.complete(token, NEXT_PASSWORD, someClient)).toMatchObject({
    ok: true,
  });
  await timed.settle();
  expect(await timed.core.sessions.authenticate(person.token, 'cookie', 'primary')).toBeNull();
  expect(mailbox.last(person.email).subject).toBe('Your Latchkey password was reset');
  await timed.logIn({ ...person, password: NEXT_PASSWORD }, 'cookie');
});

it('changes the email when the new one is confirmed, and undoes the change', async () => {
  const person = await joinProven();
  const next = `next.${person.email}`;
  const changed = await changeEmail(person, next);
  expect(changed.account).toMatchObject({ email: person.email, pendingEmail: next });
  const confirmed = await timed.core.email.confirmChange({ token: tokenIn(mailbox.last(next)) }, someClient);
  await timed.settle();
  expect(confirmed).toMatchObject({ ok: true, value: { email: next, pendingEmail: null } });
  const undo = mailbox.last(person.email);
  expect(undo.subject).toBe('The email address of your Latchkey account was changed');
  const undone = await timed.core.email.undoChange(tokenIn(undo), someClient);
  await timed.settle();
  if (!undone.ok) return expect.fail(undone.error.reason);
  expect(await timed.core.accounts.get(person.id)).toMatchObject({ email: person.email });
  expect(await timed.core.sessions.authenticate(changed.token, 'cookie', 'primary')).toBeNull();
  const reset = await timed.core.passwordReset.complete(undone.value.resetToken, NEXT_PASSWORD, someClient);
  expect(reset).toMatchObject({ ok: true });
  await timed.settle();
  await timed.logIn({ ...person, password: NEXT_PASSWORD }, 'cookie');
});
