// The outbox while the provider fails, hangs or refuses: no mail is lost or sent twice, and no request waits.
import { beforeEach, describe, expect, it } from 'vitest';
import { readIdentifier } from '../../../src/core/index.ts';
import { LEASE_MS } from '../../../src/core/outbox/lease.ts';
import { createTimedCore, DAY_MS, someAccount, someClient } from '../../support/clock.ts';
import { observe } from '../../support/counting.ts';
import { countOf, createMailbox, type Mailbox } from '../../support/mail.ts';
import { send, testEnv } from '../../support/worker.ts';

const MINUTE_MS = 60_000;

let mailbox: Mailbox;
let timed: ReturnType<typeof createTimedCore>;

beforeEach(async () => {
  await testEnv.DB.exec('DELETE FROM outbox');
  mailbox = createMailbox({ MAIL_TIMEOUT_MS: '50' });
  timed = createTimedCore(undefined, mailbox.env);
});

const fail =
  (code: string, message = 'no') =>
  () => {
    throw Object.assign(new Error(message), { code });
  };
const hang = () => new Promise(() => {});

/** The rows of an address in the outbox. */
const rowsOf = async (address: string) =>
  (
    await testEnv.DB.prepare('SELECT outcome, attempts, next_at FROM outbox WHERE address = ? ORDER BY id')
      .bind(address)
      .all<{ outcome: string | null; attempts: number; next_at: number }>()
  ).results;

const join = async (): Promise<string> => {
  const fields = someAccount();
  await timed.register('cookie', fields);
  return fields.email;
};

describe.each([
  ['fails', fail('E_INTERNAL_SERVER_ERROR')],
  ['hangs', hang],
  ['is over its limit', fail('E_RATE_LIMIT_EXCEEDED')],
  ['throws a value that is no Error', () => Promise.reject('no')],
])('a registration while the provider %s', (_what, obstacle) => {
  it('succeeds, keeps its mail, and delivers it once when the provider is back', async () => {
    mailbox.obstacle = obstacle;
    const email = await join();
    expect(mailbox.mails).toEqual([]);
    expect(await rowsOf(email)).toEqual([{ outcome: null, attempts: 1, next_at: timed.now() + MINUTE_MS }]);
    // Too early: nothing is tried.
    await timed.core.mail.sendDue();
    expect(mailbox.offered).toBe(1);
    timed.advance(MINUTE_MS);
    expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 0, failed: 1 });
    mailbox.obstacle = null;
    timed.advance(3 * MINUTE_MS);
    expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 1, failed: 0 });
    timed.advance(DAY_MS / 2);
    expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 0, failed: 0 });
    expect(mailbox.to(email)).toHaveLength(1);
    expect(await rowsOf(email)).toEqual([expect.objectContaining({ outcome: 'sent', attempts: 3 })]);
  });
});

it('answers a request without waiting for a provider that hangs', async () => {
  let release: () => void = () => {};
  mailbox.obstacle = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  const slow = createTimedCore(undefined, { ...mailbox.env, MAIL_TIMEOUT_MS: '30000' });
  const created = await slow.core.accounts.create(someAccount(), {
    client: someClient,
    open: null,
    replaces: null,
  });
  expect(created.ok).toBe(true);
  await expect.poll(() => mailbox.offered).toBe(1);
  expect(mailbox.mails).toEqual([]);
  release();
  await slow.settle();
  expect(mailbox.mails).toHaveLength(1);
});

it('waits longer after each failed attempt, and an hour at most', async () => {
  mailbox.obstacle = fail('E_INTERNAL_SERVER_ERROR');
  const email = await join();
  const pauses: number[] = [];
  for (let times = 0; times < 7; times += 1) {
    const [row] = await rowsOf(email);
    pauses.push(((row?.next_at ?? 0) - timed.now()) / MINUTE_MS);
    timed.advance((row?.next_at ?? 0) - timed.now());
    await timed.core.mail.sendDue();
  }
  expect(pauses).toEqual([1, 3, 9, 27, 60, 60, 60]);
});

it('gives up a mail after a day, records it in the audit log and counts it', async () => {
  mailbox.obstacle = fail('E_INTERNAL_SERVER_ERROR');
  const email = await join();
  timed.advance(DAY_MS - 1);
  expect(await timed.core.mail.sendDue()).toMatchObject({ failed: 1, givenUp: 0 });
  timed.advance(60 * MINUTE_MS);
  mailbox.obstacle = null;
  expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 0, givenUp: 1 });
  expect(await rowsOf(email)).toEqual([expect.objectContaining({ outcome: 'given_up' })]);
  expect(
    await countOf(
      "SELECT count(*) AS n FROM events WHERE type = 'mail_given_up' AND user_id = (SELECT id FROM users WHERE email = ?)",
      email,
    ),
  ).toBe(1);
  expect(mailbox.mails).toEqual([]);
});

