// Clean-up: deletes expired rows in bounded batches and keeps all others.
import { beforeEach, describe, expect, it } from 'vitest';
import { SECRETS_A_RUN } from '../../src/core/factors/manage.ts';
import type { Env } from '../../src/env.ts';
import { createTimedCore, DAY_MS } from '../support/clock.ts';
import { observe } from '../support/counting.ts';
import { addWebhook, forgetWebhooks } from '../support/receiver.ts';
import { testEnv } from '../support/worker.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
/** Rows that one statement reads, and rows that one run may delete from each table. */
const BATCH_ROWS = 1_000;
const MAX_ROWS = 250_000;

/** The statements that one invocation may send. https://developers.cloudflare.com/d1/platform/limits/ */
const D1_STATEMENTS = 1_000;
const SPARE_STATEMENTS = 20;

type Table = 'sessions' | 'events' | 'login_failures' | 'outbox';

const count = async (table: Table): Promise<number> =>
  (await testEnv.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>('n')) ?? expect.fail(table);

const SERIES = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)';

/** Adds sessions of an account that expire at the given time. */
const addSessions = (rows: number, userId: number, expiresAtMs: number, name = 'old') =>
  testEnv.DB.prepare(
    `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
      ${SERIES} SELECT ? || i, ?, 'cookie', 0, 0, ? FROM n`,
  )
    .bind(rows, name, userId, expiresAtMs)
    .run();

/** Not with the default of `id`, the time and a small random number: two events of an account could get the same. */
const addEvents = (rows: number, createdAtMs: number) =>
  testEnv.DB.prepare(
    `INSERT INTO events (id, user_id, type, dialect, created_at)
      ${SERIES} SELECT (SELECT ifnull(max(id), 0) FROM events) + i, i, 'login', 'users', ? FROM n`,
  )
    .bind(rows, createdAtMs)
    .run();

const addCounters = (rows: number, lastAtMs: number, name = 'old') =>
  testEnv.DB.prepare(
    `INSERT INTO login_failures (key, count, pending, last_at) ${SERIES} SELECT ? || i, 20, 0, ? FROM n`,
  )
    .bind(rows, name, lastAtMs)
    .run();

beforeEach(async () => {
  for (const table of ['sessions', 'events', 'login_failures', 'users'])
    await testEnv.DB.exec(`DELETE FROM ${table}`);
});

const removed = (sessions: number, events: number, loginFailures: number, complete = true) => ({
  sessions,
  events,
  loginFailures,
  proofs: 0,
  mails: 0,
  challenges: 0,
  messages: 0,
  grants: 0,
  consents: 0,
  complete,
});

describe('clean-up of sessions', () => {
  it('deletes 10,000 expired sessions and keeps live ones valid', async () => {
    const timed = createTimedCore(NOW_MS);
    const first = await timed.register('cookie');
    const others = await Promise.all(Array.from({ length: 24 }, () => timed.register('derived')));
    await addSessions(10_000, first.account.id, NOW_MS - 1);
    await addSessions(100, first.account.id, NOW_MS + 1, 'live');
    expect(await timed.core.cleanUp()).toEqual(removed(10_000, 0, 0));
    expect(await count('sessions')).toBe(125);
    expect(await timed.core.sessions.authenticate(first.token, 'cookie', 'primary')).not.toBeNull();
    for (const { token, account } of others)
      expect((await timed.core.sessions.authenticate(token, 'header', 'primary'))?.account.id).toBe(
        account.id,
      );
    expect(await timed.core.cleanUp()).toEqual(removed(0, 0, 0));
  });

  it('deletes a session from the millisecond at which it expires', async () => {
    const timed = createTimedCore(NOW_MS);
    const { token } = await timed.register('cookie');
    timed.advance(14 * DAY_MS - 1);
    expect((await timed.core.cleanUp()).sessions).toBe(0);
    timed.advance(1);
    expect(await timed.core.sessions.authenticate(token, 'cookie', 'primary')).toBeNull();
    expect((await timed.core.cleanUp()).sessions).toBe(1);
  });

  it('keeps the account of an expired session', async () => {
    const timed = createTimedCore(NOW_MS);
    const { account } = await timed.register('cookie');
    timed.advance(15 * DAY_MS);
    expect((await timed.core.cleanUp()).sessions).toBe(1);
    expect((await timed.core.accounts.get(account.id))?.email).toBe(account.email);
  });
});

