// A receiver of webhooks and logout tokens, which replaces the global `fetch`, and helpers that register webhooks.
import { Webhook } from 'standardwebhooks';
import { vi } from 'vitest';
import { PLAIN_PREFIX } from '../../src/core/formats.ts';
import { cryptoRandom } from '../../src/core/secrets.ts';
import { makeTriggers } from '../../src/core/webhooks/triggers.ts';
import { testEnv, uniqueName } from './worker.ts';

/** A request to the receiver. */
export interface Received {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** The message of a webhook. */
  json: { type: string; timestamp: string; data: Record<string, unknown> };
}

export interface Receiver {
  /** The requests that it accepted, in order. */
  taken: Received[];
  /** All requests to it, including rejected ones. */
  offered: Received[];
  /** Returns the answer instead of 204; null accepts everything. */
  obstacle: ((received: Received, init: RequestInit) => Response | Promise<Response>) | null;
  /** The event types of the accepted requests, in order. */
  types(): string[];
  stop(): void;
}

const readJson = (body: string): Received['json'] =>
  body.startsWith('{') ? JSON.parse(body) : { type: 'logout', timestamp: '', data: {} };

/** Catches all outgoing requests of the Worker. */
export const startReceiver = (): Receiver => {
  const receiver: Receiver = {
    taken: [],
    offered: [],
    obstacle: null,
    types: () => receiver.taken.map(({ json }) => json.type),
    stop: () => spy.mockRestore(),
  };
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init = {}) => {
    const body = String(init.body);
    const headers = Object.fromEntries(new Headers(init.headers));
    const received = { url: String(input), headers, body, json: readJson(body) };
    receiver.offered.push(received);
    const answer = await receiver.obstacle?.(received, init);
    if (answer?.ok ?? true) receiver.taken.push(received);
    return answer ?? new Response(null, { status: 204 });
  });
  return receiver;
};

export interface TestWebhook {
  id: string;
  url: string;
  secret: string;
  /** Checks the signature by the library of Standard Webhooks and returns the message; throws if it is forged. */
  verify(received: Received): unknown;
}

const run = async (statements: readonly string[]): Promise<void> => {
  await testEnv.DB.batch(statements.map((sql) => testEnv.DB.prepare(sql)));
};

/** Installs the triggers, as the scheduled run does if there are recipients. */
export const installTriggers = (): Promise<void> => run(makeTriggers());

/** Registers a webhook, as `npm run admin -- webhook add` does. */
export const addWebhook = async (eventTypes: readonly string[] | null = null): Promise<TestWebhook> => {
  const id = uniqueName();
  const url = `https://${id}.example.com/hook`;
  const bytes = cryptoRandom(32);
  const stored = PLAIN_PREFIX + bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
  await testEnv.DB.prepare(
    'INSERT INTO webhooks (id, url, event_types, secret, created_at) VALUES (?, ?, ?, ?, 1)',
  )
    .bind(id, url, eventTypes && JSON.stringify(eventTypes), stored)
    .run();
  await installTriggers();
  const secret = `whsec_${bytes.toBase64()}`;
  const library = new Webhook(secret);
  return { id, url, secret, verify: ({ body, headers }) => library.verify(body, headers) };
};

/** Removes all webhooks, logout addresses and waiting messages. */
export const forgetWebhooks = (): Promise<void> =>
  run(['DELETE FROM webhooks', 'DELETE FROM deliveries', 'UPDATE apps SET logout_uri = NULL']);

/** The rows of the outbox, oldest first. */
export const readDeliveries = async () =>
  (
    await testEnv.DB.prepare(
      'SELECT id, recipient_id, user_id, type, attempts, next_at, outcome, reason FROM deliveries ORDER BY id',
    ).all<{
      id: number;
      recipient_id: string;
      user_id: number;
      type: string;
      attempts: number;
      next_at: number;
      outcome: string | null;
      reason: string | null;
    }>()
  ).results;
