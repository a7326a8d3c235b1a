// Bounds the requests of one isolate to the old service, and stops them while it is down.

/** One failure may be chance. While the service is down, this many logins wait for an answer, then none for a while. */
const MAX_FAILURES = 3;
const FIRST_PAUSE_MS = 10_000;
/** A service that has recovered is noticed within this time. */
const MAX_PAUSE_MS = 5 * 60_000;

/** Logins that wait for the old service at the same time. Each holds a request and a connection. */
const MAX_WAITING = 50;

const MINUTE_MS = 60_000;

export type Outcome = 'answered' | 'failed';

export interface Gate {
  /** Admits one login; null if it may not ask. The result must be called with the outcome. */
  enter(nowMs: number): ((outcome: Outcome, nowMs: number) => void) | null;
}

/**
 * A circuit breaker and a throttle in one. After `MAX_FAILURES` failures in a row nobody asks for ten seconds, then one
 * login does. While it fails, the pause doubles up to five minutes. The state is a few numbers per isolate: sharing it
 * would cost each login a round trip.
 *
 * @param leaseMs after this time a login that has not reported is gone: the runtime ends a request without a word if its
 *   client hangs up
 */
export const createGate = ({ perMinute, leaseMs }: { perMinute: number; leaseMs: number }): Gate => {
  let failures = 0;
  let closedUntilMs = 0;
  let minuteStartMs = Number.NEGATIVE_INFINITY;
  let askedInMinute = 0;
  let waiting: { sinceMs: number }[] = [];

  const fail = (nowMs: number): void => {
    failures += 1;
    if (failures < MAX_FAILURES) return;
    closedUntilMs = nowMs + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - MAX_FAILURES));
  };

  return {
    enter(nowMs) {
      waiting = waiting.filter(({ sinceMs }) => nowMs - sinceMs < leaseMs);
      if (nowMs < closedUntilMs) return null;
      if (waiting.length >= (failures >= MAX_FAILURES ? 1 : MAX_WAITING)) return null;
      if (nowMs - minuteStartMs >= MINUTE_MS) {
        minuteStartMs = nowMs;
        askedInMinute = 0;
      }
      if (askedInMinute >= perMinute) return null;
      askedInMinute += 1;
      const own = { sinceMs: nowMs };
      waiting.push(own);
      return (outcome, atMs) => {
        waiting = waiting.filter((other) => other !== own);
        if (outcome === 'failed') return fail(atMs);
        failures = 0;
        closedUntilMs = 0;
      };
    },
  };
};