describe('clean-up of a sessions table that is too large for one run', () => {
  /** Adds sessions with ids as in production: evenly distributed hashes. */
  const addHashed = (rows: number, userId: number, expiresAtMs: number) =>
    testEnv.DB.prepare(
      `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
        ${SERIES} SELECT lower(hex(randomblob(32))), ?, 'cookie', 0, 0, ? FROM n`,
    )
      .bind(rows, userId, expiresAtMs)
      .run();

  it('reads another part each hour, and the whole table within a day', async () => {
    const timed = createTimedCore(NOW_MS);
    const { account } = await timed.register('cookie');
    await addHashed(260_000, account.id, NOW_MS - 1);
    expect((await timed.core.cleanUp()).complete).toBe(false);
    const left = await count('sessions');
    expect(left).toBeGreaterThan(5_000);
    timed.advance((12 * DAY_MS) / 24);
    expect((await timed.core.cleanUp()).complete).toBe(true);
    expect(await count('sessions')).toBe(1);
  }, 30_000);
});

describe('clean-up of an audit log that is too large for one run', () => {
  it('begins at another account each hour, and reaches every event', async () => {
    const timed = createTimedCore(NOW_MS);
    await addEvents(300_000, 0);
    const first = await timed.core.cleanUp();
    expect(first.complete).toBe(false);
    timed.advance(DAY_MS / 24);
    expect((await timed.core.cleanUp()).complete).toBe(true);
    expect(await count('events')).toBe(0);
  }, 30_000);

  it('removes the old events of an account that has more than a page of them, and keeps the others', async () => {
    const timed = createTimedCore(NOW_MS);
    await testEnv.DB.prepare(
      `INSERT INTO events (user_id, id, type, dialect, created_at)
        ${SERIES} SELECT 7, i, 'login', 'users', iif(i % 2, 0, ?) FROM n`,
    )
      .bind(9 * BATCH_ROWS, NOW_MS)
      .run();
    expect(await timed.core.cleanUp()).toEqual(removed(0, 4500, 0));
    expect(await count('events')).toBe(4500);
    await testEnv.DB.exec('DELETE FROM events');
  });
});

describe('clean-up of events', () => {
  it('keeps events for 90 days, to the millisecond', async () => {
    await addEvents(3, NOW_MS - 90 * DAY_MS - 1);
    await addEvents(5, NOW_MS - 90 * DAY_MS);
    await addEvents(7, NOW_MS);
    expect(await createTimedCore(NOW_MS).core.cleanUp()).toEqual(removed(0, 3, 0));
    expect(await count('events')).toBe(12);
  });

  it('keeps events for EVENT_DAYS if it is set', async () => {
    const env: Env = { ...testEnv, EVENT_DAYS: '7' };
    await addEvents(1200, NOW_MS - 7 * DAY_MS - 1);
    await addEvents(5, NOW_MS - 7 * DAY_MS);
    expect(await createTimedCore(NOW_MS, env).core.cleanUp()).toEqual(removed(0, 1200, 0));
    await addEvents(1, NOW_MS - 364 * DAY_MS);
    const yearly: Env = { ...testEnv, EVENT_DAYS: '365' };
    expect(await createTimedCore(NOW_MS, yearly).core.cleanUp()).toEqual(removed(0, 0, 0));
    expect(await count('events')).toBe(6);
  });
});

