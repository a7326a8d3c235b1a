// The requests to webhooks and apps: one POST, no redirect followed, no answer read, a timeout.

import { readOutboundUrl } from '../outbound-url.ts';
import { type Delivery, failed, sent, undeliverable } from '../outbox/delivery.ts';
import type { SignedMessage } from './message.ts';

/** Receivers are to answer within 15 seconds, says Standard Webhooks; most queue and answer at once. */
const TIMEOUT_MS = 10_000;

export interface Posting {
  /** Whether a receiver may be on this machine, over plain http: in development. */
  allowsLoopback: boolean;
  nowMs: () => number;
}

/** `Retry-After` in seconds, from either of its forms; null if it says nothing. RFC 9110, section 10.2.3 */
const readRetryAfter = (text: string | null, nowMs: number): number | null => {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1000));
};

const post = async (
  { allowsLoopback, nowMs }: Posting,
  address: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Delivery & { status?: number }> => {
  // Looked at when it was registered too. Here again: the row may have been written by anybody who can write to D1.
  const url = readOutboundUrl(address, { allowsLoopback });
  if (!url) return failed('address refused');
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'User-Agent': 'Latchkey' },
      body,
      // A redirect could lead to an address that was never looked at.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    return failed(error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no answer');
  }
  // What it says is of no interest, and may be endless.
  await response.body?.cancel().catch(() => undefined);
  const { status } = response;
  if (response.ok) return { ...sent, status };
  const retryAfter = readRetryAfter(response.headers.get('Retry-After'), nowMs());
  return { ...failed(`HTTP ${status}`, retryAfter), status };
};

const GONE = 410;

/** Sends a message to a webhook. A receiver that answers 410 wants no more, as Standard Webhooks has it. */
export const postMessage = async (
  posting: Posting,
  url: string,
  message: SignedMessage,
): Promise<Delivery> => {
  const headers = {
    'Content-Type': 'application/json',
    'webhook-id': message.id,
    'webhook-timestamp': message.timestamp,
    'webhook-signature': message.signature,
  };
  const { status, ...delivery } = await post(posting, url, headers, message.body);
  return status === GONE ? undeliverable('HTTP 410') : delivery;
};

/** Sends a logout token to an app. https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest */
export const postLogout = async (posting: Posting, url: string, token: string): Promise<Delivery> => {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const { status: _, ...delivery } = await post(
    posting,
    url,
    headers,
    new URLSearchParams({ logout_token: token }).toString(),
  );
  return delivery;
};
