// The statements on the outbox of webhooks and apps.
import {
  and,
  asc,
  eq,
  exists,
  gt,
  inArray,
  isNull,
  lt,
  lte,
  notExists,
  notInArray,
  type SQL,
  sql,
} from 'drizzle-orm';
import { alias } from 'drizzle-orm/sqlite-core';
import { LEASE_MS } from '../outbox/lease.ts';
import { deliveries, webhooks } from '../store/schema.ts';
import type { Database } from '../store/store.ts';

export type DeliveryRow = typeof deliveries.$inferSelect;
export type Webhook = typeof webhooks.$inferSelect;

const isDue = (nowMs: number): SQL | undefined =>
  and(isNull(deliveries.doneAtMs), lte(deliveries.nextAtMs, nowMs));

export interface Taking {
  limit: number;
  /** Recipients that take nothing at the moment. */
  skipped: ReadonlySet<string>;
  /** Only messages about these accounts; null for all. */
  userIds: readonly number[] | null;
  nowMs: number;
}

/**
 * The statement that takes up messages that are due, the longest due first, so that no other run has them. Of several
 * messages to one recipient about one account only the first: the others wait until it is done.
 */
export const leaseDue = (db: Database, { limit, skipped, userIds, nowMs }: Taking) => {
  const earlier = alias(deliveries, 'earlier');
  const isBlocked = exists(
    db
      .select({ one: sql`1` })
      .from(earlier)
      .where(
        and(
          isNull(earlier.doneAtMs),
          eq(earlier.recipientId, deliveries.recipientId),
          eq(earlier.userId, deliveries.userId),
          lt(earlier.id, deliveries.id),
        ),
      ),
  );
  const isPaused = exists(
    db
      .select({ one: sql`1` })
      .from(webhooks)
      .where(and(eq(webhooks.id, deliveries.recipientId), gt(webhooks.pausedUntilMs, nowMs))),
  );
  const due = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        isDue(nowMs),
        sql`NOT ${isBlocked}`,
        sql`NOT ${isPaused}`,
        skipped.size > 0 ? notInArray(deliveries.recipientId, [...skipped]) : undefined,
        userIds ? inArray(deliveries.userId, [...userIds]) : undefined,
      ),
    )
    .orderBy(asc(deliveries.nextAtMs), asc(deliveries.id))
    .limit(limit);
  return db
    .update(deliveries)
    .set({ nextAtMs: nowMs + LEASE_MS, attempts: sql`${deliveries.attempts} + 1` })
    .where(inArray(deliveries.id, due))
    .returning();
};

/** The rows that a request has taken up. */
export const findTaken = (db: Database, ids: readonly number[]) =>
  db
    .select()
    .from(deliveries)
    .where(and(inArray(deliveries.id, [...ids]), isNull(deliveries.doneAtMs)));

/**
 * The statement that gives up what could not be delivered in time; gives what it was. Each is tried once at least: one
 * that waited for an earlier one all the time has had no chance yet.
 */
export const giveUp = (db: Database, nowMs: number) =>
  db
    .update(deliveries)
    .set({ doneAtMs: nowMs, outcome: 'given_up' })
    .where(and(isDue(nowMs), lte(deliveries.expiresAtMs, nowMs), gt(deliveries.attempts, 0)))
    .returning({ id: deliveries.id });

/** Only the holder of the last lease may note an outcome. */
const isMine = ({ id, attempts }: DeliveryRow): SQL | undefined =>
  and(eq(deliveries.id, id), eq(deliveries.attempts, attempts), isNull(deliveries.doneAtMs));

/** The statement that notes that a message is done. */
export const finish = (db: Database, row: DeliveryRow, outcome: 'sent' | 'gone', nowMs: number) =>
  db.update(deliveries).set({ doneAtMs: nowMs, outcome, reason: null }).where(isMine(row));

/** The statement that puts a message back for a later try. */
export const postpone = (db: Database, row: DeliveryRow, nextAtMs: number, reason: string) =>
  db.update(deliveries).set({ nextAtMs, reason }).where(isMine(row));

/** The statement that leaves a webhook alone for a while, because its receiver asked for it. */
export const pauseWebhook = (db: Database, id: string, untilMs: number) =>
  db.update(webhooks).set({ pausedUntilMs: untilMs }).where(eq(webhooks.id, id));

/** The statements that turn off a webhook whose receiver is gone, and end what waits for it. */
export const disableWebhook = (db: Database, id: string, nowMs: number) =>
  [
    db
      .update(webhooks)
      .set({ disabledAtMs: nowMs })
      .where(and(eq(webhooks.id, id), isNull(webhooks.disabledAtMs))),
    db
      .update(deliveries)
      .set({ doneAtMs: nowMs, outcome: 'gone' })
      .where(
        and(
          eq(deliveries.recipientId, id),
          isNull(deliveries.doneAtMs),
          notExists(
            db
              .select({ one: sql`1` })
              .from(webhooks)
              .where(and(eq(webhooks.id, id), isNull(webhooks.disabledAtMs))),
          ),
        ),
      ),
  ] as const;
