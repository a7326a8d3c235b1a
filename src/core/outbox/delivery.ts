// What may become of what is sent, whoever takes it.

export type Delivery = { outcome: 'sent' } | Failure;

export type Failure =
  /** It will never be taken: there is no such recipient, or it wants no more. */
  | { outcome: 'undeliverable'; reason: string }
  /** Not now: another try may succeed. `retryAfterSeconds` is what the recipient asks for, null if it says nothing. */
  | { outcome: 'failed'; reason: string; retryAfterSeconds: number | null };

export const sent: Delivery = { outcome: 'sent' };
export const undeliverable = (reason: string): Delivery => ({ outcome: 'undeliverable', reason });
export const failed = (reason: string, retryAfterSeconds: number | null = null): Delivery => ({
  outcome: 'failed',
  reason,
  retryAfterSeconds,
});
