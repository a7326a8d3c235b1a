// Session expiry: after fourteen days without use, extended once a day at most, and after ninety days in any case.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LoginKind } from '../../../src/core/index.ts';
import { createTimedCore, DAY_MS, someAccount, type TimedCore } from '../../support/clock.ts';
import { measure, observe } from '../../support/counting.ts';
import { send, sessionCookie, testEnv } from '../../support/worker.ts';

const HOUR_MS = DAY_MS / 24;
const IDLE_MS = 14 * DAY_MS;
const ABSOLUTE_MS = 90 * DAY_MS;

const kinds: LoginKind[] = ['cookie', 'derived', 'jwt'];

const identify = async ({ core, settle }: TimedCore, kind: LoginKind, token: string) => {
  const principal = await core.sessions.authenticate(
    token,
    kind === 'cookie' ? 'cookie' : 'header',
    'nearest',
  );
  await settle();
  return principal;
};

const expiryOf = (userId: number): Promise<number | null> =>
  testEnv.DB.prepare('SELECT expires_at FROM sessions WHERE user_id = ?').bind(userId).first('expires_at');

describe.each(kinds)('a session of kind %s', (kind) => {
  it('expires fourteen days after its last use, to the millisecond', async () => {
    const timed = createTimedCore();
    const { token, account } = await timed.register(kind);
    expect(await expiryOf(account.id)).toBe(timed.now() + IDLE_MS);
    const unused = createTimedCore(timed.now() + IDLE_MS);
    expect(await identify(unused, kind, token)).toBeNull();
    const lastMoment = createTimedCore(timed.now() + IDLE_MS - 1);
    expect((await identify(lastMoment, kind, token))?.account.id).toBe(account.id);
  });

  it('gets extended by use, once a day at most', async () => {
    const timed = createTimedCore();
    const startMs = timed.now();
    const { token, account } = await timed.register(kind);

    timed.advance(DAY_MS - 1);
    expect((await identify(timed, kind, token))?.extended).toBe(false);
    expect(await expiryOf(account.id)).toBe(startMs + IDLE_MS);

    timed.advance(1);
    expect((await identify(timed, kind, token))?.extended).toBe(true);
    expect(await expiryOf(account.id)).toBe(startMs + DAY_MS + IDLE_MS);
    expect((await identify(timed, kind, token))?.extended).toBe(false);

    timed.advance(DAY_MS - 1);
    expect((await identify(timed, kind, token))?.extended).toBe(false);
    timed.advance(1);
    expect((await identify(timed, kind, token))?.extended).toBe(true);
    expect(await expiryOf(account.id)).toBe(startMs + 2 * DAY_MS + IDLE_MS);
  });

  it('expires after ninety days, even if it is used', async () => {
    const timed = createTimedCore();
    const startMs = timed.now();
    const { token, account } = await timed.register(kind);
    for (let day = 10; day <= 80; day += 10) {
      timed.advance(10 * DAY_MS);
      expect(await identify(timed, kind, token)).not.toBeNull();
    }
    expect(await expiryOf(account.id)).toBe(startMs + ABSOLUTE_MS);
    timed.advance(10 * DAY_MS - 1);
    expect(await identify(timed, kind, token)).not.toBeNull();
    expect(await expiryOf(account.id)).toBe(startMs + ABSOLUTE_MS);
    timed.advance(1);
    expect(await identify(timed, kind, token)).toBeNull();
  });

  it('stays valid with an idle time of one day if it is used every day', async () => {
    const timed = createTimedCore(undefined, { ...testEnv, SESSION_IDLE_DAYS: '1' });
    const { token } = await timed.register(kind);
    // Each use comes less than a day after the last, minus the time by which an extension can lag behind.
    for (const hours of [1, 22, 2, 22, 11, 12, 22, 1, 1, 22]) {
      timed.advance(hours * HOUR_MS);
      expect(await identify(timed, kind, token)).not.toBeNull();
    }
    timed.advance(DAY_MS);
    expect(await identify(timed, kind, token)).toBeNull();
  });

  it('gets extended after half a day of an idle time of seven days', async () => {
    const timed = createTimedCore(undefined, { ...testEnv, SESSION_IDLE_DAYS: '7' });
    const { token } = await timed.register(kind);
    timed.advance(DAY_MS / 2 - 1);
    expect((await identify(timed, kind, token))?.extended).toBe(false);
    timed.advance(1);
    expect((await identify(timed, kind, token))?.extended).toBe(true);
  });

  it('takes its limits from the settings', async () => {
    const env = { ...testEnv, SESSION_IDLE_DAYS: '30', SESSION_ABSOLUTE_DAYS: '20' };
    const timed = createTimedCore(undefined, env);
    const { token, account } = await timed.register(kind);
    // The clean-up uses this time: an idle time beyond the absolute limit adds nothing to it.
    expect(await expiryOf(account.id)).toBe(timed.now() + 20 * DAY_MS);
    timed.advance(20 * DAY_MS - 1);
    expect(await identify(timed, kind, token)).not.toBeNull();
    timed.advance(1);
    expect(await identify(timed, kind, token)).toBeNull();
  });
});

