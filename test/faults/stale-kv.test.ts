// KV lags by a minute and refuses some writes: D1 decides at once, and nothing is lost.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTimedCore, DAY_MS } from '../support/clock.ts';
import { observe } from '../support/counting.ts';
import { failKv } from '../support/faults.ts';
import { type Answer, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';
import { cheapEnv, createPerson, type Person, tokenOf } from './people.ts';
import { createStaleKv, STALE_MS, type StaleKv } from './stale-kv.ts';

let kv: StaleKv;
let person: Person;

beforeEach(async () => {
  person = await createPerson();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  kv = createStaleKv({ env: cheapEnv });
});

afterEach(() => {
  vi.useRealTimers();
});

const read = {
  derived: () => send('/account/profile', { token: person.derived, env: kv.env }),
  cookie: () => send('/api/users/me', { cookie: person.cookie, env: kv.env }),
  jwt: () => send('/api/user', { token: person.jwt, env: kv.env }),
};
const pick = () => send('/account/set_picture', { token: person.derived, json: { id: 1 }, env: kv.env });
const pickByJwt = () => send('/account/set_picture', { token: person.jwt, json: { id: 1 }, env: kv.env });
const move = () =>
  send('/api/users/me', { cookie: person.cookie, method: 'PATCH', json: { address: 'x' }, env: kv.env });

/** A KV that stores nothing, so that it has no record. */
const noPuts = failKv((method) => (method === 'put' ? 'before' : null), cheapEnv);

const INVALID = '{"detail":"Invalid token."}';
const ANONYMOUS = '{"detail":"Authentication credentials were not provided."}';
const shown = ({ status, text }: Answer) => [status, text];

/** Reads with all three sessions, which puts their records into the cache of the location. */
const warm = async () => {
  for (const ask of Object.values(read)) expect((await ask()).status).toBe(200);
};

const expectAllRefused = async () => {
  expect(shown(await read.derived())).toEqual([401, INVALID]);
  expect(shown(await read.jwt())).toEqual([401, INVALID]);
  expect(shown(await read.cookie())).toEqual([404, '{"detail":"Not found."}']);
  expect(shown(await pick())).toEqual([401, INVALID]);
  expect(shown(await pickByJwt())).toEqual([401, INVALID]);
  expect(shown(await move())).toEqual([403, ANONYMOUS]);
};

describe('while KV still has the record', () => {
  it('rejects an ended session and accepts the others', async () => {
    await warm();
    const out = await send('/account/logout', { method: 'POST', token: person.derived, env: kv.env });
    expect(out.text).toBe('{"success":true}');
    expect(shown(await read.derived())).toEqual([401, INVALID]);
    expect(shown(await pick())).toEqual([401, INVALID]);
    expect((await read.cookie()).status).toBe(200);
    expect((await pickByJwt()).status).toBe(200);
    expect((await send('/api/users/logout', { cookie: person.cookie, env: kv.env })).text).toBe('"OK"');
    expect(shown(await move())).toEqual([403, ANONYMOUS]);
    expect((await send('/account/logout', { method: 'POST', token: person.jwt, env: kv.env })).status).toBe(
      200,
    );
    await expectAllRefused();
    vi.setSystemTime(Date.now() + STALE_MS);
    await expectAllRefused();
  });

  it('rejects all sessions of a deleted account', async () => {
    await warm();
    expect((await send('/account/delete', { method: 'POST', token: person.jwt, env: kv.env })).status).toBe(
      200,
    );
    await expectAllRefused();
    vi.setSystemTime(Date.now() + STALE_MS);
    await expectAllRefused();
  });

  it('rejects the sessions of a disabled account, and accepts them when it is enabled again', async () => {
    await warm();
    const disable = (at: number | null) =>
      testEnv.DB.prepare('UPDATE users SET disabled_at = ? WHERE id = ?').bind(at, person.id).run();
    await disable(Date.now());
    await expectAllRefused();
    await disable(null);
    await warm();
  });

  it('rejects a session that a login or a registration replaced', async () => {
    await warm();
    const env = kv.env;
    const login = await send('/api/users/login', { json: person, cookie: person.cookie, env });
    const next = sessionCookie(login) ?? '';
    expect(shown(await move())).toEqual([403, ANONYMOUS]);
    expect((await read.cookie()).status).toBe(404);
    expect((await send('/api/users/me', { cookie: next, env })).status).toBe(200);
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    expect((await send('/api/users/register', { json, cookie: next, env })).status).toBe(200);
    expect((await send('/api/users/me', { cookie: next, env })).status).toBe(404);
  });
});

describe('while KV has a miss in its cache', () => {
  it('accepts a new session at once, for reads and changes', async () => {
    await send('/account/logout', { method: 'POST', token: person.derived, env: cheapEnv });
    const env = kv.env;
    // KV does not store the record of this login, so that the first read with its token is a miss.
    const token = tokenOf((await send('/account/login', { json: person, env: noPuts })).text);
    expect((await send('/account/profile', { token, env })).status).toBe(200);
    for (let times = 0; times < 5; times += 1)
      expect((await send('/account/profile', { token, env })).status).toBe(200);
    expect((await send('/account/set_picture', { token, json: { id: 2 }, env })).status).toBe(200);
    expect(kv.refused).not.toEqual([]);
    expect(new Set(kv.refused)).toEqual(new Set(['KV PUT failed: 429 Too Many Requests']));

    vi.setSystemTime(Date.now() + STALE_MS);
    const watched = observe(env);
    expect((await send('/account/profile', { token, env: watched.env })).status).toBe(200);
    expect(watched.operations).toMatchObject({ kvGets: 1, d1: 1, kvPuts: 0 });
  });
});

it('logs in and out within one second although KV refuses all writes of a key but the first', async () => {
  for (let times = 0; times < 3; times += 1) {
    const token = tokenOf((await send('/account/login', { json: person, env: kv.env })).text);
    expect((await send('/account/profile', { token, env: kv.env })).status).toBe(200);
    const out = await send('/account/logout', { method: 'POST', token, env: kv.env });
    expect(out.status).toBe(200);
    expect((await send('/account/profile', { token, env: kv.env })).status).toBe(401);
    expect((await send('/account/profile', { token })).status).toBe(401);
  }
  expect(kv.refused).toContain('KV DELETE failed: 429 Too Many Requests');
});

describe('a KV record of a session that ends soon', () => {
  // The absolute limit comes first, so that no use extends the session.
  const shortLived = { ...cheapEnv, SESSION_ABSOLUTE_DAYS: '1' };

  it.each([
    [1, 60],
    [59_999, 60],
    [60_999, 60],
    [61_000, 61],
    [DAY_MS / 2, 43_200],
  ])(
    'written %d ms before the end expires after %d s, at least the minimum of KV',
    async (leftMs, ttlSeconds) => {
      const timed = createTimedCore(undefined, shortLived);
      const { token } = await timed.register('cookie');
      // The next request that misses the record stores it again.
      const { keys } = await testEnv.SESSIONS.list({ prefix: 'session:' });
      await Promise.all(keys.map(({ name }) => testEnv.SESSIONS.delete(name)));
      const late = createStaleKv({ env: shortLived });
      const reader = createTimedCore(timed.now() + DAY_MS - leftMs, late.env);
      expect(await reader.core.sessions.authenticate(token, 'cookie', 'nearest')).not.toBeNull();
      await reader.settle();
      expect(late.refused).toEqual([]);
      expect(late.written.map((record) => record.ttlSeconds)).toEqual([ttlSeconds]);
      // The record may outlive the session: D1 still rejects it.
      const over = createTimedCore(timed.now() + DAY_MS, late.env);
      expect(await over.core.sessions.authenticate(token, 'cookie', 'nearest')).toBeNull();
    },
  );
});