describe('clean-up of login counters', () => {
  it('deletes old counters and keeps those of the last hour', async () => {
    await addCounters(1100, NOW_MS - 30 * DAY_MS);
    await addCounters(20, NOW_MS - DAY_MS / 24, 'recent');
    expect(await createTimedCore(NOW_MS).core.cleanUp()).toEqual(removed(0, 0, 1100));
    expect(await count('login_failures')).toBe(20);
  });

  it('keeps a counter while its wait lasts, even if THROTTLE_MAX_WAIT_SECONDS is a week', async () => {
    const env: Env = { ...testEnv, THROTTLE_MAX_WAIT_SECONDS: String(7 * 24 * 60 * 60) };
    const timed = createTimedCore(NOW_MS, env);
    const { account } = await timed.register('cookie');
    // The 40th failure in a row: its wait is the longest.
    await testEnv.DB.prepare('INSERT INTO login_failures (key, count, pending, last_at) VALUES (?, 40, 0, ?)')
      .bind(`account:${account.id}`, NOW_MS)
      .run();
    timed.advance(2 * DAY_MS);
    expect(await timed.core.cleanUp()).toEqual(removed(0, 0, 0));
    expect(await count('login_failures')).toBe(1);
  });
});

describe('clean-up of mails', () => {
  const addMails = (createdAtMs: number, expiresAtMs: number, doneAtMs: number | null) =>
    testEnv.DB.prepare(
      `INSERT INTO outbox (kind, user_id, address, address_key, locale, created_at, expires_at, next_at, attempts, done_at)
        VALUES ('admin_granted', 1, 'a@test.com', 'a@test.com', 'en', ?, ?, 0, 0, ?)`,
    )
      .bind(createdAtMs, expiresAtMs, doneAtMs)
      .run();

  it('deletes sent mails a day after creation, and unsent mails a day after they expire', async () => {
    const [before, after] = [NOW_MS - DAY_MS - 1, NOW_MS - DAY_MS];
    await addMails(before, NOW_MS + 1, NOW_MS);
    await addMails(after, NOW_MS + 1, NOW_MS);
    await addMails(0, before, null);
    await addMails(0, after, null);
    await addMails(0, NOW_MS + 1, null);
    expect(await createTimedCore(NOW_MS).core.cleanUp()).toEqual({ ...removed(0, 0, 0), mails: 2 });
    expect(await count('outbox')).toBe(3);
    await testEnv.DB.exec('DELETE FROM outbox');
  });
});