it('expires the API token ninety days after the last login that returned it', async () => {
  const timed = createTimedCore();
  const fields = someAccount();
  const { token } = await timed.register('derived', fields);
  timed.advance(10 * DAY_MS);
  expect((await timed.logIn(fields, 'derived')).token).toBe(token);
  for (let day = 20; day <= 90; day += 10) {
    timed.advance(10 * DAY_MS);
    expect(await identify(timed, 'derived', token)).not.toBeNull();
  }
  timed.advance(10 * DAY_MS - 1);
  expect(await identify(timed, 'derived', token)).not.toBeNull();
  timed.advance(1);
  expect(await identify(timed, 'derived', token)).toBeNull();
});

it('returns a new API token after the old one expired, and the old one stays invalid', async () => {
  const timed = createTimedCore();
  const fields = someAccount();
  const { token, account } = await timed.register('derived', fields);
  timed.advance(IDLE_MS);
  const next = await timed.logIn(fields, 'derived');
  expect(next.token).toMatch(/^[0-9a-f]{40}$/);
  expect(next.token).not.toBe(token);
  expect(await identify(timed, 'derived', token)).toBeNull();
  expect((await identify(timed, 'derived', next.token))?.account.id).toBe(account.id);
});

describe('the session cookie', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gets set again with its full lifetime only when the session is extended', async () => {
    const startMs = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: startMs });
    const { username, email } = someAccount();
    const json = { username, email, password: 'sesame1234' };
    const cookie = sessionCookie(await send('/api/users/register/', { json })) ?? '';
    expect(cookie).toMatch(/^[A-Za-z0-9_-]{43}$/);

    vi.setSystemTime(startMs + DAY_MS - 1);
    const early = await measure('/api/users/me/', { cookie });
    expect(early.answer.status).toBe(200);
    expect(early.answer.headers.getSetCookie()).toEqual([]);

    vi.setSystemTime(startMs + DAY_MS);
    const { answer, operations } = await measure('/api/users/me/', { cookie });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual([
      `sessionid=${cookie}; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ]);
    expect(operations).toMatchObject({ kvGets: 1, d1: 2, kvPuts: 1 });

    const next = await measure('/api/users/me/', { cookie });
    expect(next.answer.headers.getSetCookie()).toEqual([]);
    expect(next.operations).toMatchObject({ kvGets: 1, d1: 1, kvPuts: 0 });

    vi.setSystemTime(startMs + DAY_MS + IDLE_MS);
    const late = await send('/api/users/me/', { cookie });
    expect(late.text).toBe('{"detail":"Not found."}');
    expect(late.headers.getSetCookie()).toEqual([]);
  });
});

it('keeps the later expiry if a login comes during an extension', async () => {
  const person = someAccount();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { env } = observe(testEnv, (_, method) => (method === 'run' ? released : undefined));
  const reader = createTimedCore(undefined, env);
  const { account, token } = await reader.register('derived', person);
  reader.advance(3 * DAY_MS);
  const found = await reader.core.sessions.authenticate(token, 'header', 'nearest');
  expect(found?.extended).toBe(true);

  const later = createTimedCore(reader.now() + HOUR_MS);
  await later.logIn(person, 'derived');
  const expiresAtMs = later.now() + IDLE_MS;
  expect(await expiryOf(account.id)).toBe(expiresAtMs);

  release();
  await reader.settle();
  expect(await expiryOf(account.id)).toBe(expiresAtMs);
});
