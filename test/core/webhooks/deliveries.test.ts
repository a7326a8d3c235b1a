// Messages to webhooks while the receiver fails, hangs or refuses: none is lost or sent twice, and the order is kept.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../../src/core/outbox/lease.ts';
import { AT_ONCE } from '../../../src/core/outbox/runner.ts';
import { createCounts, createStore } from '../../../src/core/store/store.ts';
import { DELIVERY_DAYS } from '../../../src/core/webhooks/event-types.ts';
import { giveUp, leaseDue, parkBlocked } from '../../../src/core/webhooks/rows.ts';
import { createTimedCore, DAY_MS, someAccount, someClient, type TimedCore } from '../../support/clock.ts';
import { observe } from '../../support/counting.ts';
import {
  addWebhook,
  forgetWebhooks,
  type Received,
  type Receiver,
  readDeliveries,
  startReceiver,
  type TestWebhook,
} from '../../support/receiver.ts';
import { testEnv } from '../../support/worker.ts';

const MINUTE_MS = 60_000;

let receiver: Receiver;
let webhook: TestWebhook;
let timed: TimedCore;

beforeEach(async () => {
  await forgetWebhooks();
  receiver = startReceiver();
  webhook = await addWebhook();
  timed = createTimedCore();
});

afterEach(() => receiver.stop());

const sendDue = async () => (await timed.core.webhooks()).sendDue();
const join = async () => (await timed.register('cookie')).account;
const rename = async (account: Awaited<ReturnType<typeof join>>, name: string) => {
  await timed.core.accounts.update(account, { name }, 'profile_changed', someClient);
  await timed.settle();
};

const answer =
  (status: number, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response('no', { status, headers });

it('sends a message once, after the response, in the form that the library verifies', async () => {
  const account = await join();
  expect(receiver.taken).toHaveLength(1);
  const [message] = receiver.taken;
  if (!message) return expect.fail('There is no message.');
  expect(webhook.verify(message)).toEqual({
    type: 'account.created',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    data: {
      id: account.id,
      sub: account.publicId,
      account: {
        username: account.username,
        email: account.email,
        emailVerified: false,
        name: account.username,
        locale: 'en',
        isAdmin: false,
        disabledAt: null,
        createdAt: new Date(account.createdAtMs).toISOString(),
        updatedAt: new Date(account.updatedAtMs).toISOString(),
      },
    },
  });
  expect(message.url).toBe(webhook.url);
  expect(await sendDue()).toEqual({ sent: 0, failed: 0, undeliverable: 0, givenUp: 0 });
  expect(receiver.offered).toHaveLength(1);
});

describe('a message that was tampered with', () => {
  const changes: [what: string, change: (message: Received) => Received][] = [
    ['another body', (message) => ({ ...message, body: message.body.replace('false', 'true ') })],
    ['another id', (message) => ({ ...message, headers: { ...message.headers, 'webhook-id': 'msg_1_1' } })],
    [
      'another time',
      ({ headers, ...message }) => ({
        ...message,
        headers: { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) },
      }),
    ],
    [
      'another signature',
      ({ headers, ...message }) => ({
        ...message,
        headers: {
          ...headers,
          'webhook-signature': (headers['webhook-signature'] ?? '').replace(/^v1,(.)/, (_, first) =>
            first === 'A' ? 'v1,B' : 'v1,A',
          ),
        },
      }),
    ],
  ];

  it.each(changes)('fails verification by the library with %s', async (_what, change) => {
    await join();
    const [message] = receiver.taken;
    if (!message) return expect.fail('There is no message.');
    expect(() => webhook.verify(message)).not.toThrow();
    expect(() => webhook.verify(change(message))).toThrow('No matching signature found');
  });

  it('fails verification by another webhook, whose secret differs', async () => {
    const other = await addWebhook(['account.deleted']);
    await join();
    const [message] = receiver.taken;
    if (!message) return expect.fail('There is no message.');
    expect(() => other.verify(message)).toThrow();
  });
});

