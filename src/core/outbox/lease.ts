// When a row of an outbox may be taken up: its lease, and the pauses between attempts.

const MINUTE_MS = 60 * 1000;

/**
 * How long a row that is being sent is nobody else's: longer than the longest timeout of a recipient, and the batch
 * that notes what became of it. Who takes a row up and dies leaves it to the next run after that.
 */
export const LEASE_MS = MINUTE_MS;

/** The pauses between attempts triple, up to an hour, so that a recipient that is back is noticed within an hour. */
const FIRST_PAUSE_MS = MINUTE_MS;
const PAUSE_FACTOR = 3;
export const MAX_PAUSE_MS = 60 * MINUTE_MS;

/** How long to wait after the `attempts`th failure. */
export const pauseMs = (attempts: number, retryAfterSeconds: number | null): number =>
  Math.min(
    MAX_PAUSE_MS,
    Math.max(FIRST_PAUSE_MS * PAUSE_FACTOR ** (attempts - 1), (retryAfterSeconds ?? 0) * 1000),
  );
