// The exact, global counter of an account's failed attempts. An attempt is counted before its password is checked.
import { eq } from 'drizzle-orm';
import { err, ok, type Result, type Throttled } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import type { Client, Policy } from '../model.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { type Candidate, candidateColumns } from './candidate.ts';
import {
  ACCOUNT,
  type AttemptSource,
  type CounterKey,
  type CounterState,
  countAttempt,
  counterColumns,
  countUnknownAttempt,
  failAttempt,
  isOnlyBusy,
  networkOf,
  readUnknown,
  secondsToWait,
  uncountAttempt,
} from './counters.ts';

/** The pauses before an attempt is counted again, while parallel attempts fill the counter. */
const BUSY_PAUSES_MS = [100, 200, 400, 800, 1000, 1000];

/** An attempt that is counted and may now be checked. */
export interface CountedAttempt {
  /** Null if there is no such account. */
  candidate: Candidate | null;
  counterKey: CounterKey;
}

export interface Throttle {
  /**
   * Finds the account and counts the attempt, in one round trip to D1. Refuses while the counter makes it wait. Each
   * counted attempt must end in `recordFailure`, `undoAttempt` or the value `forgiven` in the account's row.
   */
  countAttempt(source: AttemptSource): Promise<Result<CountedAttempt, Throttled>>;
  /** After the response: the attempt failed and stays counted. The same statements for known and unknown accounts. */
  recordFailure(counterKey: CounterKey, client: Client, type?: 'login_refused' | 'factor_refused'): void;
  /** After the response: undoes an attempt that was neither correct nor wrong. */
  undoAttempt(counterKey: CounterKey): void;
  /**
   * Runs the work after a correct password. If it throws, the attempt is undone: an outage is not a wrong password and
   * must make nobody wait.
   */
  undoOnError<T>(counterKey: CounterKey, work: () => Promise<T>): Promise<T>;
}

export interface ThrottleOptions {
  store: Store;
  policy: Policy;
  nowMs: () => number;
  pause: (milliseconds: number) => Promise<void>;
}

export const createThrottle = ({ store, policy, nowMs, pause }: ThrottleOptions): Throttle => {
  const countOnce = async (source: AttemptSource) => {
    const now = nowMs();
    const { value } = await store.primary((db) =>
      db.batch([
        db
          .select({ ...candidateColumns(source.appPassword ?? null), ...counterColumns(source) })
          .from(users)
          .where(source.account),
        readUnknown(db, source),
        countAttempt(db, source, policy.throttle, now),
        countUnknownAttempt(db, source, policy.throttle, now),
      ]),
    );
    const [[found], [ofUnknown], [counted], [countedUnknown]] = value;
    const { count = null, pending = null, atMs = null } = found ?? {};
    const before: CounterState | null =
      count === null ? (ofUnknown ?? null) : { count, pending: pending ?? 0, atMs: atMs ?? 0 };
    const counterKey: CounterKey | null =
      counted || countedUnknown
        ? {
            accountId: found?.id ?? null,
            source: counted?.source ?? ACCOUNT,
            unknown: source.unknown,
            network: networkOf(source),
            atMs: now,
            beforeAtMs: before?.atMs ?? 0,
          }
        : null;
    return { candidate: found ? withoutCounter(found) : null, before, counterKey, nowMs: now };
  };

  const undoAttempt: Throttle['undoAttempt'] = (counterKey) =>
    store.runInBackground('attempt not undone', () => store.primary((db) => uncountAttempt(db, counterKey)));

  return {
    async countAttempt(source) {
      let counted = await countOnce(source);
      for (const milliseconds of BUSY_PAUSES_MS) {
        if (counted.counterKey !== null || !counted.before) break;
        if (!isOnlyBusy(counted.before, policy.throttle, counted.nowMs)) break;
        await pause(milliseconds);
        counted = await countOnce(source);
      }
      const { candidate, before, counterKey } = counted;
      if (counterKey !== null) return ok({ candidate, counterKey });
      const retryAfterSeconds = before ? secondsToWait(before, policy.throttle, counted.nowMs) : 1;
      return err({ reason: 'throttled', retryAfterSeconds });
    },

    recordFailure: (counterKey, client, type = 'login_refused') =>
      store.runInBackground('failure not recorded', () =>
        store.primary((db) =>
          db.batch([
            ...failAttempt(db, counterKey),
            noteEventOf(db, type, eq(users.id, counterKey.accountId ?? 0), client, nowMs()),
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

/** The account without its counter, which never leaves throttle/. */
const withoutCounter = <T extends { count: unknown; pending: unknown; atMs: unknown }>({
  count: _,
  pending: __,
  atMs: ___,
  ...candidate
}: T) => candidate;
