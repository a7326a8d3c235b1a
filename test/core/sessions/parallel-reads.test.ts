// Reads of a session ask KV and the nearest copy of D1 in parallel and wait for no answer that they do not need.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import type { Env } from '../../../src/env.ts';
import { servedByReplica } from '../../faults/replica.ts';
import { createTimedCore, type TimedCore } from '../../support/clock.ts';
import { testEnv } from '../../support/worker.ts';

type Store = 'kv' | 'copy' | 'primary';

/**
 * Bindings whose answers a test releases one by one. `asked` lists the stores in the order of the questions; `answered`
 * waits for the answer of a store.
 */
const hold = (held: readonly Store[]) => {
  const asked: Store[] = [];
  const gates = new Map(held.map((store) => [store, Promise.withResolvers<void>()]));
  const answers = {
    kv: Promise.withResolvers<void>(),
    copy: Promise.withResolvers<void>(),
    primary: Promise.withResolvers<void>(),
  };
  const pass = async <T>(store: Store, work: () => Promise<T>): Promise<T> => {
    asked.push(store);
    await gates.get(store)?.promise;
    const answer = await work();
    answers[store].resolve();
    return answer;
  };
  const holdStatement = (statement: D1PreparedStatement, store: Store): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, name) => {
        if (name === 'bind') return (...values: unknown[]) => holdStatement(target.bind(...values), store);
        if (name === 'all') return () => pass(store, () => target.all());
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  const env: Env = {
    ...testEnv,
    SESSIONS: new Proxy(testEnv.SESSIONS, {
      get: (target, name) => {
        if (name === 'get') return (key: string) => pass('kv', () => target.get(key));
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    }),
    DB: new Proxy(testEnv.DB, {
      get: (target, name) => {
        if (name !== 'withSession') return Reflect.get(target, name);
        return (constraint: string) => {
          const session = target.withSession(constraint);
          const store = constraint === 'first-primary' ? 'primary' : 'copy';
          return {
            prepare: (sql: string) => {
              const statement = session.prepare(sql);
              return holdStatement(store === 'copy' ? servedByReplica(statement) : statement, store);
            },
            batch: (statements: D1PreparedStatement[]) => session.batch(statements),
            getBookmark: () => session.getBookmark(),
          };
        };
      },
    }),
  };
  return {
    env,
    asked,
    answered: (store: Store) => answers[store].promise,
    release: (store: Store) => gates.get(store)?.resolve(),
  };
};

let token = '';

beforeEach(async () => {
  token = (await createTimedCore().register('jwt')).token;
});

const read = (env: Env) =>
  createTimedCore(undefined, env).core.sessions.authenticate(token, 'header', 'nearest');

describe('a read', () => {
  it('asks KV and the copy at the same time, before either answers', async () => {
    const { env, asked, release } = hold(['kv', 'copy']);
    const reading = read(env);
    await expect.poll(() => asked).toEqual(['kv', 'copy']);
    release('copy');
    release('kv');
    expect(await reading).not.toBeNull();
    expect(asked).toEqual(['kv', 'copy']);
  });

  it('answers from the copy while KV hangs', async () => {
    const { env, asked, release } = hold(['kv']);
    const timed = createTimedCore(undefined, env);
    expect(await timed.core.sessions.authenticate(token, 'header', 'nearest')).not.toBeNull();
    expect(asked).toEqual(['kv', 'copy']);
    release('kv');
    await timed.settle();
  });

  it('waits for the copy if KV answers first', async () => {
    const { env, asked, release } = hold(['copy']);
    const reading = read(env);
    await expect.poll(() => asked).toEqual(['kv', 'copy']);
    release('copy');
    expect(await reading).not.toBeNull();
    expect(asked).toEqual(['kv', 'copy']);
  });

  it('sets one timer, for the copy, if it does not have to wait for KV', async () => {
    const { env, answered, release } = hold(['copy']);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const reading = read(env);
    await answered('kv');
    release('copy');
    expect(await reading).not.toBeNull();
    expect(timers).toHaveBeenCalledOnce();
    timers.mockRestore();
  });

  it('asks the primary if KV knows no such session, even if the copy has it', async () => {
    for (const { name } of (await testEnv.SESSIONS.list({ prefix: 'session:' })).keys)
      await testEnv.SESSIONS.delete(name);
    const { env, asked, answered, release } = hold(['copy']);
    const reading = read(env);
    // KV answers first that it has no such session.
    await answered('kv');
    expect(asked).toEqual(['kv', 'copy']);
    release('copy');
    expect(await reading).not.toBeNull();
    expect(asked).toEqual(['kv', 'copy', 'primary']);
  });

  it('rejects an ended session, whichever of the two answers first', async () => {
    await createTimedCore().core.sessions.logOut((await read(testEnv)) ?? expect.fail(), {
      dialect: 'test',
      userAgent: null,
      country: null,
      addressPrefix: null,
    });
    for (const first of ['kv', 'copy'] as const) {
      const { env, asked, answered, release } = hold(['kv', 'copy']);
      const reading = read(env);
      await expect.poll(() => asked).toEqual(['kv', 'copy']);
      release(first);
      await answered(first);
      release(first === 'kv' ? 'copy' : 'kv');
      expect(await reading).toBeNull();
      expect(asked).toEqual(['kv', 'copy', 'primary']);
    }
  });
});

describe('SESSION_READS=cached', () => {
  const cached: Env = { ...testEnv, SESSION_READS: 'cached' };
  const MINUTE_MS = 60_000;
  const START_MS = Date.UTC(2030, 0, 1);

  const countD1 = () => {
    const counted = { d1: 0 };
    const env: Env = {
      ...cached,
      DB: new Proxy(testEnv.DB, {
        get: (target, name) => {
          if (name !== 'withSession') return Reflect.get(target, name);
          return (constraint: string) => {
            counted.d1 += 1;
            return target.withSession(constraint);
          };
        },
      }),
    };
    return { env, counted };
  };

  const joined = async () => {
    const { env, counted } = countD1();
    const timed = createTimedCore(START_MS, env);
    const opened = await timed.register('derived');
    counted.d1 = 0;
    return { timed, counted, token: opened.token, id: opened.account.id };
  };

  const authenticate = async (
    { core, settle }: TimedCore,
    shown: string,
    reads: 'nearest' | 'primary' = 'nearest',
  ) => {
    const found = await core.sessions.authenticate(shown, 'header', reads);
    await settle();
    return found;
  };

  it('asks D1 once a minute and returns the same account', async () => {
    const { timed, counted, token: shown } = await joined();
    const first = await authenticate(timed, shown);
    for (let times = 0; times < 5; times += 1) expect(await authenticate(timed, shown)).toEqual(first);
    expect(counted.d1).toBe(1);
    timed.advance(MINUTE_MS - 1);
    await authenticate(timed, shown);
    expect(counted.d1).toBe(1);
    timed.advance(1);
    await authenticate(timed, shown);
    expect(counted.d1).toBe(2);
  });

  it('accepts an ended session for reads for a minute at most, and never for changes', async () => {
    const { timed, token: shown, id } = await joined();
    await authenticate(timed, shown);
    const record = (await testEnv.SESSIONS.get(`session:${await sha256Hex(shown)}`)) ?? expect.fail();
    // Ended in another location, which does not delete this location's record.
    await testEnv.DB.prepare('DELETE FROM sessions WHERE user_id = ?').bind(id).run();
    expect(await authenticate(timed, shown)).not.toBeNull();
    expect(await authenticate(timed, shown, 'primary')).toBeNull();
    await testEnv.SESSIONS.put(`session:${await sha256Hex(shown)}`, record);
    timed.advance(MINUTE_MS);
    expect(await authenticate(timed, shown)).toBeNull();
  });

  it('ends a session at once in the location of the logout', async () => {
    const { timed, token: shown } = await joined();
    const principal = (await authenticate(timed, shown)) ?? expect.fail();
    await timed.core.sessions.logOut(principal, {
      dialect: 'test',
      userAgent: null,
      country: null,
      addressPrefix: null,
    });
    await timed.settle();
    expect(await authenticate(timed, shown)).toBeNull();
  });

  it('shows an account its own change, and never accepts a token as a cookie', async () => {
    const { timed, token: shown, id } = await joined();
    await authenticate(timed, shown);
    await authenticate(timed, shown, 'primary');
    await testEnv.DB.prepare("UPDATE users SET address = 'New Street' WHERE id = ?").bind(id).run();
    expect((await authenticate(timed, shown))?.account.address).toBe('New Street');
    expect(await timed.core.sessions.authenticate(shown, 'cookie', 'nearest')).toBeNull();
  });

  it('ignores a record from the future or with a malformed row', async () => {
    const { timed, counted, token: shown } = await joined();
    const key = `session:${await sha256Hex(shown)}`;
    await authenticate(timed, shown);
    const record: { checkedAtMs: number; row: unknown[] } = JSON.parse(
      (await testEnv.SESSIONS.get(key)) ?? '',
    );
    for (const wrong of [
      { ...record, checkedAtMs: timed.now() + 1 },
      { ...record, row: record.row.slice(1) },
      { ...record, row: 'x' },
    ]) {
      counted.d1 = 0;
      await testEnv.SESSIONS.put(key, JSON.stringify(wrong));
      expect(await authenticate(timed, shown)).not.toBeNull();
      expect(counted.d1).toBe(1);
    }
  });

  it('rejects a session that expires within the minute of its record', async () => {
    const { timed, counted, token: shown, id } = await joined();
    await testEnv.DB.prepare('UPDATE sessions SET expires_at = ? WHERE user_id = ?')
      .bind(timed.now() + MINUTE_MS / 2, id)
      .run();
    await authenticate(timed, shown);
    timed.advance(MINUTE_MS / 2 - 1);
    expect(await authenticate(timed, shown)).not.toBeNull();
    expect(counted.d1).toBe(1);
    timed.advance(1);
    expect(await authenticate(timed, shown)).toBeNull();
  });

  it('keeps no password hash in KV', async () => {
    const { timed, token: shown } = await joined();
    await authenticate(timed, shown);
    expect(await testEnv.SESSIONS.get(`session:${await sha256Hex(shown)}`)).not.toContain('pbkdf2');
  });
});