describe.each([
  ['answers 500', answer(500), 'HTTP 500'],
  ['answers 404', answer(404), 'HTTP 404'],
  ['redirects', answer(302, { Location: 'https://elsewhere.example.com/' }), 'HTTP 302'],
  ['cannot be reached', () => Promise.reject(new TypeError('connection refused')), 'no answer'],
  ['hangs', () => Promise.reject(new DOMException('too late', 'TimeoutError')), 'timeout'],
])('a request while the receiver %s', (_what, obstacle, reason) => {
  it('succeeds, keeps its message, and delivers it once when the receiver is back', async () => {
    receiver.obstacle = obstacle;
    await join();
    expect(await readDeliveries()).toMatchObject([
      { type: 'account.created', outcome: null, attempts: 1, reason, next_at: timed.now() + MINUTE_MS },
    ]);
    // Too early: nothing is tried.
    expect(await sendDue()).toMatchObject({ sent: 0, failed: 0 });
    expect(receiver.offered).toHaveLength(1);
    timed.advance(MINUTE_MS);
    expect(await sendDue()).toMatchObject({ sent: 0, failed: 1 });
    receiver.obstacle = null;
    timed.advance(3 * MINUTE_MS);
    expect(await sendDue()).toMatchObject({ sent: 1, failed: 0 });
    // Receivers reject old timestamps, so each attempt has its own time.
    const [first, last] = [receiver.offered.at(0), receiver.offered.at(-1)].map((each) =>
      Number(each?.headers['webhook-timestamp']),
    );
    expect(last).toBe(Math.floor(timed.now() / 1000));
    expect(last).toBe((first ?? 0) + 4 * 60);
    timed.advance(DAY_MS);
    expect(await sendDue()).toMatchObject({ sent: 0, failed: 0 });
    expect(receiver.types()).toEqual(['account.created']);
    expect(await readDeliveries()).toMatchObject([{ outcome: 'sent', attempts: 3, reason: null }]);
    // Every attempt has the id of the message, by which a receiver recognizes a repetition.
    expect(new Set(receiver.offered.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });
});

it('sends with a timeout, follows no redirect and reads no response body', async () => {
  const seen: RequestInit[] = [];
  let isCancelled = false;
  receiver.obstacle = (_received, init) => {
    seen.push(init);
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => {
        isCancelled = true;
      },
    });
    return new Response(endless, { status: 200 });
  };
  await join();
  expect(seen).toEqual([expect.objectContaining({ redirect: 'manual', signal: expect.any(AbortSignal) })]);
  expect(isCancelled).toBe(true);
  expect(await readDeliveries()).toMatchObject([{ outcome: 'sent' }]);
});

it('waits longer after each failure, an hour at most, and gives up after three days', async () => {
  receiver.obstacle = answer(503);
  await join();
  const startMs = timed.now();
  const pauses: number[] = [];
  for (let times = 0; times < 7; times += 1) {
    const [row] = await readDeliveries();
    pauses.push(((row?.next_at ?? 0) - timed.now()) / MINUTE_MS);
    timed.advance((row?.next_at ?? 0) - timed.now());
    await sendDue();
  }
  expect(pauses).toEqual([1, 3, 9, 27, 60, 60, 60]);
  timed.advance(startMs + DELIVERY_DAYS * DAY_MS - timed.now() - MINUTE_MS);
  expect(await sendDue()).toMatchObject({ failed: 1, givenUp: 0 });
  timed.advance(61 * MINUTE_MS);
  expect(await sendDue()).toMatchObject({ failed: 0, givenUp: 1 });
  expect(await readDeliveries()).toMatchObject([{ outcome: 'given_up', reason: 'HTTP 503' }]);
  receiver.obstacle = null;
  timed.advance(DAY_MS);
  expect(await sendDue()).toMatchObject({ sent: 0, givenUp: 0 });
  expect(receiver.taken).toEqual([]);
});

