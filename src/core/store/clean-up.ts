// Clean-up: deletes expired rows in bounded batches, without an index on their times.
import { and, asc, desc, eq, gt, inArray, lt, notExists, sql } from 'drizzle-orm';
import type { Policy } from '../model.ts';
import { deleteConsentsOfApp, deleteGrantsOfApp } from './removed-apps.ts';
import { DROP_RETIRED_INDEXES } from './retired-indexes.ts';
import {
  deliveries,
  events,
  loginFailures,
  outbox,
  proofs,
  sessions,
  spentChallenges,
  users,
} from './schema.ts';
import type { Database, Store } from './store.ts';

// An index on a time would cost every login one more written row. Instead the clean-up reads all sessions and events, a
// part of the table each hour if it is large.

/** Rows that one statement reads: few enough that no login waits noticeably. */
const BATCH_ROWS = 1_000;

/** A page of a sweep takes two statements: one finds its end, one deletes. So it is twice as long. */
const PAGE_ROWS = 2 * BATCH_ROWS;

/**
 * Round trips a run for each table, so that no table waits for another one. An invocation may send D1 1,000 statements;
 * these are at most 863, and the rest is for what else the schedule does. The two large tables get 250,000 rows a run:
 * ten addresses that send as many logins as the flood guard lets through make 360,000 in an hour, and the schedule
 * allows a run every few minutes. Every five minutes at most 400 mails and 400 messages are sent, and each mail has at
 * most one proof. Counters are at most 4,096.
 * @see https://developers.cloudflare.com/d1/platform/limits/
 */
const MAX_BATCHES = {
  // Two statements each.
  sessions: 125,
  events: 125,
  loginFailures: 10,
  // Two statements each.
  proofs: 40,
  mails: 50,
  challenges: 50,
  messages: 50,
  // Of removed apps, whose tokens are refused already: they have time.
  grants: 60,
  consents: 60,
} as const;

const HOUR_MS = 60 * 60 * 1000;
const MS_PER_DAY = 24 * HOUR_MS;
/** A counter without an attempt for this long is removed. Far longer than its longest wait. */
const COUNTER_MS = MS_PER_DAY;

/** A proof keeps the wrong codes of an hour, so that asking for a new one gives no new tries. */
const PROOF_KEPT_MS = HOUR_MS;
/** The limit of mails to one address counts those of a day. */
const MAIL_KEPT_MS = MS_PER_DAY;
/** A message to a webhook can be sent again for so long: four days after the last of its tries. */
const MESSAGE_KEPT_MS = 7 * MS_PER_DAY;

/** How many rows were removed. `complete` is false if the next run has more to do. */
export interface CleanedUp {
  sessions: number;
  events: number;
  loginFailures: number;
  proofs: number;
  mails: number;
  challenges: number;
  messages: number;
  grants: number;
  consents: number;
  complete: boolean;
}

export interface CleanUp {
  /** Removes expired rows in bounded batches. Throws StoreUnavailable; what was removed stays removed. */
  cleanUp(): Promise<CleanedUp>;
}

export interface CleanUpOptions {
  /** One that sends nothing after its batches: the messages that 250,000 rows cause are for the run that sends. */
  store: Store;
  policy: Policy;
  nowMs: () => number;
}

/** An event by the key of its table. */
interface EventKey {
  userId: number;
  id: number;
}

/** The fraction of the golden ratio: its multiples, without their whole part, leave no large gap. */
const GOLDEN_FRACTION = (Math.sqrt(5) - 1) / 2;

/**
 * Where a run begins to read a large table, as a part of it: the multiple of each hour, so that a table of any size is
 * read in about as few runs as possible.
 * @see https://en.wikipedia.org/wiki/Low-discrepancy_sequence#Additive_recurrence
 */
const partOf = (nowMs: number): number => (Math.floor(nowMs / HOUR_MS) * GOLDEN_FRACTION) % 1;

const ID_PREFIX_DIGITS = 4;

/** The same for the sessions. Their ids are hashes, so a part of the ids is a part of the rows. */
const firstId = (nowMs: number): string =>
  Math.floor(partOf(nowMs) * 16 ** ID_PREFIX_DIGITS)
    .toString(16)
    .padStart(ID_PREFIX_DIGITS, '0');

