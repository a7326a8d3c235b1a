// Pending attempts: while they are checked, a further attempt pauses; once their lease ends, they count as failures.
import { describe, expect, it } from 'vitest';
import { createCore, createCounts, cryptoRandom, readIdentifier } from '../../src/core/index.ts';
import { type Env, readSettings } from '../../src/env.ts';
import { someAccount, someClient } from '../support/clock.ts';
import { countOf as readCount, setCount } from '../support/failures.ts';
import { testEnv } from '../support/worker.ts';

const FREE_FAILURES = 3;
const WAIT_SECONDS = 60;
/** An attempt that began longer ago is abandoned. */
const LEASE_MS = 5_000;

const START_MS = Date.UTC(2030, 0, 1);

const env: Env = {
  ...testEnv,
  THROTTLE_FREE_FAILURES: String(FREE_FAILURES),
  THROTTLE_FIRST_WAIT_SECONDS: String(WAIT_SECONDS),
};

/** A core with a test clock, which pauses advance, and an isolate that can stop. */
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
    /** Allows that many further round trips to D1, until the next call. */
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

/** Fills the counter with as many pending attempts as are free. They have just begun elsewhere. */
const fill = ({ id }: Person) => setCount(id, FREE_FAILURES, FREE_FAILURES, START_MS);

/** Makes as many attempts as are free. Their isolate stops before it records the failures. */
const abandon = async (mortal: MortalCore, person: Person): Promise<void> => {
  for (let tries = 0; tries < FREE_FAILURES; tries += 1) {
    mortal.live(1);
    expect(await tryLogin(mortal, person, 'wrong')).toBe('wrong');
    await mortal.settle();
  }
  mortal.live();
  expect(await countOf(person)).toEqual({ count: FREE_FAILURES, pending: FREE_FAILURES });
};

describe('a further attempt while others are being checked', () => {
  it('pauses, and continues as soon as one of them succeeds', async () => {
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

  it('fails after its pauses, without a hash and without being counted', async () => {
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

  it('does not pause because of attempts that have failed', async () => {
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

describe('an attempt whose isolate has stopped', () => {
  it('becomes a failure when its lease ends', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(LEASE_MS);
    expect(await tryLogin(mortal, person, person.password)).toBe(WAIT_SECONDS - LEASE_MS / 1000);
    expect(mortal.pauses).toEqual([]);
  });

  it('counts as pending until its lease ends', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(LEASE_MS - 1);
    expect(typeof (await tryLogin(mortal, person, person.password))).toBe('number');
    expect(mortal.pauses.length).toBe(1);
  });

  it('does not lock out the owner after the wait', async () => {
    const mortal = createMortalCore();
    const person = await joined(mortal);
    await abandon(mortal, person);
    mortal.advance(WAIT_SECONDS * 1000 - 1);
    expect(await tryLogin(mortal, person, person.password)).toBe(1);
    mortal.advance(1);
    expect(await tryLogin(mortal, person, person.password)).toBe('in');
    // The network of these attempts was not recorded, so this success does not forgive them.
    expect(await countOf(person)).toEqual({ count: FREE_FAILURES, pending: 0 });
  });

  it('stops being pending when a later attempt begins', async () => {
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
