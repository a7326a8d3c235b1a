// A device that has logged in before has its own counter, so that a stranger's attempts do not lock out the owner.
import { env } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { DEVICE_SECONDS, readIdentifier } from '../../src/core/index.ts';
import { createTimedCore, DAY_MS, someAccount, someClient, type TimedCore } from '../support/clock.ts';

const FREE_FAILURES = 10;
const WRONG = 'not the password';

interface Person {
  username: string;
  password: string;
}

/** The device mark after a success, `wrong`, or the seconds to wait. */
type Outcome = { device: string } | 'wrong' | number;

const tryLogin = async (
  { core, settle }: TimedCore,
  { username, password }: Person,
  device: string | null = null,
): Promise<Outcome> => {
  const identifier = readIdentifier(username);
  const kept = { client: { ...someClient, device }, replaces: null };
  const result = await core.login({ identifier, password, open: 'cookie', ...kept });
  await settle();
  if (result.ok) return { device: result.value.device };
  return result.error.reason === 'throttled' ? result.error.retryAfterSeconds : 'wrong';
};

const IN = { device: expect.any(String) };

const failOften = async (timed: TimedCore, person: Person, device: string | null = null) => {
  const wrong = { ...person, password: WRONG };
  for (let tries = 0; tries < FREE_FAILURES; tries += 1)
    expect(await tryLogin(timed, wrong, device)).toBe('wrong');
  expect(await tryLogin(timed, wrong, device)).toBe(1);
};

/** Registers an account. Returns it with the device mark of its first login. */
const joined = async (timed: TimedCore) => {
  const person = someAccount();
  const { account } = await timed.register('cookie', person);
  const outcome = await tryLogin(timed, person);
  if (typeof outcome !== 'object') return expect.fail(String(outcome));
  return { ...person, id: account.id, device: outcome.device };
};

/** Replaces the last hex digit of a text. */
const bent = (text: string): string => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

describe("the owner's device", () => {
  it('logs in while a stranger makes the account wait', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    await failOften(timed, owner);
    expect(await tryLogin(timed, owner)).toBe(1);
    expect(await tryLogin(timed, owner, owner.device)).toEqual(IN);
  });

  it('logs in by email as well as by username', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    await failOften(timed, owner);
    const byEmail = { ...owner, username: owner.email.toUpperCase() };
    expect(await tryLogin(timed, byEmail)).toBe(1);
    expect(await tryLogin(timed, byEmail, owner.device)).toEqual(IN);
  });

  it('does not end the wait of the account when it logs in', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    await failOften(timed, owner);
    expect(await tryLogin(timed, owner, owner.device)).toEqual(IN);
    expect(await tryLogin(timed, owner)).toBe(1);
  });

  it('gets a mark at registration too', async () => {
    const timed = createTimedCore();
    const owner = someAccount();
    const kept = { client: someClient, replaces: null };
    const made = await timed.core.accounts.create(owner, { ...kept, open: 'cookie' });
    const device = (made.ok && made.value.device) || expect.fail();
    await failOften(timed, owner);
    expect(await tryLogin(timed, owner, device)).toEqual(IN);
  });

  it('gets a new mark at each login', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    timed.advance(300 * DAY_MS);
    const again = await tryLogin(timed, owner, owner.device);
    if (typeof again !== 'object') return expect.fail(String(again));
    timed.advance(300 * DAY_MS);
    await failOften(timed, owner);
    expect(await tryLogin(timed, owner, owner.device)).toBe(1);
    expect(await tryLogin(timed, owner, again.device)).toEqual(IN);
  });
});

describe('a device', () => {
  it('waits by the same limits, on a separate counter', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    const wrong = { ...owner, password: WRONG };
    await failOften(timed, owner, owner.device);
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
      expect(await tryLogin(timed, owner, owner.device)).toBe(seconds);
      timed.advance(seconds * 1000);
      expect(await tryLogin(timed, wrong, owner.device)).toBe('wrong');
    }
    expect(await tryLogin(timed, owner)).toEqual(IN);
  });

  it('does not share its counter with another device', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    const second = await tryLogin(timed, owner);
    if (typeof second !== 'object') return expect.fail(String(second));
    await failOften(timed, owner, owner.device);
    expect(await tryLogin(timed, owner, owner.device)).toBe(1);
    expect(await tryLogin(timed, owner, second.device)).toEqual(IN);
  });

  it('has no counter if it is the ninth, and its failures count for the account', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    const devices = [owner.device];
    while (devices.length < 9) {
      const outcome = await tryLogin(timed, owner);
      if (typeof outcome !== 'object') return expect.fail(String(outcome));
      devices.push(outcome.device);
    }
    const wrong = { ...owner, password: WRONG };
    for (const device of devices) expect(await tryLogin(timed, wrong, device)).toBe('wrong');
    const counters = await env.DB.prepare('SELECT login_failures AS text FROM users WHERE id = ?')
      .bind(owner.id)
      .first<string>('text');
    const { account, ...others } = JSON.parse(counters ?? '{}');
    expect([account?.[0], Object.keys(others).length]).toEqual([1, 8]);
  });

  it('resets its counter when it logs in', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    await failOften(timed, owner, owner.device);
    timed.advance(1000);
    expect(await tryLogin(timed, owner, owner.device)).toEqual(IN);
    await failOften(timed, owner, owner.device);
  });

  it('counts as known to every account that has logged in on it, and to no other', async () => {
    const timed = createTimedCore();
    const [one, other, stranger] = [await joined(timed), await joined(timed), await joined(timed)];
    const shared = await tryLogin(timed, other, one.device);
    if (typeof shared !== 'object') return expect.fail(String(shared));
    for (const person of [one, other, stranger]) await failOften(timed, person);
    expect(await tryLogin(timed, one, shared.device)).toEqual(IN);
    expect(await tryLogin(timed, other, shared.device)).toEqual(IN);
    expect(await tryLogin(timed, stranger, shared.device)).toBe(1);
    await failOften(timed, one, shared.device);
    expect(await tryLogin(timed, other, shared.device)).toEqual(IN);
  });
});