it.each([
  ['in seconds', () => '1800'],
  ['as a date', () => new Date(timed.now() + 1_800_000).toUTCString()],
])('pauses a webhook for the Retry-After of a 429, %s', async (_form, retryAfter) => {
  receiver.obstacle = answer(429, { 'Retry-After': retryAfter() });
  await join();
  expect(receiver.offered).toHaveLength(1);
  receiver.obstacle = null;
  // Messages about another account wait too.
  await join();
  expect(await sendDue()).toMatchObject({ sent: 0 });
  timed.advance(29 * MINUTE_MS);
  expect(await sendDue()).toMatchObject({ sent: 0 });
  timed.advance(2 * MINUTE_MS);
  expect(await sendDue()).toMatchObject({ sent: 2 });
});

it('disables a webhook whose receiver answers 410, and no other', async () => {
  const other = await addWebhook();
  receiver.obstacle = ({ url }) => new Response(null, { status: url === webhook.url ? 410 : 204 });
  const account = await join();
  expect(await readDeliveries()).toMatchObject([{ outcome: 'gone' }, { outcome: 'sent' }]);
  await rename(account, 'Another Name');
  expect(receiver.taken.map(({ url }) => url)).toEqual([other.url, other.url]);
  expect((await readDeliveries()).map(({ recipient_id }) => recipient_id)).toEqual([
    webhook.id,
    other.id,
    other.id,
  ]);
  const row = await testEnv.DB.prepare('SELECT disabled_at FROM webhooks WHERE id = ?')
    .bind(webhook.id)
    .first();
  expect(row).toEqual({ disabled_at: timed.now() });
});

it('keeps the waiting messages of other webhooks when a receiver answers 410', async () => {
  await addWebhook();
  receiver.obstacle = ({ url }) => new Response(null, { status: url === webhook.url ? 410 : 500 });
  await join();
  expect(await readDeliveries()).toMatchObject([{ outcome: 'gone' }, { outcome: null, reason: 'HTTP 500' }]);
});

describe('a disabled webhook', () => {
  const switchOff = () => testEnv.DB.prepare('UPDATE webhooks SET disabled_at = ?').bind(timed.now()).run();
  const switchOn = () => testEnv.DB.prepare('UPDATE webhooks SET disabled_at = NULL').run();

  it('gets its waiting messages when it is on again, and none of those of that time', async () => {
    receiver.obstacle = answer(500);
    const account = await join();
    await switchOff();
    receiver.obstacle = null;
    timed.advance(DAY_MS);
    expect(await sendDue()).toEqual({ sent: 0, failed: 0, undeliverable: 0, givenUp: 0 });
    await rename(account, 'Another Name');
    expect(receiver.offered).toHaveLength(1);
    expect(await readDeliveries()).toMatchObject([
      { type: 'account.created', outcome: null, attempts: 1, reason: 'HTTP 500' },
    ]);
    await switchOn();
    expect(await sendDue()).toMatchObject({ sent: 1 });
    expect(receiver.types()).toEqual(['account.created']);
  });

  it('keeps a message that waits for its first try while requests queue others', async () => {
    const other = await addWebhook();
    receiver.obstacle = answer(500);
    const account = await join();
    await rename(account, 'Waits');
    await testEnv.DB.prepare('UPDATE webhooks SET disabled_at = ? WHERE id = ?')
      .bind(timed.now(), webhook.id)
      .run();
    await testEnv.DB.prepare('UPDATE deliveries SET next_at = 0, attempts = 0 WHERE recipient_id = ?')
      .bind(webhook.id)
      .run();
    receiver.obstacle = null;
    await join();
    expect(receiver.taken.map(({ url }) => url)).toEqual([other.url]);
    expect((await readDeliveries()).filter(({ recipient_id }) => recipient_id === webhook.id)).toMatchObject([
      { outcome: null, attempts: 0 },
      { outcome: null, attempts: 0 },
    ]);
  });

  it('keeps a message that was taken up just before it was disabled', async () => {
    receiver.obstacle = answer(500);
    await join();
    receiver.obstacle = null;
    let roundTrips = 0;
    const startMs = timed.now();
    const { env } = observe(testEnv, async () => {
      roundTrips += 1;
      // The first takes the message up, the second reads the webhook.
      if (roundTrips === 2) await switchOff();
    });
    timed = createTimedCore(startMs + MINUTE_MS, env);
    expect(await sendDue()).toMatchObject({ sent: 0, failed: 1, undeliverable: 0 });
    expect(receiver.offered).toHaveLength(1);
    expect(await readDeliveries()).toMatchObject([{ outcome: null, attempts: 2, reason: 'webhook is off' }]);
    await switchOn();
    timed.advance(3 * MINUTE_MS);
    expect(await sendDue()).toMatchObject({ sent: 1 });
  });

  it('gives up its waiting messages when they expire, tried or not', async () => {
    receiver.obstacle = answer(500);
    const account = await join();
    await rename(account, 'Never Tried');
    await switchOff();
    timed.advance(DELIVERY_DAYS * DAY_MS - MINUTE_MS);
    expect(await sendDue()).toMatchObject({ givenUp: 0 });
    timed.advance(2 * MINUTE_MS);
    expect(await sendDue()).toMatchObject({ givenUp: 2, sent: 0 });
    expect(await readDeliveries()).toMatchObject([{ outcome: 'given_up' }, { outcome: 'given_up' }]);
    expect(receiver.offered).toHaveLength(1);
  });
});

