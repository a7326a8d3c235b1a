// What a successful login forgives, the counters of unknown names, and counters with a time in the future.
import { describe, expect, it } from 'vitest';
import { readIdentifier } from '../../src/core/index.ts';
import { createTimedCore, DAY_MS, someAccount, someClient, type TimedCore } from '../support/clock.ts';
import { countOf, setCount } from '../support/failures.ts';
import { testEnv, uniqueName } from '../support/worker.ts';

const FREE_FAILURES = 10;
const MINUTE_MS = 60_000;
const OWNER = '203.0.113.0/24';
const GUESSER = '198.51.100.0/24';

type Outcome = 'in' | 'wrong' | number;

interface Attempt {
  username: string;
  password?: string;
  network?: string | null;
  device?: string | null;
}

const tryLogin = async ({ core, settle }: TimedCore, attempt: Attempt): Promise<Outcome> => {
  const { username, password = 'wrong', network = null, device = null } = attempt;
  const result = await core.login({
    identifier: readIdentifier(username),
    password,
    open: 'cookie',
    client: { ...someClient, addressPrefix: network, device },
    replaces: null,
  });
  await settle();
  if (result.ok) return 'in';
  return result.error.reason === 'throttled' ? result.error.retryAfterSeconds : 'wrong';
};

const joined = async (timed: TimedCore) => {
  const person = someAccount();
  const { account } = await timed.register('cookie', person);
  return { ...person, id: account.id };
};

describe('a successful login', () => {
  it('forgives the failures of its own network', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    for (let times = 0; times < 9; times += 1)
      expect(await tryLogin(timed, { username: owner.username, network: OWNER })).toBe('wrong');
    expect(await tryLogin(timed, { ...owner, network: OWNER })).toBe('in');
    expect(await countOf(owner.id)).toBeNull();
  });

  it('forgives only the failures of its own network', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    for (const network of [GUESSER, OWNER, GUESSER, OWNER, GUESSER])
      expect(await tryLogin(timed, { username: owner.username, network })).toBe('wrong');
    expect(await tryLogin(timed, { ...owner, network: OWNER })).toBe('in');
    expect(await countOf(owner.id)).toEqual({ count: 3, pending: 0 });
    expect(await tryLogin(timed, { ...owner, network: null })).toBe('in');
    expect(await countOf(owner.id)).toEqual({ count: 3, pending: 0 });
    expect(await tryLogin(timed, { ...owner, network: GUESSER })).toBe('in');
    expect(await countOf(owner.id)).toBeNull();
  });

  it('succeeds as soon as the wait is over, and again without a new wait', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    for (let times = 0; times < FREE_FAILURES; times += 1)
      await tryLogin(timed, { username: owner.username, network: GUESSER });
    expect(await tryLogin(timed, { ...owner, network: OWNER })).toBe(1);
    timed.advance(1000);
    for (let times = 0; times < 5; times += 1)
      expect(await tryLogin(timed, { ...owner, network: OWNER })).toBe('in');
    expect(await countOf(owner.id)).toEqual({ count: FREE_FAILURES, pending: 0 });
  });

  it('each minute leaves a guesser elsewhere at most 120 attempts a day, not 14,400', async () => {
    const timed = createTimedCore(Date.UTC(2030, 0, 1));
    const owner = await joined(timed);
    let guesses = 0;
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      while ((await tryLogin(timed, { username: owner.username, network: GUESSER })) === 'wrong')
        guesses += 1;
      await tryLogin(timed, { ...owner, network: OWNER });
      timed.advance(MINUTE_MS);
    }
    // Ten without a wait, then waits of 1 to 512 s, then one in 15 minutes.
    expect(guesses).toBeGreaterThan(90);
    expect(guesses).toBeLessThanOrEqual(120);
  }, 60_000);

  it('stays possible on a known device while a guesser makes the account wait', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    const first = await timed.core.login({
      identifier: readIdentifier(owner.username),
      password: owner.password,
      open: 'cookie',
      client: someClient,
      replaces: null,
    });
    const device = first.ok && 'device' in first.value ? first.value.device : expect.fail();
    for (let times = 0; times < FREE_FAILURES; times += 1)
      await tryLogin(timed, { username: owner.username, network: GUESSER });
    expect(await tryLogin(timed, { username: owner.username, network: GUESSER })).toBe(1);
    expect(await tryLogin(timed, { ...owner, network: OWNER, device })).toBe('in');
    expect(await countOf(owner.id)).toEqual({ count: FREE_FAILURES, pending: 0 });
  });
});