it('records each of several mails to one account that are given up at once', async () => {
  mailbox.obstacle = fail('E_INTERNAL_SERVER_ERROR');
  const email = await join();
  await testEnv.DB.prepare(
    `INSERT INTO outbox (kind, user_id, address, address_key, locale, proof_id, created_at, expires_at, next_at, attempts)
      SELECT kind, user_id, address, address_key, locale, proof_id, created_at, expires_at, next_at, attempts
      FROM outbox, (SELECT 1 UNION ALL SELECT 2) WHERE address = ?`,
  )
    .bind(email)
    .run();
  timed.advance(DAY_MS + 60 * MINUTE_MS);
  expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 0, givenUp: 3 });
  expect(
    await countOf(
      "SELECT count(DISTINCT id) AS n FROM events WHERE type = 'mail_given_up' AND user_id = (SELECT id FROM users WHERE email = ?)",
      email,
    ),
  ).toBe(3);
});

it.each([
  ['E_RECIPIENT_SUPPRESSED', 'suppressed'],
  ['E_RECIPIENT_NOT_ALLOWED', 'not allowed'],
  ['E_VALIDATION_ERROR', 'The recipient is no address'],
])('gives up an undeliverable mail at once: %s', async (code, message) => {
  mailbox.obstacle = fail(code, message);
  const email = await join();
  expect(await rowsOf(email)).toEqual([expect.objectContaining({ outcome: 'undeliverable', attempts: 1 })]);
  timed.advance(DAY_MS / 2);
  expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 0, failed: 0, undeliverable: 0 });
  expect(
    await countOf(
      "SELECT count(*) AS n FROM events WHERE type = 'mail_undeliverable' AND user_id = (SELECT id FROM users WHERE email = ?)",
      email,
    ),
  ).toBe(1);
});

it('sends each of twelve mails once if six runs overlap', async () => {
  mailbox.obstacle = fail('E_INTERNAL_SERVER_ERROR');
  const emails: string[] = [];
  for (let times = 0; times < 12; times += 1) emails.push(await join());
  mailbox.obstacle = null;
  timed.advance(MINUTE_MS);
  const runs = await Promise.all(Array.from({ length: 6 }, () => timed.core.mail.sendDue()));
  expect(runs.reduce((total, { sent }) => total + sent, 0)).toBe(12);
  for (const email of emails) expect(mailbox.to(email)).toHaveLength(1);
});

it('sends the mail of an isolate that died as soon as its lease expires', async () => {
  const fields = someAccount();
  const dead = createTimedCore(timed.now(), { ...mailbox.env, MAIL_TIMEOUT_MS: '30000' });
  mailbox.obstacle = hang;
  // Its background work is never awaited, as if the isolate were gone.
  await dead.core.accounts.create(fields, { client: someClient, open: null, replaces: null });
  await expect.poll(() => mailbox.offered).toBe(1);
  mailbox.obstacle = null;
  timed.advance(LEASE_MS - 1);
  expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 0 });
  timed.advance(1);
  expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 1 });
  expect(mailbox.to(fields.email)).toHaveLength(1);
});

it('does not send a link that a newer one has replaced', async () => {
  const email = await join();
  mailbox.obstacle = fail('E_INTERNAL_SERVER_ERROR');
  for (let times = 0; times < 2; times += 1) {
    await timed.core.passwordReset.request(readIdentifier(email), someClient);
    await timed.settle();
    timed.advance(1);
  }
  mailbox.obstacle = null;
  timed.advance(5 * MINUTE_MS);
  expect(await timed.core.mail.sendDue()).toMatchObject({ sent: 1 });
  expect(mailbox.to(email).filter(({ subject }) => subject.startsWith('Set'))).toHaveLength(1);
});

it('answers registrations and forgotten passwords as usual if the provider fails', async () => {
  mailbox.obstacle = fail('E_INTERNAL_SERVER_ERROR');
  const { username, email, password } = someAccount();
  const json = { username, email, password };
  expect((await send('/id/register', { json, env: mailbox.env })).status).toBe(201);
  expect((await send('/id/password/forgot', { json: { identifier: email }, env: mailbox.env })).status).toBe(
    202,
  );
  expect(await rowsOf(email)).toHaveLength(2);
});

it('sends useful mails behind 2,500 useless ones, and a run sends D1 fewer than 500 statements', async () => {
  const add = (rows: number, expiresAtMs: number, nextAtMs: number, proofId: string | null) =>
    testEnv.DB.prepare(
      `INSERT INTO outbox (kind, user_id, address, address_key, locale, proof_id, created_at, expires_at, next_at, attempts)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        SELECT 'admin_granted', i, i || '@many.test', i || '@many.test', 'en', ?, 0, ?, ?, 0 FROM n`,
    )
      .bind(rows, proofId, expiresAtMs, nextAtMs)
      .run();
  await add(1_500, timed.now() - 1, 1, null);
  await add(1_000, timed.now() + DAY_MS, 2, 'no such proof');
  await add(400, timed.now() + DAY_MS, 3, null);
  const { env, statements } = observe(mailbox.env);
  const { core } = createTimedCore(timed.now(), env);
  const run = await core.mail.sendDue();
  expect(run).toMatchObject({ failed: 0, undeliverable: 0, givenUp: 1_500 });
  expect(run.sent).toBeGreaterThan(300);
  expect(mailbox.mails).toHaveLength(run.sent);
  expect(statements.length).toBeLessThan(500);
});
