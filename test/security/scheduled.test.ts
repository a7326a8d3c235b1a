// The cron trigger: one run of the clean-up, with its counts in the log.
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';
import { observe } from '../support/counting.ts';
import { send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let log: MockInstance<typeof console.log>;

beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const runCron = async (env: Env): Promise<void> => {
  const context = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron: '17 * * * *' }), env, context);
  await waitOnExecutionContext(context);
};

const lines = (): unknown[] => log.mock.calls.map(([line]): unknown => JSON.parse(String(line)));

/** An account with a live session, 700 expired sessions, 3 old events and 2 old counters. */
const seed = async (): Promise<string> => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
  const answer = await send('/api/users/register/', { json });
  const series = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)';
  await testEnv.DB.prepare(
    `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
      ${series} SELECT 'old' || i, (SELECT id FROM users WHERE username = ?), 'jwt', 0, 0, ? FROM n`,
  )
    .bind(700, username, Date.now() - 1)
    .run();
  await testEnv.DB.prepare(
    `INSERT INTO events (id, user_id, type, dialect, created_at) ${series} SELECT i, i, 'login', 'users', ? FROM n`,
  )
    .bind(3, Date.now() - 91 * DAY_MS)
    .run();
  await testEnv.DB.prepare(
    `INSERT INTO login_failures (key, count, pending, last_at) ${series} SELECT 'old' || i, 20, 0, ? FROM n`,
  )
    .bind(2, Date.now() - 30 * DAY_MS)
    .run();
  log.mockClear();
  return sessionCookie(answer) ?? expect.fail(answer.text);
};

it('deletes expired rows, and logs their counts in one line', async () => {
  const cookie = await seed();
  await runCron(testEnv);
  expect(lines()).toEqual([
    {
      level: 'info',
      message: 'cleaned up',
      sessions: 700,
      events: 3,
      loginFailures: 2,
      proofs: 0,
      mails: 0,
      challenges: 0,
      messages: 0,
      grants: 0,
      consents: 0,
      complete: true,
    },
  ]);
  expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  log.mockClear();
  await runCron(testEnv);
  expect(lines()).toEqual([
    {
      level: 'info',
      message: 'cleaned up',
      sessions: 0,
      events: 0,
      loginFailures: 0,
      proofs: 0,
      mails: 0,
      challenges: 0,
      messages: 0,
      grants: 0,
      consents: 0,
      complete: true,
    },
  ]);
});

it('keeps events for EVENT_DAYS', async () => {
  await seed();
  await runCron({ ...testEnv, EVENT_DAYS: '92' });
  expect(lines()).toMatchObject([{ sessions: 700, events: 0 }]);
  await runCron({ ...testEnv, EVENT_DAYS: '90' });
  expect(lines().at(-1)).toMatchObject({ sessions: 0, events: 3 });
});

it('fails visibly if D1 is down, and deletes everything in the next run', async () => {
  await seed();
  const { env } = observe(testEnv, () => {
    throw new Error('Network connection lost.');
  });
  await expect(runCron(env)).rejects.toThrow();
  expect(lines()).toEqual([]);
  await runCron(testEnv);
  expect(lines()).toMatchObject([
    { sessions: 700, events: 3, loginFailures: 2, proofs: 0, mails: 0, complete: true },
  ]);
});
