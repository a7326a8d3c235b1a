// The statements on the outbox of webhooks and apps.
import { and, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import { LEASE_MS, MAX_PAUSE_MS } from '../outbox/lease.ts';
import { deliveries, webhooks } from '../store/schema.ts';
import type { Database } from '../store/store.ts';

export type DeliveryRow = typeof deliveries.$inferSelect;
export type Webhook = typeof webhooks.$inferSelect;

/**
 * The recipients that have messages waiting and take them, by a jump from one to the next in the index: reads a row for
 * each. The messages of a webhook that is off wait until it is on again.
 */
const recipients = ({ skipped, nowMs }: Taking): SQL => sql`recipients(id) AS (
  SELECT min(recipient_id) FROM deliveries WHERE done_at IS NULL AND recipient_id > ''
  UNION ALL
  SELECT (SELECT min(recipient_id) FROM deliveries WHERE done_at IS NULL AND recipient_id > recipients.id)
  FROM recipients WHERE recipients.id IS NOT NULL
), ready AS (
  SELECT id FROM recipients WHERE id IS NOT NULL
    AND id NOT IN (SELECT value FROM json_each(${JSON.stringify([...skipped])}))
    AND NOT EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = recipients.id
      AND (webhooks.disabled_at IS NOT NULL OR webhooks.paused_until > ${nowMs}))
)`;

/** Messages of one recipient that a statement looks at, however many wait. */
const WINDOW_ROWS = 200;

/** The messages that are due first, some of each recipient: an alias `due` of the table. */
const dueFirst = (nowMs: number): SQL => sql`ready CROSS JOIN deliveries AS due ON due.id IN (
  SELECT id FROM deliveries WHERE done_at IS NULL AND recipient_id = ready.id AND next_at <= ${nowMs}
  ORDER BY next_at, id LIMIT ${WINDOW_ROWS}
)`;

/** An earlier message to the same recipient about the same account is not done. */
const isBlocked = sql`EXISTS (SELECT 1 FROM deliveries AS earlier WHERE earlier.done_at IS NULL
  AND earlier.recipient_id = due.recipient_id AND earlier.user_id = due.user_id AND earlier.id < due.id)`;

/** How long a message that waits for an earlier one is not looked at, unless that one is sent before. */
const PARKED_MS = MAX_PAUSE_MS;

export interface Taking {
  limit: number;
  /** Recipients that take nothing at the moment. */
  skipped: ReadonlySet<string>;
  /** Only messages about these accounts; null for all. */
  userIds: readonly number[] | null;
  nowMs: number;
}

/**
 * The statement that puts aside messages that wait for an earlier one, so that the next look finds those behind them.
 * Only these have a next time and no attempt. The plus keeps SQLite from building an index of all rows by attempts.
 */
export const parkBlocked = (db: Database, taking: Taking) =>
  db
    .update(deliveries)
    .set({ nextAtMs: taking.nowMs + PARKED_MS })
    .where(
      sql`${deliveries.id} IN (WITH RECURSIVE ${recipients(taking)}
        SELECT due.id FROM ${dueFirst(taking.nowMs)} WHERE +due.attempts = 0 AND ${isBlocked})`,
    )
    .returning({ id: deliveries.id });

/** The first messages of accounts that nobody is sending and whose pause is over: one for each recipient. */
const firstOf = (userIds: readonly number[], nowMs: number): SQL => sql`ready
  CROSS JOIN json_each(${JSON.stringify(userIds)}) AS account
  CROSS JOIN deliveries AS due ON due.id = (
    SELECT min(id) FROM deliveries WHERE done_at IS NULL AND recipient_id = ready.id AND user_id = account.value
  ) WHERE (due.next_at <= ${nowMs} OR due.attempts = 0)`;

/**
 * The statement that takes up messages that are due, the longest due first, so that no other run has them. Of several
 * messages to one recipient about one account only the first: the others wait until it is done. It reads a bounded
 * number of rows of each recipient, however many wait.
 */
export const leaseDue = (db: Database, taking: Taking) => {
  const { limit, userIds, nowMs } = taking;
  const due = userIds ? firstOf(userIds, nowMs) : sql`${dueFirst(nowMs)} WHERE NOT ${isBlocked}`;
  // Given up by the same run, some at a time.
  const isLate = sql`(+due.attempts > 0 AND due.expires_at <= ${nowMs})`;
  return db
    .update(deliveries)
    .set({ nextAtMs: nowMs + LEASE_MS, attempts: sql`${deliveries.attempts} + 1` })
    .where(
      sql`${deliveries.id} IN (WITH RECURSIVE ${recipients(taking)}
        SELECT due.id FROM ${due} AND NOT ${isLate} ORDER BY due.next_at, due.id LIMIT ${limit})`,
    )
    .returning();
};

/** The rows that a request has taken up. */
export const findTaken = (db: Database, ids: readonly number[]) =>
  db
    .select()
    .from(deliveries)
    .where(and(inArray(deliveries.id, [...ids]), isNull(deliveries.doneAtMs)));

/** Rows that one statement gives up: few enough that no login waits noticeably. */
const BATCH_ROWS = 1_000;

/**
 * The receiver of a webhook answered 410: its pause ends when it was disabled. One that a command disabled is not paused.
 * There is no column for it, so that an older Worker on the same database keeps such a webhook off too.
 */
const isGone = sql`webhooks.disabled_at IS NOT NULL AND webhooks.paused_until = webhooks.disabled_at`;

/** The messages that webhooks which are off will never get: some of the oldest of each, however many wait. */
const lostOfDisabled = (nowMs: number): SQL => sql`SELECT waiting.id FROM webhooks
  CROSS JOIN deliveries AS waiting ON waiting.id IN (
    SELECT id FROM deliveries WHERE done_at IS NULL AND recipient_id = webhooks.id
    ORDER BY next_at, id LIMIT ${WINDOW_ROWS}
  )
  WHERE webhooks.disabled_at IS NOT NULL AND (waiting.expires_at <= ${nowMs} OR ${isGone})`;

/**
 * The statement that gives up what could not be delivered in time, some at a time, and ends what waits for a receiver
 * that is gone; gives what it was. Each message is tried once at least: one that waited for an earlier one all the time
 * has had no chance yet. Only a webhook that stays off gets no such chance.
 */
export const giveUp = (db: Database, nowMs: number) =>
  db
    .update(deliveries)
    .set({
      doneAtMs: nowMs,
      outcome: sql`iif(EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = ${deliveries.recipientId} AND ${isGone}), 'gone', 'given_up')`,
    })
    // The conditions of the partial index as literals.
    .where(
      sql`(${deliveries.id} IN (SELECT id FROM deliveries WHERE done_at IS NULL AND attempts > 0
          AND expires_at <= ${nowMs} AND next_at <= ${nowMs} LIMIT ${BATCH_ROWS})
        OR ${deliveries.id} IN (${lostOfDisabled(nowMs)}))`,
    )
    .returning({ outcome: deliveries.outcome });

/** Only the holder of the last lease may note an outcome. */
const isMine = ({ id, attempts }: DeliveryRow): SQL | undefined =>
  and(eq(deliveries.id, id), eq(deliveries.attempts, attempts), isNull(deliveries.doneAtMs));

/** The statements that note that messages are done, and let the next ones about their accounts go. */
export const finish = (
  db: Database,
  rows: readonly DeliveryRow[],
  outcome: 'sent' | 'gone',
  nowMs: number,
) => {
  const next = rows.map(
    ({ recipientId, userId }) => sql`(SELECT min(id) FROM deliveries
      WHERE done_at IS NULL AND recipient_id = ${recipientId} AND user_id = ${userId})`,
  );
  return [
    db
      .update(deliveries)
      .set({ doneAtMs: nowMs, outcome, reason: null })
      .where(or(...rows.map(isMine))),
    db
      .update(deliveries)
      .set({ nextAtMs: 0 })
      // The plus: the rows are few, and found by their ids.
      .where(sql`${deliveries.id} IN (${sql.join(next, sql`, `)}) AND +${deliveries.attempts} = 0`),
  ] as const;
};

/** The statement that puts a message back for a later try. */
export const postpone = (db: Database, row: DeliveryRow, nextAtMs: number, reason: string) =>
  db.update(deliveries).set({ nextAtMs, reason }).where(isMine(row));

/** The statement that leaves a webhook alone for a while, because its receiver asked for it. */
export const pauseWebhook = (db: Database, id: string, untilMs: number) =>
  db.update(webhooks).set({ pausedUntilMs: untilMs }).where(eq(webhooks.id, id));

/** The statement that turns off a webhook whose receiver is gone. The next runs end what waits for it. */
export const disableWebhook = (db: Database, id: string, nowMs: number) =>
  db
    .update(webhooks)
    .set({ disabledAtMs: nowMs, pausedUntilMs: nowMs })
    .where(and(eq(webhooks.id, id), isNull(webhooks.disabledAtMs)));