it('pauses a webhook for an hour at most', async () => {
  receiver.obstacle = answer(503, { 'Retry-After': '86400' });
  await join();
  const pausedUntil = await testEnv.DB.prepare('SELECT paused_until FROM webhooks').first('paused_until');
  expect(pausedUntil).toBe(timed.now() + 60 * MINUTE_MS);
});

it('records no outcome of an attempt whose lease another run has taken', async () => {
  receiver.obstacle = async () => {
    await testEnv.DB.prepare('UPDATE deliveries SET attempts = attempts + 1').run();
    return new Response(null, { status: 204 });
  };
  await join();
  expect(await readDeliveries()).toMatchObject([{ outcome: null, attempts: 2 }]);
});

it('sends no data of the account with the end of a session', async () => {
  const { account, token } = await timed.register('cookie');
  const principal = await timed.core.sessions.authenticate(token, 'cookie', 'primary');
  if (!principal) return expect.fail('The session is not live.');
  receiver.taken.length = 0;
  await timed.core.sessions.logOut(principal, someClient);
  await timed.settle();
  expect(receiver.taken.map(({ json }) => json.data)).toEqual([
    { id: account.id, sub: account.publicId, sid: principal.session.id, reason: 'ended' },
  ]);
});

describe('the order of messages', () => {
  it('holds for each account: a later message waits for an earlier one of the same account', async () => {
    const first = await join();
    const second = await join();
    receiver.taken.length = 0;
    receiver.obstacle = ({ json }) =>
      new Response(null, { status: json.data['id'] === first.id ? 500 : 204 });
    await rename(first, 'One');
    await rename(first, 'Two');
    await rename(second, 'Other');
    expect(receiver.taken.map(({ json }) => json.data['id'])).toEqual([second.id]);
    timed.advance(MINUTE_MS);
    receiver.obstacle = null;
    expect(await sendDue()).toMatchObject({ sent: 2 });
    const ids = receiver.taken.map(({ headers }) => Number((headers['webhook-id'] ?? '').split('_')[2]));
    const ofFirst = ids.filter((_, index) => receiver.taken[index]?.json.data['id'] === first.id);
    expect(ofFirst).toHaveLength(2);
    expect(ofFirst).toEqual(ofFirst.toSorted((a, b) => a - b));
  });

  it('holds for the messages of one request, which sends them one by one', async () => {
    const { account } = await timed.register('cookie');
    receiver.taken.length = 0;
    await timed.core.accounts.remove(account.id, someClient);
    await timed.settle();
    expect(receiver.types()).toEqual(['session.ended', 'account.deleted']);
  });

  it('holds for each webhook: one that is down delays no other', async () => {
    const other = await addWebhook();
    receiver.obstacle = ({ url }) => new Response(null, { status: url === webhook.url ? 500 : 204 });
    for (let count = 0; count < 7; count += 1) await join();
    expect(receiver.taken.map(({ url }) => url)).toEqual(Array(7).fill(other.url));
    timed.advance(MINUTE_MS);
    await testEnv.DB.prepare(
      'UPDATE deliveries SET next_at = 0, attempts = 0, done_at = NULL, outcome = NULL',
    ).run();
    receiver.taken.length = 0;
    expect(await sendDue()).toMatchObject({ sent: 7 });
    expect(receiver.taken.map(({ url }) => url)).toEqual(Array(7).fill(other.url));
  });
});

