// Tries that are still being checked: worth a pause while they are under way, failures once they are abandoned.
import { describe, expect, it } from 'vitest';
import { createCore, createCounts, cryptoRandom, readIdentifier } from '../../src/core/index.ts';
import { type Env, readSettings } from '../../src/env.ts';
import { someAccount, someClient } from '../support/clock.ts';
import { countOf as readCount, setCount } from '../support/failures.ts';
import { testEnv } from '../support/worker.ts';

const FREE_FAILURES = 3;
const WAIT_SECONDS = 60;
/** A try that began longer ago is abandoned. */
const LEASE_MS = 5_000;

const START_MS = Date.UTC(2030, 0, 1);

const env: Env = {
  ...testEnv,
  THROTTLE_FREE_FAILURES: String(FREE_FAILURES),
  THROTTLE_FIRST_WAIT_SECONDS: String(WAIT_SECONDS),
};

/** A core whose clock a test owns, whose pauses take the time they ask for, and whose isolate can go away. */
const createMortalCore = (onPause: (pauses: number) => Promise<unknown> = async () => undefined) => {
  let nowMs = START_MS;
  let roundTripsLeft = Number.POSITIVE_INFINITY;
  const pauses: number[] = [];
  const deferred: Promise<unknown>[] = [];
  const counts = createCounts();
  const database = new Proxy(env.DB, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        roundTripsLeft -= 1;
        if (roundTripsLeft < 0) throw new Error('The isolate is gone.');
        return Reflect.apply(member, target, args);
      };
    },
  });
  const core = createCore({
    db: database,
    kv: env.SESSIONS,
    clock: () => nowMs,
    random: cryptoRandom,
    ...readSettings(env),
    counts,
    defer: (work) => deferred.push(work),
    warn: () => undefined,
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      nowMs += milliseconds;
      await onPause(pauses.length);
    },
  });
  return {
    core,
    pauses,
    counts,
    settle: () => Promise.all(deferred.splice(0)),
    advance: (milliseconds: number) => {
      nowMs += milliseconds;
    },
    /** So many round trips to the database, and none after them until it is told another number. */
    live: (roundTrips = Number.POSITIVE_INFINITY) => {
      roundTripsLeft = roundTrips;
    },
  };
};
type MortalCore = ReturnType<typeof createMortalCore>;

const joined = async ({ core, settle }: MortalCore) => {
  const person = someAccount();
  const kept = { client: someClient, replaces: null };
  const made = await core.accounts.create(person, { ...kept, open: null });
  await settle();
  return { ...person, id: made.ok ? made.value.account.id : expect.fail() };
};
type Person = Awaited<ReturnType<typeof joined>>;

const tryLogin = async ({ core }: MortalCore, { username }: Person, password: string) => {
  const identifier = readIdentifier(username);
  const kept = { client: someClient, replaces: null };
  const result = await core.login({ identifier, password, open: 'cookie', ...kept });
  if (result.ok) return 'in';
  return result.error.reason === 'throttled' ? result.error.retryAfterSeconds : 'wrong';
};

const countOf = ({ id }: Person): Promise<unknown> => readCount(id);

/** As many tries as are free have just begun elsewhere. */
const fill = ({ id }: Person) => setCount(id, FREE_FAILURES, FREE_FAILURES, START_MS);

/** As many tries as are free, whose isolate goes away before their failure is settled. */
const abandon = async (mortal: MortalCore, person: Person): Promise<void> => {
  for (let tries = 0; tries < FREE_FAILURES; tries += 1) {
    mortal.live(1);
    expect(await tryLogin(mortal, person, 'wrong')).toBe('wrong');
    await mortal.settle();
  }
  mortal.live();
  expect(await countOf(person)).toEqual({ count: FREE_FAILURES, pending: FREE_FAILURES });
};

describe('while tries of the same moment are still being checked', () => {
  it('pauses a further one, and continues it as soon as one of them succeeds', async () => {
    const pausesUntilSuccess = 2;
    let id = 0;
    const mortal = createMortalCore(async (pauses) => {
      if (pauses < pausesUntilSuccess) return;
      await env.DB.prepare('UPDATE users SET login_failures = NULL WHERE id = ?').bind(id).run();
    });
    const person = await joined(mortal);
    id = person.id;
    await fill(person);
    expect(await tryLogin(mortal, person, person.password)).toBe('in');
    expect(mortal.pauses).toHaveLength(pausesUntilSuccess);
  });

  it('refuses a further one in the end, without a hash and without counting it', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await fill(person);
    const hashes = mortal.counts.hashes;
    const left = await tryLogin(mortal, person, person.password);
    expect(typeof left === 'number' && left <= WAIT_SECONDS && left > WAIT_SECONDS - LEASE_MS / 1000).toBe(
      true,
    );
    expect(mortal.pauses.length).toBeGreaterThan(0);
    expect(mortal.counts.hashes).toBe(hashes);
    expect(await countOf(person)).toEqual({ count: 3, pending: 3 });
  });

  it('does not pause because of failed ones', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) {
      expect(await tryLogin(mortal, person, 'wrong')).toBe('wrong');
      await mortal.settle();
    }
    expect(await tryLogin(mortal, person, person.password)).toBe(WAIT_SECONDS);
    expect(mortal.pauses).toEqual([]);
  });
});

describe('an attempt whose isolate is gone', () => {
  it('is counted, and becomes a failure when its lease ends', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(LEASE_MS);
    expect(await tryLogin(mortal, person, person.password)).toBe(WAIT_SECONDS - LEASE_MS / 1000);
    expect(mortal.pauses).toEqual([]);
  });

  it('counts as pending before that', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(LEASE_MS - 1);
    expect(typeof (await tryLogin(mortal, person, person.password))).toBe('number');
    expect(mortal.pauses.length).toBe(1);
  });

  it('locks nobody out: the owner logs in after the wait', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(WAIT_SECONDS * 1000 - 1);
    expect(await tryLogin(mortal, person, person.password)).toBe(1);
    mortal.advance(1);
    expect(await tryLogin(mortal, person, person.password)).toBe('in');
    // Nobody noted from which network they came, so this success does not forgive them.
    expect(await countOf(person)).toEqual({ count: FREE_FAILURES, pending: 0 });
  });

  it('is no longer pending after a later attempt has begun', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(WAIT_SECONDS * 1000);
    expect(await tryLogin(mortal, person, 'wrong')).toBe('wrong');
    await mortal.settle();
    expect(await countOf(person)).toEqual({ count: FREE_FAILURES + 1, pending: 0 });
    expect(await tryLogin(mortal, person, person.password)).toBe(2 * WAIT_SECONDS);
    expect(mortal.pauses).toEqual([]);
  });
});