describe('an account', () => {
  it('tracks sixteen networks, and does not forgive failures of further ones', async () => {
    const timed = createTimedCore(undefined, { ...testEnv, THROTTLE_FREE_FAILURES: '100' });
    const owner = await joined(timed);
    for (let network = 0; network < 20; network += 1)
      await tryLogin(timed, { username: owner.username, network: `10.0.${network}.0/24` });
    for (let network = 0; network < 20; network += 1)
      await tryLogin(timed, { ...owner, network: `10.0.${network}.0/24` });
    expect(await countOf(owner.id)).toEqual({ count: 4, pending: 0 });
  });

  it('starts a new count after a day without an attempt', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    for (let times = 0; times < 9; times += 1) await tryLogin(timed, { username: owner.username });
    timed.advance(DAY_MS + 1);
    await tryLogin(timed, { username: owner.username });
    expect(await countOf(owner.id)).toEqual({ count: 1, pending: 0 });
  });
});

describe('a counter with a time in the future', () => {
  it.each([61_000, 900_000, 365 * DAY_MS])('makes nobody wait if the time is %s ms ahead', async (ahead) => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    await setCount(owner.id, 40, 0, timed.now() + ahead);
    expect(await tryLogin(timed, owner)).toBe('in');
  });

  it('causes at most the longest wait if the time is less than a minute ahead', async () => {
    const timed = createTimedCore();
    const owner = await joined(timed);
    await setCount(owner.id, 40, 0, timed.now() + 59_000);
    expect(await tryLogin(timed, owner)).toBe(900);
  });
});

describe('unknown names', () => {
  const rows = async () => testEnv.DB.prepare('SELECT key FROM login_failures').all<{ key: string }>();

  it('share 4,096 counters', async () => {
    const timed = createTimedCore();
    for (let times = 0; times < 60; times += 1) await tryLogin(timed, { username: uniqueName() });
    const { results } = await rows();
    // Two of 60 names may share one of 4,096 counters by chance, but not more than ten.
    expect(results.length).toBeGreaterThanOrEqual(50);
    expect(results.length).toBeLessThanOrEqual(60);
    for (const { key } of results) {
      expect(key).toMatch(/^unknown:\d{1,4}$/);
      expect(Number(key.slice('unknown:'.length))).toBeLessThan(4_096);
    }
  });

  it('wait like known names, each separately', async () => {
    const timed = createTimedCore();
    const name = uniqueName();
    for (let times = 0; times < FREE_FAILURES; times += 1)
      expect(await tryLogin(timed, { username: name })).toBe('wrong');
    expect(await tryLogin(timed, { username: name })).toBe(1);
    const { results } = await rows();
    const row = results.length;
    for (let times = 0; times < 20; times += 1)
      expect(await tryLogin(timed, { username: uniqueName() })).toBe('wrong');
    expect((await rows()).results.length).toBeGreaterThan(row);
  });

  it('take over a shared counter, so that each new name has all free attempts', async () => {
    const timed = createTimedCore();
    const name = uniqueName();
    for (let times = 0; times < FREE_FAILURES; times += 1) await tryLogin(timed, { username: name });
    // Another name of the same counter was tried last.
    await testEnv.DB.prepare("UPDATE login_failures SET tag = 'another name'").run();
    expect(await tryLogin(timed, { username: name })).toBe('wrong');
    for (let times = 1; times < FREE_FAILURES; times += 1)
      expect(await tryLogin(timed, { username: name })).toBe('wrong');
    expect(await tryLogin(timed, { username: name })).toBe(1);
  });
});