it('sends each of twelve messages once if four runs overlap', async () => {
  receiver.obstacle = answer(500);
  for (let count = 0; count < 12; count += 1) await join();
  receiver.obstacle = null;
  timed.advance(MINUTE_MS);
  const runs = await Promise.all([sendDue(), sendDue(), sendDue(), sendDue()]);
  expect(runs.reduce((sum, { sent }) => sum + sent, 0)).toBe(12);
  expect(receiver.taken).toHaveLength(12);
});

it('sends a message in a later run if the first run was killed', async () => {
  // The row is set back below to what a killed run leaves.
  const killed = createTimedCore();
  await killed.core.accounts.create(someAccount(), { client: someClient, open: null, replaces: null });
  const [before] = await readDeliveries();
  expect(before).toMatchObject({ attempts: 1, outcome: null });
  await killed.settle();
  await testEnv.DB.prepare('UPDATE deliveries SET done_at = NULL, outcome = NULL, attempts = 1, next_at = ?')
    .bind(before?.next_at)
    .run();
  receiver.taken.length = 0;
  timed.advance(LEASE_MS - 2_000);
  expect(await sendDue()).toMatchObject({ sent: 0 });
  timed.advance(4_000);
  expect(await sendDue()).toMatchObject({ sent: 1 });
});

it('does not give up a message that was never tried because it waited for an earlier one', async () => {
  receiver.obstacle = ({ json }) =>
    new Response(null, { status: json.type === 'account.created' ? 500 : 204 });
  const account = await join();
  await rename(account, 'Later');
  timed.advance(DELIVERY_DAYS * DAY_MS + MINUTE_MS);
  expect(await sendDue()).toMatchObject({ givenUp: 1, sent: 1 });
  expect(receiver.types()).toEqual(['account.updated']);
});

