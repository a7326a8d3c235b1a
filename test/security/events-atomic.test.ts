// An event is written in the same batch as its change. The event of a failed login is written after the response.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import worker from '../../src/index.ts';
import { observe } from '../support/counting.ts';
import { ORIGIN, send, testEnv } from '../support/worker.ts';
import { changes, joined, someone, typesOf } from './support-events.ts';

beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation(() => undefined);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await testEnv.DB.exec('DROP TRIGGER IF EXISTS stop_it');
});

describe('a batch that fails', () => {
  const stopEvents = (): Promise<unknown> =>
    testEnv.DB.exec(
      "CREATE TRIGGER stop_it BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no events today'); END",
    );
  const stop = (action: string): Promise<unknown> =>
    testEnv.DB.exec(`CREATE TRIGGER stop_it BEFORE ${action} BEGIN SELECT RAISE(ABORT, 'not today'); END`);

  const everything = async (id: number | null): Promise<unknown> => ({
    user: await testEnv.DB.prepare('SELECT * FROM users WHERE id = ?').bind(id).first(),
    sessions: (await testEnv.DB.prepare('SELECT id FROM sessions WHERE user_id = ?').bind(id).all()).results,
    events: await typesOf(id),
  });

  it.each(changes)('leaves no change if the event fails: %s in %s', async (_type, _dialect, path, sent) => {
    const member = await joined();
    const before = await everything(member.id);
    await stopEvents();
    expect((await send(path, sent(member))).status).toBeGreaterThanOrEqual(500);
    expect(await everything(member.id)).toEqual(before);
  });

  it.each<[string, string]>([
    ['logout', 'DELETE ON sessions'],
    ['profile_changed', 'UPDATE ON users'],
    ['picture_changed', 'UPDATE ON users'],
    ['deleted', 'DELETE ON users'],
  ])('leaves no event if the change fails: %s', async (type, action) => {
    const member = await joined();
    const before = await everything(member.id);
    await stop(action);
    const ofType = changes.filter(([changed]) => changed === type);
    expect(ofType.length).toBeGreaterThan(0);
    for (const [, , path, sent] of ofType)
      expect((await send(path, sent(member))).status).toBeGreaterThanOrEqual(500);
    expect(await everything(member.id)).toEqual(before);
  });

  it('stores no account, session or event at registration', async () => {
    const person = someone();
    const count = (table: string) => testEnv.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first('n');
    const counts = () => Promise.all(['users', 'sessions', 'events'].map(count));
    const before = await counts();
    for (const action of ['INSERT ON events', 'INSERT ON sessions']) {
      await stop(action);
      const answer = await send('/api/users/register/', { json: person });
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.headers.getSetCookie()).toEqual([]);
      await testEnv.DB.exec('DROP TRIGGER stop_it');
    }
    expect(await counts()).toEqual(before);
    expect((await send('/api/users/register/', { json: person })).status).toBe(200);
  });

  it('stores no session or event at login', async () => {
    const member = await joined();
    const before = await everything(member.id);
    for (const action of ['INSERT ON events', 'INSERT ON sessions', 'UPDATE ON users']) {
      await stop(action);
      const answer = await send('/api/users/login/', { json: member });
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.headers.getSetCookie()).toEqual([]);
      await testEnv.DB.exec('DROP TRIGGER stop_it');
    }
    expect(await everything(member.id)).toEqual(before);
  });
});

describe('the event of a failed login', () => {
  it('appears only after the response', async () => {
    const member = await joined();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let roundTrips = 0;
    const { env } = observe(testEnv, (binding) => {
      if (binding !== 'd1') return undefined;
      roundTrips += 1;
      return roundTrips > 1 ? released : undefined;
    });
    const context = createExecutionContext();
    const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/account/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: member.username, password: 'wrong' }),
    });
    const response = await worker.fetch(request, env, context);
    expect([response.status, await response.text()]).toEqual([
      400,
      '{"non_field_errors":["Unable to log in with provided credentials."]}',
    ]);
    expect(await typesOf(member.id)).toEqual(['registered', 'login']);
    release();
    await waitOnExecutionContext(context);
    expect(await typesOf(member.id)).toEqual(['registered', 'login', 'login_refused']);
  });

  it('causes a warning in the log if it cannot be written, and the login still fails', async () => {
    const member = await joined();
    await testEnv.DB.exec(
      "CREATE TRIGGER stop_it BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const answer = await send('/account/login', { json: { username: member.username, password: 'wrong' } });
    expect(answer.status).toBe(400);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0]?.[0])).not.toContain(member.username);
  });
});
