// The exact, global counter of an account's refused attempts. An attempt is counted before its secret is checked.
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { err, ok, type Result, type Throttled } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import { type Account, accountColumns, type Client, type Policy, type ThrottlePolicy } from '../model.ts';
import { whereAccountExists } from '../store/conditions.ts';
import { loginFailures, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import { type Device, markOfRow } from './devices.ts';

/** The doubling stops here: 2^20 of any unit is past every maximum, and a shift stays within 64 bits. */
const MAX_DOUBLINGS = 20;

/**
 * An attempt that began longer ago and has no outcome counts as a failure: the isolate that checked it is gone. No
 * hash takes as long.
 */
const PENDING_LEASE_MS = 5_000;

/** The pauses after which an attempt is counted again while other attempts of the same moment fill the counter. */
const BUSY_PAUSES_MS = [100, 200, 400, 800, 1000, 1000];

/** An account with the hash against which a password is checked. */
export type Candidate = Account & { passwordHash: string };

/** Which counter an attempt belongs to. */
export interface CounterKey {
  /** The condition on `users` that finds the account. */
  account: SQL;
  /** The key if there is no such account. */
  unknown: string;
  /** The device that sends the request, with the marks of the accounts that have logged in on it. */
  device: Device | null;
}

/** An attempt that is counted and may now be checked. */
export interface CountedAttempt {
  /** Null if there is no such account. */
  candidate: Candidate | null;
  counterKey: string;
}

export interface Throttle {
  /**
   * Finds the account and counts the attempt, in one round trip to D1. Refuses while the counter makes it wait. Each
   * counted attempt must end in `recordFailure`, `undoAttempt` or the statement `resetCounter`.
   */
  countAttempt(key: CounterKey): Promise<Result<CountedAttempt, Throttled>>;
  /** After the response: the attempt failed and stays counted. The same statements for known and unknown accounts. */
  recordFailure(counterKey: string, accountId: number | null, client: Client): void;
  /** After the response: takes back an attempt that was neither right nor wrong. */
  undoAttempt(counterKey: string): void;
  /**
   * Runs what follows from a right password. If D1 fails at it, the attempt is undone: an outage is no wrong password,
   * and several of them make nobody wait.
   */
  undoOnError<T>(counterKey: string, work: () => Promise<T>): Promise<T>;
}

export interface ThrottleOptions {
  store: Store;
  policy: Policy;
  nowMs: () => number;
  pause: (milliseconds: number) => Promise<void>;
}

export const createThrottle = ({ store, policy, nowMs, pause }: ThrottleOptions): Throttle => {
  const countOnce = async (key: CounterKey) => {
    const now = nowMs();
    const { value } = await store.primary((db) =>
      db.batch([
        db
          .select({ ...accountColumns, passwordHash: users.passwordHash })
          .from(users)
          .where(key.account),
        readCounter(db, key),
        countAttempt(db, key, policy.throttle, now),
      ]),
    );
    const [[candidate], [before], [counted]] = value;
    return {
      candidate: candidate ?? null,
      before: before ?? null,
      counterKey: counted?.key ?? null,
      nowMs: now,
    };
  };

  const undoAttempt: Throttle['undoAttempt'] = (counterKey) =>
    store.runInBackground('attempt not undone', () => store.primary((db) => uncountAttempt(db, counterKey)));

  return {
    async countAttempt(key) {
      let counted = await countOnce(key);
      for (const milliseconds of BUSY_PAUSES_MS) {
        if (counted.counterKey !== null || !counted.before) break;
        if (!isOnlyBusy(counted.before, policy.throttle, counted.nowMs)) break;
        await pause(milliseconds);
        counted = await countOnce(key);
      }
      const { candidate, before, counterKey } = counted;
      if (counterKey !== null) return ok({ candidate, counterKey });
      const retryAfterSeconds = before ? secondsToWait(before, policy.throttle, counted.nowMs) : 1;
      return err({ reason: 'throttled', retryAfterSeconds });
    },

    recordFailure: (counterKey, accountId, client) =>
      store.runInBackground('failure not recorded', () =>
        store.primary((db) =>
          db.batch([
            settleAttempt(db, counterKey),
            noteEventOf(db, 'login_refused', eq(users.id, accountId ?? 0), client, nowMs()),
          ]),
        ),
      ),

    undoAttempt,

    async undoOnError(counterKey, work) {
      try {
        return await work();
      } catch (error) {
        undoAttempt(counterKey);
        throw error;
      }
    },
  };
};

/** The counter of one key. */
type CounterState = typeof loginFailures.$inferSelect;

/** The key as SQL: the same batch computes it from the row of the account, which is not known before. */
const keyExpression = ({ account, unknown, device }: CounterKey): SQL => {
  const known = device
    ? sql`CASE WHEN ${markOfRow} IN (SELECT value FROM json_each(${JSON.stringify(device.marks)}))
        THEN 'device:' || id || ':' || ${device.id} ELSE 'account:' || id END`
    : sql`'account:' || id`;
  return sql`coalesce((SELECT ${known} FROM users WHERE ${account}), ${unknown})`;
};

/** The statement that reads the counter before an attempt. */
const readCounter = (db: Database, key: CounterKey) =>
  db
    .select()
    .from(loginFailures)
    .where(eq(loginFailures.key, keyExpression(key)));

/**
 * The statement that counts an attempt. While the counter makes it wait, it changes nothing and returns no row. It
 * checks and counts in one step, before the hash: if a counter were read before and written after the hash, a parallel
 * flood would get as many attempts through as are under way.
 */
const countAttempt = (db: Database, key: CounterKey, policy: ThrottlePolicy, nowMs: number) => {
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

/** The statement after a failed attempt: it stays counted and is no longer under way. */
const settleAttempt = (db: Database, key: string) =>
  db
    .update(loginFailures)
    .set({ pending: sql`max(0, ${loginFailures.pending} - 1)` })
    .where(eq(loginFailures.key, key));

/** The statement that undoes an attempt. */
const uncountAttempt = (db: Database, key: string) =>
  db
    .update(loginFailures)
    .set({
      count: sql`max(0, ${loginFailures.count} - 1)`,
      pending: sql`max(0, ${loginFailures.pending} - 1)`,
    })
    .where(eq(loginFailures.key, key));

/**
 * The statement that removes the counter after a right password; part of the batch that follows from it.
 * @param onlyIf a condition on `users`
 */
export const resetCounter = (db: Database, key: string, onlyIf?: SQL) =>
  db.delete(loginFailures).where(and(eq(loginFailures.key, key), whereAccountExists(db, onlyIf)));

/** Milliseconds to wait after the `count`th consecutive failure. */
const waitMs = (count: number, policy: ThrottlePolicy): number => {
  if (count < policy.freeFailures) return 0;
  const doublings = Math.min(count - policy.freeFailures, MAX_DOUBLINGS);
  return Math.min(policy.maxWaitSeconds, policy.firstWaitSeconds * 2 ** doublings) * 1000;
};

/** Whole seconds, at least one, until the counter lets the next attempt through. */
const secondsToWait = (state: CounterState, policy: ThrottlePolicy, nowMs: number): number =>
  Math.max(1, Math.ceil((state.lastAtMs + waitMs(state.count, policy) - nowMs) / 1000));

/**
 * True if only attempts that are still being checked fill the counter: many clients log in to one account at once.
 * They are worth a short pause and another try, not a refusal.
 */
const isOnlyBusy = (state: CounterState, policy: ThrottlePolicy, nowMs: number): boolean =>
  state.count - state.pending < policy.freeFailures && nowMs - state.lastAtMs < PENDING_LEASE_MS;
