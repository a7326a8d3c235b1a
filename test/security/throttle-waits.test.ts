// The account's counter: after the 10th failure in a row each further attempt waits, 1 second doubling to 15 minutes.
import { describe, expect, it } from 'vitest';
import { readIdentifier } from '../../src/core/index.ts';
import { createTimedCore, someAccount, someClient, type TimedCore } from '../support/clock.ts';
import { setCount } from '../support/failures.ts';
import { testEnv } from '../support/worker.ts';

const FREE_FAILURES = 10;

/** The documented waits in seconds: after the 10th failure, then after each further one. */
const WAITS_SECONDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900];

const WRONG = 'not the password';

/** `in`, `wrong`, or the seconds to wait. */
type Outcome = 'in' | 'wrong' | number;

const tryLogin = async ({ core, settle }: TimedCore, name: string, password = WRONG): Promise<Outcome> => {
  const identifier = readIdentifier(name);
  const kept = { client: someClient, replaces: null };
  const result = await core.login({ identifier, password, open: 'cookie', ...kept });
  await settle();
  if (result.ok) return 'in';
  return result.error.reason === 'throttled' ? result.error.retryAfterSeconds : 'wrong';
};

const tryOften = async (timed: TimedCore, name: string, times: number): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (let tries = 0; tries < times; tries += 1) outcomes.push(await tryLogin(timed, name));
  return outcomes;
};

const wrongTimes = (times: number): Outcome[] => Array<Outcome>(times).fill('wrong');

/** An account on a test clock, with that many failures. */
const failed = async (times: number, env = testEnv) => {
  const timed = createTimedCore(Date.now(), env);
  const { username, password, email } = someAccount();
  const { account } = await timed.register('cookie', { username, password, email });
  expect(await tryOften(timed, username, times)).toEqual(wrongTimes(times));
  return { timed, username, password, id: account.id };
};

const sessionsOf = async (id: number): Promise<number | null> =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM sessions WHERE user_id = ?').bind(id).first<number>('n');

describe('wrong passwords in a row', () => {
  it('cause no wait up to the tenth, then a wait of one second', async () => {
    const { timed, username } = await failed(FREE_FAILURES);
    expect(await tryLogin(timed, username)).toBe(1);
  });

  it('double the wait each time up to 15 minutes, to the millisecond', async () => {
    const { timed, username } = await failed(FREE_FAILURES);
    for (const seconds of WAITS_SECONDS) {
      expect(await tryLogin(timed, username)).toBe(seconds);
      timed.advance(seconds * 1000 - 1);
      expect(await tryLogin(timed, username)).toBe(1);
      timed.advance(1);
      expect(await tryLogin(timed, username)).toBe('wrong');
    }
  });

  it('report the remaining wait in whole seconds, rounded up', async () => {
    const { timed, username } = await failed(FREE_FAILURES);
    for (const seconds of [1, 2, 4]) {
      timed.advance(seconds * 1000);
      expect(await tryLogin(timed, username)).toBe('wrong');
    }
    for (const [milliseconds, left] of [
      [0, 8],
      [1, 8],
      [999, 7],
      [5_999, 2],
      [1, 1],
      [999, 1],
    ] as const) {
      timed.advance(milliseconds);
      expect(await tryLogin(timed, username)).toBe(left);
    }
    timed.advance(1);
    expect(await tryLogin(timed, username)).toBe('wrong');
  });

  it('do not extend a wait during which they are sent', async () => {
    const { timed, username } = await failed(FREE_FAILURES);
    timed.advance(500);
    expect(await tryOften(timed, username, 5)).toEqual([1, 1, 1, 1, 1]);
    timed.advance(500);
    expect(await tryLogin(timed, username)).toBe('wrong');
    expect(await tryLogin(timed, username)).toBe(2);
  });

  it('cause a wait of at most 15 minutes', async () => {
    const { timed, username, id } = await failed(1);
    const counted = await setCount(id, 2_000_000_000, 0, timed.now());
    expect(counted.meta.changes).toBe(1);
    expect(await tryLogin(timed, username)).toBe(900);
    timed.advance(900_000);
    expect(await tryLogin(timed, username)).toBe('wrong');
  });

  it('make no other account wait', async () => {
    const { timed, username } = await failed(FREE_FAILURES);
    const other = await timed.register('cookie', { ...someAccount(), password: 'another one 2' });
    expect(await tryLogin(timed, username)).toBe(1);
    expect(await tryLogin(timed, other.account.email, 'another one 2')).toBe('in');
  });
});

describe('the right password', () => {
  it('gets rejected while the account waits, and opens no session', async () => {
    const { timed, username, password, id } = await failed(FREE_FAILURES);
    const before = await sessionsOf(id);
    expect(await tryLogin(timed, username, password)).toBe(1);
    timed.advance(999);
    expect(await tryLogin(timed, username, password)).toBe(1);
    expect(await sessionsOf(id)).toBe(before);
  });

  it('logs in after the wait', async () => {
    const { timed, username, password } = await failed(FREE_FAILURES);
    timed.advance(1000);
    expect(await tryLogin(timed, username, password)).toBe('in');
  });

  it('resets the counter, after nine failures and after a wait', async () => {
    const { timed, username, password } = await failed(FREE_FAILURES - 1);
    expect(await tryLogin(timed, username, password)).toBe('in');
    expect(await tryOften(timed, username, FREE_FAILURES)).toEqual(wrongTimes(FREE_FAILURES));
    expect(await tryLogin(timed, username)).toBe(1);
    timed.advance(1000);
    expect(await tryLogin(timed, username, password)).toBe('in');
    expect(await tryOften(timed, username, FREE_FAILURES)).toEqual(wrongTimes(FREE_FAILURES));
    expect(await tryLogin(timed, username)).toBe(1);
  });

  it('never counts as a failure, however often it is sent', async () => {
    const { timed, username, password } = await failed(0);
    for (let times = 0; times < 3 * FREE_FAILURES; times += 1)
      expect(await tryLogin(timed, username, password)).toBe('in');
  });
});

describe('a deployment', () => {
  it('can set the free failures, the first wait and the longest wait', async () => {
    const env = {
      ...testEnv,
      THROTTLE_FREE_FAILURES: '3',
      THROTTLE_FIRST_WAIT_SECONDS: '10',
      THROTTLE_MAX_WAIT_SECONDS: '25',
    };
    const { timed, username } = await failed(3, env);
    for (const seconds of [10, 20, 25, 25]) {
      expect(await tryLogin(timed, username)).toBe(seconds);
      timed.advance(seconds * 1000);
      expect(await tryLogin(timed, username)).toBe('wrong');
    }
  });

  it('can make the second attempt wait, with one free failure', async () => {
    const { timed, username } = await failed(1, { ...testEnv, THROTTLE_FREE_FAILURES: '1' });
    expect(await tryLogin(timed, username)).toBe(1);
  });
});