describe('a password change', () => {
  const changed = async (
    timed: TimedCore,
    person: Person & { device: string },
    current: string,
    next: string,
  ) => {
    const { token } = await timed.logIn({ ...person, email: '' }, 'cookie');
    const principal = (await timed.core.sessions.authenticate(token, 'cookie', 'primary')) ?? expect.fail();
    const client = { ...someClient, device: person.device };
    const outcome = await timed.core.credentials.changePassword(principal, { current, next }, client);
    await timed.settle();
    return outcome.ok ? outcome.value.device : expect.fail(outcome.error.reason);
  };

  it('makes all device marks invalid, and gives the current device a new one', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    const thief = await tryLogin(timed, owner);
    if (typeof thief !== 'object') return expect.fail(String(thief));
    const renewed = await changed(timed, owner, owner.password, 'another horse 2');
    const nowOwner = { ...owner, password: 'another horse 2' };
    // Ten attempts with the old mark count as ten attempts at the account.
    await failOften(timed, nowOwner, thief.device);
    expect(await tryLogin(timed, nowOwner, owner.device)).toBe(1);
    expect(await tryLogin(timed, nowOwner)).toBe(1);
    expect(await tryLogin(timed, nowOwner, renewed)).toEqual(IN);
  });

  it('keeps the marks of other accounts on the same device', async () => {
    const timed = createTimedCore();
    const [one, other] = [await joined(timed), await joined(timed)];
    const shared = await tryLogin(timed, other, one.device);
    if (typeof shared !== 'object') return expect.fail(String(shared));
    await changed(timed, { ...one, device: shared.device }, one.password, 'another horse 2');
    await failOften(timed, other);
    expect(await tryLogin(timed, other, shared.device)).toEqual(IN);
  });
});

describe('an account that waits', () => {
  it.each<[string, (mark: string, other: { device: string; id: number }, ownId: number) => string]>([
    ["another account's mark", (_mark, other) => other.device],
    [
      "another account's mark with this account's id",
      (_mark, other, ownId) => other.device.replace(`.${other.id}_`, `.${ownId}_`),
    ],
    ['a mark with another signature', bent],
    ['a mark without a signature', (mark) => mark.slice(0, mark.lastIndexOf('.') + 1)],
    ['a mark with a signature of zeros', (mark) => mark.replace(/[^.]+$/, '0'.repeat(64))],
    ['a mark with another device id', (mark) => mark.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))],
    ['a mark with a later time', (mark) => mark.replace(/\.(\d+)\./, (_, s) => `.${Number(s) + 1}.`)],
    ['a mark without its last digit', (mark) => mark.slice(0, -1)],
    ['half a mark', (mark) => mark.slice(0, mark.length / 2)],
    ['a mark in capitals', (mark) => mark.toUpperCase()],
    ['a mark with one more digit', (mark) => `${mark}0`],
    ['an empty mark', () => ''],
    ['a huge mark', (mark) => mark.repeat(1000)],
    ['a session token', () => 'A'.repeat(43)],
  ])('ignores %s', async (_what, forge) => {
    const timed = createTimedCore();
    const [owner, other] = [await joined(timed), await joined(timed)];
    await failOften(timed, owner);
    const forged = forge(owner.device, other, owner.id);
    expect(forged).not.toBe(owner.device);
    expect(await tryLogin(timed, owner, forged)).toBe(1);
    expect(await tryLogin(timed, owner, owner.device)).toEqual(IN);
  });

  it('ignores a mark older than 400 days', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    timed.advance(DEVICE_SECONDS * 1000);
    await failOften(timed, owner);
    expect(await tryLogin(timed, { ...owner, password: WRONG }, owner.device)).toBe('wrong');
    timed.advance(1000);
    expect(await tryLogin(timed, { ...owner, password: WRONG })).toBe('wrong');
    expect(await tryLogin(timed, owner, owner.device)).toBe(2);
    expect(DEVICE_SECONDS).toBe(400 * 24 * 60 * 60);
  });
});
