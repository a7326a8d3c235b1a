// The limits of proofs: lifetimes, tries of a code, mails to one address, and simultaneous use.
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, readIdentifier } from '../../../src/core/index.ts';
import { createTimedCore, someAccount, someAdmin, someClient } from '../../support/clock.ts';
import { codeIn, countOf, createMailbox, type Mailbox, tokenIn } from '../../support/mail.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NEXT_PASSWORD = 'another horse 2';

let mailbox: Mailbox;
let timed: ReturnType<typeof createTimedCore>;

beforeEach(() => {
  mailbox = createMailbox();
  timed = createTimedCore(undefined, mailbox.env);
});

const join = async () => {
  const fields = someAccount();
  const { account, token } = await timed.register('cookie', fields);
  return { ...fields, id: account.id, token };
};
type Person = Awaited<ReturnType<typeof join>>;

const lastToken = (address: string): string => tokenIn(mailbox.last(address));

const forget = async (email: string, client: Client = someClient): Promise<void> => {
  await timed.core.passwordReset.request(readIdentifier(email), client);
  await timed.settle();
};

/** A person with a verified email who has requested another one. */
const askForChange = async () => {
  const person = await join();
  await timed.core.email.verify({ token: lastToken(person.email) }, someClient);
  const principal =
    (await timed.core.sessions.authenticate(person.token, 'cookie', 'primary')) ?? expect.fail('nobody');
  const next = `next.${person.email}`;
  await timed.core.credentials.changeEmail(principal, { password: person.password, email: next }, someClient);
  await timed.settle();
  return { ...person, next };
};

describe('a link', () => {
  /** Each flow: `make` requests the link and returns a function that uses it. */
  const FLOWS: Record<string, { life: number; make: () => Promise<() => Promise<{ ok: boolean }>> }> = {
    'verifies an email': {
      life: 24 * HOUR_MS,
      make: async () => {
        const token = lastToken((await join()).email);
        return () => timed.core.email.verify({ token }, someClient);
      },
    },
    'resets a password': {
      life: HOUR_MS,
      make: async () => {
        const { email } = await join();
        await forget(email);
        const token = lastToken(email);
        return () => timed.core.passwordReset.complete(token, NEXT_PASSWORD, someClient);
      },
    },
    'confirms a new email': {
      life: 24 * HOUR_MS,
      make: async () => {
        const { next } = await askForChange();
        const token = lastToken(next);
        return () => timed.core.email.confirmChange({ token }, someClient);
      },
    },
    'undoes a change of email': {
      life: 72 * HOUR_MS,
      make: async () => {
        const { next, email } = await askForChange();
        await timed.core.email.confirmChange({ token: lastToken(next) }, someClient);
        await timed.settle();
        const token = lastToken(email);
        return () => timed.core.email.undoChange(token, someClient);
      },
    },
  };

  it.each(Object.keys(FLOWS))('%s until it expires, to the millisecond', async (name) => {
    const { life, make } = FLOWS[name] ?? expect.fail(name);
    const inTime = await make();
    timed.advance(life - 1);
    expect(await inTime()).toMatchObject({ ok: true });
    const tooLate = await make();
    timed.advance(life);
    expect(await tooLate()).toEqual({ ok: false, error: { reason: 'proof', why: 'expired' } });
  });

  it.each(Object.keys(FLOWS))('%s once if it is used 24 times at once', async (name) => {
    const redeem = await (FLOWS[name] ?? expect.fail(name)).make();
    const results = await Promise.all(Array.from({ length: 24 }, redeem));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
  });
});

describe('a code', () => {
  const wrongFor = (code: string): string => String((Number(code) + 1) % 100_000_000).padStart(8, '0');
  const enter = (person: Person, code: string) =>
    timed.core.email.verify({ code, accountId: person.id }, someClient);

  it('expires after ten minutes, before the link in the same mail', async () => {
    const [one, other] = [await join(), await join()];
    timed.advance(10 * MINUTE_MS - 1);
    expect(await enter(one, codeIn(mailbox.last(one.email)))).toMatchObject({ ok: true });
    timed.advance(1);
    expect(await enter(other, codeIn(mailbox.last(other.email)))).toMatchObject({ ok: false });
    // The link in the same mail is still valid.
    expect(await timed.core.email.verify({ token: lastToken(other.email) }, someClient)).toMatchObject({
      ok: true,
    });
  });

  it('allows four wrong tries, and not five', async () => {
    for (const [wrong, isGood] of [
      [4, true],
      [5, false],
    ] as const) {
      const person = await join();
      const code = codeIn(mailbox.last(person.email));
      for (let times = 0; times < wrong; times += 1)
        expect(await enter(person, wrongFor(code))).toMatchObject({ ok: false });
      expect(await enter(person, code)).toMatchObject({ ok: isGood });
    }
  });

  it('gets no new tries if it is requested again within the hour', async () => {
    const person = await join();
    for (let times = 0; times < 5; times += 1) await enter(person, '00000000');
    await timed.core.email.requestVerification(person.id, someClient);
    await timed.settle();
    expect(await enter(person, codeIn(mailbox.last(person.email)))).toMatchObject({ ok: false });
    timed.advance(HOUR_MS);
    await timed.core.email.requestVerification(person.id, someClient);
    await timed.settle();
    expect(await enter(person, codeIn(mailbox.last(person.email)))).toMatchObject({ ok: true });
  });

  it('resists a flood: of 41 guesses at once, five are compared', async () => {
    const person = await join();
    const code = codeIn(mailbox.last(person.email));
    const guesses = [...Array.from({ length: 40 }, () => wrongFor(code)), code];
    const results = await Promise.all(guesses.map((guess) => enter(person, guess)));
    expect(results.filter(({ ok }) => ok)).toEqual([]);
    expect(await countOf('SELECT tries AS n FROM proofs WHERE user_id = ?', person.id)).toBe(5);
  });
});