describe('a clean-up run', () => {
  it('reads 1,000 rows per statement', async () => {
    const { env, operations } = observe();
    const timed = createTimedCore(NOW_MS, env);
    await addCounters(4 * BATCH_ROWS + 1, NOW_MS - 30 * DAY_MS);
    operations.d1 = 0;
    expect(await timed.core.cleanUp()).toEqual(removed(0, 0, 4 * BATCH_ROWS + 1));
    // Six for the counters; one each for proofs, mails, messages, challenges, the grants of and consents to removed apps,
    // and two indexes of older versions; two each for the sessions and the events, which are read from a starting point
    // to the last row and then from the first row on; one to find that point for the events.
    expect(operations).toMatchObject({ d1: 19, kvDeletes: 0, kvGets: 0, kvPuts: 0, kvLists: 0 });
  });

  it('leaves the rest of a large table to the next run, reports it, and cleans the other tables', async () => {
    const timed = createTimedCore(NOW_MS);
    const { account } = await timed.register('cookie');
    await testEnv.DB.exec('DELETE FROM events');
    await addEvents(MAX_ROWS + 1, 0);
    await addSessions(2, account.id, NOW_MS - 1);
    await addCounters(3, NOW_MS - 30 * DAY_MS);
    const first = await timed.core.cleanUp();
    expect(first).toEqual(removed(2, first.events, 3, false));
    // Two of its 125 pages are cut short by the end of the table.
    expect(first.events).toBeGreaterThan(MAX_ROWS - 2 * 2 * BATCH_ROWS);
    expect(await timed.core.cleanUp()).toEqual(removed(0, MAX_ROWS + 1 - first.events, 0));
    expect(await count('sessions')).toBe(1);
  });

  it('sends D1 fewer than 1,000 statements, with what else is scheduled, if every table is full of expired rows', async () => {
    const { env, statements } = observe(testEnv);
    const timed = createTimedCore(NOW_MS, env);
    const { account } = await timed.register('cookie');
    await timed.settle();
    await addWebhook();
    await (await timed.core.webhooks()).prepare();
    const old = [
      "INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) $ SELECT lower(hex(randomblob(32))), ?, 'cookie', 0, 0, 1 FROM n",
      "INSERT INTO events (id, user_id, type, dialect, created_at) $ SELECT i, ?, 'login', 'users', 0 FROM n",
      "INSERT INTO proofs (id, purpose, user_id, address, address_key, password_mark, created_at, expires_at) $ SELECT 'p' || i, 'change_email', ?, 'a', 'a' || i, '-', 0, 1 FROM n",
      "INSERT INTO outbox (kind, user_id, address, address_key, locale, created_at, expires_at, next_at, attempts) $ SELECT 'new_device', ?, 'a', 'a', 'en', 0, 1, 0, 0 FROM n",
      "INSERT INTO spent_challenges (id, expires_at) $ SELECT 'c' || i || ?, 1 FROM n",
      "INSERT INTO deliveries (kind, recipient_id, user_id, type, created_at, expires_at, next_at, attempts) $ SELECT 'webhook', 'w', ?, 'x', 0, 1, 0, 0 FROM n",
      "INSERT INTO users (email, email_key, password_hash, name, created_at, updated_at, last_login_at) $ SELECT 'm' || i, 'm' || i || ?, '-', 'M', 0, 0, 0 FROM n",
    ];
    for (const sql of old) await testEnv.DB.prepare(sql.replace('$', SERIES)).bind(55_000, account.id).run();
    statements.length = 0;
    const run = await timed.core.cleanUp();
    expect(run).toMatchObject({ complete: false, sessions: 55_000, events: 55_000, proofs: 40_000 });
    expect(run).toMatchObject({ mails: 50_000, challenges: 50_000, messages: 50_000 });
    // What 250,000 sessions and events, 10,000 counters, and 60,000 grants of and consents to removed apps would take
    // besides. How many pages hold 55,000 rows depends on the hour, which decides where a run begins.
    const pagesLeft = (table: string): number =>
      125 - statements.filter((sql) => sql.startsWith(`delete from "${table}"`)).length;
    const [sessionsLeft, eventsLeft, countersLeft] = [
      2 * pagesLeft('sessions'),
      2 * pagesLeft('events'),
      10 - 1,
    ];
    expect([sessionsLeft, eventsLeft].every((left) => left > 180 && left < 200)).toBe(true);
    const ofAppsLeft = 2 * (60 - 1);
    const most = statements.length + sessionsLeft + eventsLeft + countersLeft + ofAppsLeft;
    statements.length = 0;
    expect(await timed.core.fillNameKeys()).toBe(20_000);
    await timed.settle();
    const ofNameKeys = statements.length;
    await testEnv.DB.prepare(
      `INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at)
        SELECT id, 'totp', 'app', 'plain.AAAA', 1, 1 FROM users ORDER BY id DESC LIMIT ?`,
    )
      .bind(SECRETS_A_RUN + 1)
      .run();
    statements.length = 0;
    const rotated = await (await timed.core.factors()).rotateSecrets();
    expect(rotated).toBe(SECRETS_A_RUN);
    // The run, and what is to spare for a statement more in each of its parts.
    expect(most + ofNameKeys + statements.length).toBeLessThanOrEqual(D1_STATEMENTS - SPARE_STATEMENTS);
    await forgetWebhooks();
    for (const table of ['users', 'outbox', 'spent_challenges', 'deliveries'])
      await testEnv.DB.exec(`DELETE FROM ${table}`);
  }, 30_000);

  it('keeps its progress if it is interrupted, and the next run continues', async () => {
    await addEvents(4 * BATCH_ROWS, 0);
    let roundTrips = 0;
    const { env } = observe(testEnv, () => {
      roundTrips += 1;
      // The first two read the sessions, the third finds where the events end.
      if (roundTrips > 4) throw new Error('Network connection lost.');
    });
    await expect(createTimedCore(NOW_MS, env).core.cleanUp()).rejects.toThrow();
    const left = await count('events');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(4 * BATCH_ROWS);
    expect(await createTimedCore(NOW_MS).core.cleanUp()).toEqual(removed(0, left, 0));
  });
});
