// Takes up the messages that a batch has just queued, in that very batch: the part of the webhooks that every request has.
import { LEASE_MS } from '../outbox/lease.ts';
import type { FollowUp } from '../store/store.ts';

/** The newest messages that one request looks at, whatever waits. What is beyond is left to the scheduled run. */
const MAX_FRESH = 50;

/** Messages that one request takes up first: as many as are sent at once (src/core/outbox/runner.ts). */
const MAX_TAKEN = 5;

/**
 * Reads the newest rows that nobody has taken up, by the index of due ones: none if nobody is told anything. A row waits
 * while an earlier one of the same recipient and account is not done, and while its recipient is off or paused.
 */
const TAKE_FRESH = `UPDATE deliveries SET next_at = ?1, attempts = attempts + 1 WHERE id IN (
  SELECT latest.id FROM (
    SELECT id, recipient_id, user_id FROM deliveries WHERE done_at IS NULL AND next_at = 0 ORDER BY id DESC LIMIT ${MAX_FRESH}
  ) AS latest
  WHERE NOT EXISTS (SELECT 1 FROM deliveries AS earlier WHERE earlier.done_at IS NULL
      AND earlier.recipient_id = latest.recipient_id AND earlier.user_id = latest.user_id AND earlier.id < latest.id)
    AND NOT EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = latest.recipient_id
      AND (webhooks.disabled_at IS NOT NULL OR webhooks.paused_until > ?2))
  LIMIT ${MAX_TAKEN}
) RETURNING id`;

const idOf = (row: unknown): number[] =>
  typeof row === 'object' && row !== null && 'id' in row && typeof row.id === 'number' ? [row.id] : [];

/**
 * The statement that goes at the end of each batch that writes.
 * @param send gets the ids of the rows that are now under a lease
 */
export const takeFresh = (nowMs: () => number, send: (ids: readonly number[]) => void): FollowUp => ({
  prepare(session) {
    const now = nowMs();
    return session.prepare(TAKE_FRESH).bind(now + LEASE_MS, now);
  },
  done(rows) {
    const ids = rows.flatMap(idOf);
    if (ids.length > 0) send(ids);
  },
});