describe('mails to one address', () => {
  const resets = (address: string): number =>
    mailbox.to(address).filter(({ subject }) => subject.startsWith('Set a new')).length;

  it('stop after three in an hour', async () => {
    const { email } = await join();
    for (let times = 0; times < 4; times += 1) await forget(email);
    expect(resets(email)).toBe(3);
    timed.advance(HOUR_MS - 1);
    await forget(email);
    expect(resets(email)).toBe(3);
    timed.advance(1);
    await forget(email);
    expect(resets(email)).toBe(4);
  });

  it('stop after ten in a day', async () => {
    const { email } = await join();
    for (let times = 0; times < 12; times += 1) {
      await forget(email);
      timed.advance(HOUR_MS);
    }
    expect(resets(email)).toBe(10);
    timed.advance(13 * HOUR_MS);
    await forget(email);
    expect(resets(email)).toBe(11);
  });

  it('have a limit for each purpose, past which the last link still works', async () => {
    const person = await join();
    for (let times = 0; times < 5; times += 1) await forget(person.email);
    const token = lastToken(person.email);
    await timed.core.email.requestVerification(person.id, someClient);
    await timed.settle();
    expect(mailbox.last(person.email).subject).toContain('Confirm');
    expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: true });
  });

  it('stop after three if 24 are requested at once', async () => {
    const { email } = await join();
    await Promise.all(Array.from({ length: 24 }, () => forget(email)));
    expect(resets(email)).toBe(3);
  });

  it('do not lock the account, however many are requested', async () => {
    const person = await join();
    for (let times = 0; times < 20; times += 1) await forget(person.email);
    await timed.logIn(person, 'cookie');
  });
});

describe('a clock that was a month ahead', () => {
  const MONTH_MS = 30 * 24 * HOUR_MS;

  it('does not hold mails back once it is right', async () => {
    const { email } = await join();
    timed.advance(MONTH_MS);
    for (let times = 0; times < 3; times += 1) await forget(email);
    timed.advance(-MONTH_MS);
    const before = mailbox.to(email).length;
    await forget(email);
    expect(mailbox.to(email).length).toBe(before + 1);
  });

  it('does not use up the tries of later codes', async () => {
    const person = await join();
    timed.advance(MONTH_MS);
    const ask = async () => {
      await timed.core.email.requestVerification(person.id, someClient);
      await timed.settle();
    };
    const enter = (code: string) => timed.core.email.verify({ code, accountId: person.id }, someClient);
    await ask();
    for (let times = 0; times < 5; times += 1) await enter('00000000');
    timed.advance(-MONTH_MS);
    await ask();
    expect(await enter(codeIn(mailbox.last(person.email)))).toMatchObject({ ok: true });
  });
});

describe('a proof', () => {
  it('becomes void when the password changes', async () => {
    const person = await join();
    await forget(person.email);
    const token = lastToken(person.email);
    const principal =
      (await timed.core.sessions.authenticate(person.token, 'cookie', 'primary')) ?? expect.fail('nobody');
    const change = { current: person.password, next: NEXT_PASSWORD };
    await timed.core.credentials.changePassword(principal, change, someClient);
    expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: false });
  });

  it('becomes void when the email changes', async () => {
    const person = await askForChange();
    await forget(person.email);
    const token = lastToken(person.email);
    await timed.core.email.confirmChange({ token: lastToken(person.next) }, someClient);
    expect(await timed.core.passwordReset.complete(token, NEXT_PASSWORD, someClient)).toMatchObject({
      ok: false,
    });
  });

  it('does not work while the account is disabled', async () => {
    const person = await join();
    await timed.register('cookie');
    await forget(person.email);
    const token = lastToken(person.email);
    await timed.core.admin.apply(person.id, 'disabled', await someAdmin(), someClient);
    expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: false });
    await timed.core.admin.apply(person.id, 'enabled', await someAdmin(), someClient);
    expect(await timed.core.passwordReset.read(token)).toMatchObject({ ok: true });
  });

  it('works during a rotation of TOKEN_SECRET, and not after it', async () => {
    const { email } = await join();
    await forget(email);
    const token = lastToken(email);
    const TOKEN_SECRET = 'another secret that is long enough for this';
    const { TOKEN_SECRET: before } = mailbox.env;
    const rotating = createTimedCore(timed.now(), {
      ...mailbox.env,
      TOKEN_SECRET,
      TOKEN_SECRET_PREVIOUS: before ?? '',
    });
    expect(await rotating.core.passwordReset.read(token)).toMatchObject({ ok: true });
    const rotated = createTimedCore(timed.now(), { ...mailbox.env, TOKEN_SECRET });
    expect(await rotated.core.passwordReset.read(token)).toEqual({
      ok: false,
      error: { reason: 'proof', why: 'invalid' },
    });
  });
});