/**
 * The statement that removes the oldest rows of an outbox that are done and were queued before a time, or expired before
 * it. The run that sends gives up what is of no use any more; without mail, or with no version that sends, there is no
 * such run, and `npm run admin` cannot know that.
 */
const removeOld = (db: Database, table: typeof outbox | typeof deliveries, beforeMs: number) => {
  const { id, createdAtMs, expiresAtMs, doneAtMs } = table;
  const first = db
    .select({ id, createdAtMs, expiresAtMs, doneAtMs })
    .from(table)
    .orderBy(asc(id))
    .limit(BATCH_ROWS)
    .as('first');
  const old = db
    .select({ id: first.id })
    .from(first)
    .where(
      sql`(${first.doneAtMs} IS NOT NULL AND ${first.createdAtMs} < ${beforeMs}) OR ${first.expiresAtMs} < ${beforeMs}`,
    );
  return db.delete(table).where(inArray(id, old));
};

export const createCleanUp = ({ store, policy, nowMs }: CleanUpOptions): CleanUp => {
  /** Repeats a statement until it deletes nothing. */
  const drain = async (
    table: keyof typeof MAX_BATCHES,
    removeBatch: (db: Database) => PromiseLike<D1Result>,
  ) => {
    let removed = 0;
    for (let batch = 0; batch < MAX_BATCHES[table]; batch += 1) {
      const { value } = await store.primary(removeBatch);
      removed += value.meta.changes;
      if (value.meta.changes === 0) return { removed, complete: true };
    }
    return { removed, complete: false };
  };

  /**
   * Reads a table in pages, from one key to the last and then from the first.
   * @param removePage removes what is old on the page after a key, and returns the last key of the page
   */
  const sweep = async <Key>(
    table: 'sessions' | 'events',
    { start, first, isPast }: { start: Key; first: Key; isPast: (key: Key) => boolean },
    removePage: (after: Key) => Promise<{ last: Key | null; removed: number }>,
  ) => {
    let removed = 0;
    let after = start;
    let isWrapped = false;
    for (let batch = 0; batch < MAX_BATCHES[table]; batch += 1) {
      const page = await removePage(after);
      removed += page.removed;
      if (isWrapped && (page.last === null || isPast(page.last))) return { removed, complete: true };
      if (page.last === null) isWrapped = true;
      after = page.last ?? first;
    }
    return { removed, complete: false };
  };

  const sweepSessions = (now: number) => {
    const start = firstId(now);
    return sweep('sessions', { start, first: '', isPast: (id) => id >= start }, async (after) => {
      const { value } = await store.primary((db) => {
        const page = db
          .select({ id: sessions.id, expiresAtMs: sessions.expiresAtMs })
          .from(sessions)
          .where(gt(sessions.id, after))
          .orderBy(asc(sessions.id))
          .limit(PAGE_ROWS)
          .as('page');
        const last = db.select({ id: sql<string | null>`max(${page.id})` }).from(page);
        const expired = db.select({ id: page.id }).from(page).where(sql`${page.expiresAtMs} <= ${now}`);
        return db.batch([
          last,
          db.delete(sessions).where(inArray(sessions.id, expired)).returning({ id: sessions.id }),
        ]);
      });
      const [[last], expired] = value;
      // Not `meta.changes`, which also counts the grants of apps that end with them.
      return { last: last?.id ?? null, removed: expired.length };
    });
  };

  const sweepEvents = async (now: number, beforeMs: number) => {
    const { value } = await store.primary((db) =>
      db
        .select({ userId: sql<number | null>`max(${events.userId})` })
        .from(events)
        .get(),
    );
    const start: EventKey = { userId: Math.floor((value?.userId ?? 0) * partOf(now)), id: 0 };
    const isPast = ({ userId }: EventKey) => userId >= start.userId;
    return sweep('events', { start, first: { userId: 0, id: 0 }, isPast }, async (after) => {
      const { value } = await store.primary((db) => {
        const page = db
          .select({ userId: events.userId, id: events.id, createdAtMs: events.createdAtMs })
          .from(events)
          .where(sql`(${events.userId}, ${events.id}) > (${after.userId}, ${after.id})`)
          .orderBy(asc(events.userId), asc(events.id))
          .limit(PAGE_ROWS)
          .as('page');
        const last = db
          .select({ userId: page.userId, id: page.id })
          .from(page)
          .orderBy(desc(page.userId), desc(page.id))
          .limit(1);
        const old = db
          .select({ userId: page.userId, id: page.id })
          .from(page)
          .where(sql`${page.createdAtMs} < ${beforeMs}`);
        return db.batch([last, db.delete(events).where(sql`(${events.userId}, ${events.id}) IN (${old})`)]);
      });
      const [[last], deleted] = value;
      return { last: last ?? null, removed: deleted.meta.changes };
    });
  };

  return {
    async cleanUp() {
      const now = nowMs();
      const oldEvents = now - policy.eventDays * MS_PER_DAY;
      const oldCounters = now - Math.max(COUNTER_MS, policy.throttle.maxWaitSeconds * 1000);
      const fromSessions = await sweepSessions(now);
      const fromEvents = await sweepEvents(now, oldEvents);
      const fromCounters = await drain('loginFailures', (db) => {
        const { key, lastAtMs } = loginFailures;
        const old = db.select({ key }).from(loginFailures).where(lt(lastAtMs, oldCounters));
        return db.delete(loginFailures).where(inArray(key, old.limit(BATCH_ROWS)));
      });
      const fromProofs = await drain('proofs', (db) => {
        const old = db
          .select({ id: proofs.id })
          .from(proofs)
          .where(lt(proofs.expiresAtMs, now - PROOF_KEPT_MS))
          .limit(BATCH_ROWS);
        const usersOfOld = db
          .select({ id: proofs.userId })
          .from(proofs)
          .where(and(inArray(proofs.id, old), eq(proofs.purpose, 'change_email')));
        const live = db
          .select({ one: sql`1` })
          .from(proofs)
          .where(
            and(eq(proofs.userId, users.id), eq(proofs.purpose, 'change_email'), gt(proofs.expiresAtMs, now)),
          );
        return db
          .batch([
            // A new address that nobody confirmed in time is no longer shown.
            db
              .update(users)
              .set({ pendingEmail: null })
              .where(and(inArray(users.id, usersOfOld), notExists(live))),
            db.delete(proofs).where(inArray(proofs.id, old)),
          ])
          .then(([, result]) => result);
      });
      const fromOutbox = await drain('mails', (db) => removeOld(db, outbox, now - MAIL_KEPT_MS));
      const fromChallenges = await drain('challenges', (db) => {
        const { id, expiresAtMs } = spentChallenges;
        const old = db.select({ id }).from(spentChallenges).where(lt(expiresAtMs, now));
        return db.delete(spentChallenges).where(inArray(id, old.limit(BATCH_ROWS)));
      });
      const fromDeliveries = await drain('messages', (db) =>
        removeOld(db, deliveries, now - MESSAGE_KEPT_MS),
      );
      const fromGrants = await drain('grants', (db) => deleteGrantsOfApp(db));
      const fromConsents = await drain('consents', (db) => deleteConsentsOfApp(db));
      // One round trip each: to drop a large index takes D1 a while, and a batch has as long as one statement.
      for (const statement of DROP_RETIRED_INDEXES) await store.primary((db) => db.run(sql.raw(statement)));
      const all = [
        fromSessions,
        fromEvents,
        fromCounters,
        fromProofs,
        fromOutbox,
        fromChallenges,
        fromDeliveries,
        fromGrants,
        fromConsents,
      ];
      return {
        sessions: fromSessions.removed,
        events: fromEvents.removed,
        loginFailures: fromCounters.removed,
        proofs: fromProofs.removed,
        mails: fromOutbox.removed,
        challenges: fromChallenges.removed,
        messages: fromDeliveries.removed,
        grants: fromGrants.removed,
        consents: fromConsents.removed,
        complete: all.every(({ complete }) => complete),
      };
    },
  };
};