describe('with many messages waiting', () => {
  const SERIES = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)';
  const wait = (rows: number, recipient: string, user: string, attempts = 0, expiresAtMs = 9e12) =>
    testEnv.DB.prepare(
      `INSERT INTO deliveries (kind, recipient_id, user_id, sub, type, created_at, expires_at, next_at, attempts)
        ${SERIES} SELECT 'webhook', ?, ${user}, 'sub', 'account.updated', 0, ?, 0, ? FROM n`,
    )
      .bind(rows, recipient, expiresAtMs, attempts)
      .run();

  it('sends those of one webhook if another is down or asked to be left alone', async () => {
    const [down, paused] = [await addWebhook(), await addWebhook()];
    await wait(2_000, down.id, 'i');
    await wait(2_000, paused.id, 'i');
    await testEnv.DB.prepare('UPDATE webhooks SET paused_until = ? WHERE id = ?')
      .bind(timed.now() + MINUTE_MS, paused.id)
      .run();
    await wait(12, webhook.id, 'i');
    receiver.obstacle = ({ url }) => new Response(null, { status: url === down.url ? 500 : 204 });
    expect(await sendDue()).toMatchObject({ sent: 12, failed: 5 });
    expect(receiver.offered.filter(({ url }) => url === paused.url)).toEqual([]);
  });

  it('sends those behind 1,000 that wait for one that failed, and these in order when it is delivered', async () => {
    await wait(1_000, webhook.id, '1');
    receiver.obstacle = answer(500);
    expect(await sendDue()).toMatchObject({ sent: 0, failed: 1 });
    await wait(5, webhook.id, '1 + i');
    receiver.obstacle = null;
    expect(await sendDue()).toMatchObject({ sent: 5 });
    receiver.taken.length = 0;
    timed.advance(MINUTE_MS);
    const { sent } = await sendDue();
    expect(sent).toBeGreaterThan(20);
    const ids = receiver.taken.map(({ headers }) => Number((headers['webhook-id'] ?? '').split('_')[2]));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  it('a run sends D1 fewer than 500 statements, and gives up 1,000 messages by one', async () => {
    const { env, statements } = observe();
    timed = createTimedCore(undefined, env);
    await wait(2_500, webhook.id, 'i', 3, timed.now() - 1);
    await wait(600, webhook.id, '5000 + i');
    const run = await sendDue();
    expect(run.givenUp).toBe(2_500);
    expect(run.sent).toBeGreaterThan(200);
    expect(statements.length).toBeLessThan(500);
    expect(await sendDue()).toMatchObject({ sent: expect.any(Number), failed: 0, givenUp: 0 });
  });

  it('ends all by bounded statements if its receiver is gone', async () => {
    await wait(2_500, webhook.id, 'i');
    receiver.obstacle = answer(410);
    expect(await sendDue()).toMatchObject({ sent: 0, givenUp: 0 });
    const { results } = await testEnv.DB.prepare(
      'SELECT outcome, count(*) AS n FROM deliveries GROUP BY outcome',
    ).all();
    expect(results).toEqual([{ outcome: 'gone', n: 2_500 }]);
    expect(receiver.offered).toHaveLength(5);
  });

  it('reads a bounded number of rows of a webhook that is off, and sends those of others', async () => {
    const off = await addWebhook();
    await testEnv.DB.prepare('UPDATE webhooks SET disabled_at = ? WHERE id = ?')
      .bind(timed.now() - 1, off.id)
      .run();
    await wait(5_000, off.id, 'i');
    await wait(12, webhook.id, 'i');
    expect(await sendDue()).toMatchObject({ sent: 12, failed: 0, givenUp: 0 });
    const store = createStore({
      db: testEnv.DB,
      kv: testEnv.SESSIONS,
      counts: createCounts(),
      databaseTimeoutMs: MINUTE_MS,
      kvTimeoutMs: MINUTE_MS,
      defer: () => undefined,
      warn: () => undefined,
    });
    const taking = { limit: AT_ONCE, skipped: new Set<string>(), userIds: null, nowMs: timed.now() };
    const { value: results } = await store.primary(async (db) => [
      await giveUp(db, timed.now()).run(),
      await parkBlocked(db, taking).run(),
      await leaseDue(db, taking).run(),
    ]);
    for (const { meta } of results) expect(meta.rows_read).toBeLessThan(1_000);
    expect(receiver.taken.every(({ url }) => url === webhook.url)).toBe(true);
  });
});

it('describes an account as it is when sending, so that a late message overwrites nothing newer', async () => {
  receiver.obstacle = answer(500);
  const account = await join();
  await rename(account, 'Old');
  await rename(account, 'New');
  receiver.obstacle = null;
  timed.advance(MINUTE_MS);
  await sendDue();
  expect(receiver.taken.map(({ json }) => (json.data['account'] as { name: string }).name)).toEqual([
    'New',
    'New',
    'New',
  ]);
});
