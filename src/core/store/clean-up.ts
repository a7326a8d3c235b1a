// What has had its time is removed: expired sessions, old events, counters that nobody adds to any more.
import { inArray, lt, lte } from 'drizzle-orm';
import type { Policy } from '../model.ts';
import { events, loginFailures, sessions } from './schema.ts';
import type { Database, Store } from './store.ts';

/** Rows a statement: short enough that no login waits for it noticeably. */
const BATCH_ROWS = 500;
/** Batches a run for each table: what is left waits for the next run. */
const MAX_BATCHES = 50;

const MS_PER_DAY = 24 * 60 * 60 * 1000;
/** A counter that was not added to for this long is forgotten; far longer than its longest wait. */
const COUNTER_MS = MS_PER_DAY;

/** How many rows went. `complete` is false where the next run has more to do. */
export interface CleanedUp {
  sessions: number;
  events: number;
  loginFailures: number;
  complete: boolean;
}

export interface CleanUp {
  /** Removes what has had its time, in bounded batches. Throws StoreUnavailable; what was removed stays so. */
  cleanUp(): Promise<CleanedUp>;
}

export interface CleanUpOptions {
  store: Store;
  policy: Policy;
  nowMs: () => number;
}

export const createCleanUp = ({ store, policy, nowMs }: CleanUpOptions): CleanUp => {
  /** Runs a statement until it finds no full batch any more. */
  const drain = async (removeBatch: (db: Database) => PromiseLike<D1Result>) => {
    let removed = 0;
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const { value } = await store.primary(removeBatch);
      removed += value.meta.changes;
      if (value.meta.changes < BATCH_ROWS) return { removed, complete: true };
    }
    return { removed, complete: false };
  };

  return {
    async cleanUp() {
      const now = nowMs();
      const oldEvents = now - policy.eventDays * MS_PER_DAY;
      const fromSessions = await drain((db) => {
        const expired = db.select({ id: sessions.id }).from(sessions).where(lte(sessions.expiresAtMs, now));
        return db.delete(sessions).where(inArray(sessions.id, expired.limit(BATCH_ROWS)));
      });
      const fromEvents = await drain((db) => {
        const old = db.select({ id: events.id }).from(events).where(lt(events.createdAtMs, oldEvents));
        return db.delete(events).where(inArray(events.id, old.limit(BATCH_ROWS)));
      });
      const fromCounters = await drain((db) => {
        const { key, lastAtMs } = loginFailures;
        const still = db
          .select({ key })
          .from(loginFailures)
          .where(lt(lastAtMs, now - Math.max(COUNTER_MS, policy.throttle.maxWaitSeconds * 1000)));
        return db.delete(loginFailures).where(inArray(key, still.limit(BATCH_ROWS)));
      });
      return {
        sessions: fromSessions.removed,
        events: fromEvents.removed,
        loginFailures: fromCounters.removed,
        complete: fromSessions.complete && fromEvents.complete && fromCounters.complete,
      };
    },
  };
};
