// The account's exact, global counter of refused logins. A try is counted before its password is looked at.
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { ifAccount } from '../store/if-account.ts';
import { loginFailures } from '../store/schema.ts';
import type { Database } from '../store/store.ts';
import { type Device, markOfRow } from './devices.ts';

export interface ThrottlePolicy {
  /** Consecutive failures that cost no wait. */
  freeFailures: number;
  /** The first wait; each further failure doubles it. */
  firstWaitSeconds: number;
  maxWaitSeconds: number;
}

/** The doubling stops here: 2^20 of any unit is past every maximum, and a shift stays within 64 bits. */
const MAX_DOUBLINGS = 20;

/**
 * A try that began longer ago than this and was never settled counts as a failure: the isolate that checked it
 * is gone. No hash takes as long.
 */
const PENDING_LEASE_MS = 5_000;

/** The counter of one key as it was before a try. */
export type CounterState = typeof loginFailures.$inferSelect;

/** The counter's key, as SQL that the same batch computes from the user's row: known there, not here. */
export interface CounterKey {
  /** The condition that finds the account, on the table `users`. */
  account: SQL;
  /** The key where there is no such account. */
  unknown: string;
  /** The device that sends the request, with the marks of the accounts that have logged in on it. */
  device: Device | null;
}

const keyExpression = ({ account, unknown, device }: CounterKey): SQL => {
  const known = device
    ? sql`CASE WHEN ${markOfRow} IN (SELECT value FROM json_each(${JSON.stringify(device.marks)}))
        THEN 'device:' || id || ':' || ${device.id} ELSE 'account:' || id END`
    : sql`'account:' || id`;
  return sql`coalesce((SELECT ${known} FROM users WHERE ${account}), ${unknown})`;
};

/** Milliseconds to wait after the `count`th consecutive failure. */
const waitMs = (count: number, policy: ThrottlePolicy): number => {
  if (count < policy.freeFailures) return 0;
  const doublings = Math.min(count - policy.freeFailures, MAX_DOUBLINGS);
  return Math.min(policy.maxWaitSeconds, policy.firstWaitSeconds * 2 ** doublings) * 1000;
};

/** The statement that reads the counter before a try; a row of `CounterState`, or none. */
export const readCounter = (db: Database, key: CounterKey) =>
  db
    .select()
    .from(loginFailures)
    .where(eq(loginFailures.key, keyExpression(key)));

/**
 * The statement that counts a try, unless the counter makes it wait: then it changes nothing and returns no
 * row. Counting first, in one statement with the check, is what keeps a parallel flood from being hashed:
 * a counter that is read before and written after the hash lets through as many tries as are under way.
 */
export const countTry = (db: Database, key: CounterKey, policy: ThrottlePolicy, nowMs: number) => {
  const { count, pending, lastAtMs } = loginFailures;
  const { freeFailures, firstWaitSeconds, maxWaitSeconds } = policy;
  const doubled = sql`${firstWaitSeconds} << min(${count} - ${freeFailures}, ${MAX_DOUBLINGS})`;
  const leaseEnd = nowMs - PENDING_LEASE_MS;
  return db
    .insert(loginFailures)
    .values({ key: keyExpression(key), count: 1, pending: 1, lastAtMs: nowMs })
    .onConflictDoUpdate({
      target: loginFailures.key,
      set: {
        count: sql`${count} + 1`,
        pending: sql`CASE WHEN ${lastAtMs} < ${leaseEnd} THEN 1 ELSE ${pending} + 1 END`,
        lastAtMs: nowMs,
      },
      setWhere: sql`${count} < ${freeFailures}
        OR ${nowMs} >= ${lastAtMs} + 1000 * min(${maxWaitSeconds}, ${doubled})`,
    })
    .returning({ key: loginFailures.key });
};

/** The statement that settles a try that failed: it stays counted, and is under way no longer. */
export const settleFailure = (db: Database, key: string) =>
  db
    .update(loginFailures)
    .set({ pending: sql`max(0, ${loginFailures.pending} - 1)` })
    .where(eq(loginFailures.key, key));

/** The statement that takes a try back: its password was right, and D1 did not do what was to follow. */
export const withdrawTry = (db: Database, key: string) =>
  db
    .update(loginFailures)
    .set({
      count: sql`max(0, ${loginFailures.count} - 1)`,
      pending: sql`max(0, ${loginFailures.pending} - 1)`,
    })
    .where(eq(loginFailures.key, key));

/**
 * The statement that forgets the failures of a key: the login succeeded.
 * @param onlyIf a condition on the table of accounts
 */
export const resetCounter = (db: Database, key: string, onlyIf?: SQL) =>
  db.delete(loginFailures).where(and(eq(loginFailures.key, key), ifAccount(db, onlyIf)));

/** Whole seconds, at least one, until the counter lets the next try through. */
export const secondsToWait = (state: CounterState, policy: ThrottlePolicy, nowMs: number): number =>
  Math.max(1, Math.ceil((state.lastAtMs + waitMs(state.count, policy) - nowMs) / 1000));

/**
 * True where only tries that are still being checked fill the counter: many clients log in to one account at
 * once. They are worth a short pause and a second look, not a refusal.
 */
export const isOnlyBusy = (state: CounterState, policy: ThrottlePolicy, nowMs: number): boolean =>
  state.count - state.pending < policy.freeFailures && nowMs - state.lastAtMs < PENDING_LEASE_MS;
