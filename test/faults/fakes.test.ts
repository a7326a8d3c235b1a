// The fakes of D1 and KV: they fail, roll back, lag and refuse as the real ones do.
import { expect, it } from 'vitest';
import { breakKv, failD1, type Moment } from '../support/faults.ts';
import { testEnv } from '../support/worker.ts';
import { createLaggingReplica } from './replica.ts';
import { createStaleKv, STALE_MS } from './stale-kv.ts';

const INSERT = 'INSERT INTO login_failures (key, count, last_at) VALUES (?, 1, 1)';

const countOf = (key: string) =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM login_failures WHERE key LIKE ?').bind(`${key}-%`).first('n');

const insertTwo = async (key: string, momentOf: (nth: number) => Moment | null): Promise<string> => {
  const session = failD1(momentOf).env.DB.withSession('first-primary');
  const statements = [1, 2].map((n) => session.prepare(INSERT).bind(`${key}-${n}`));
  return session.batch(statements).then(
    () => 'done',
    (error: unknown) => String(error),
  );
};

const LOST = 'Error: D1_ERROR: Network connection lost.';

it.each<[Moment | null, string, number]>([
  [null, 'done', 2],
  ['before', LOST, 0],
  ['middle', LOST, 0],
  ['after', LOST, 2],
])(
  'failD1 stores a batch whole or not at all if it breaks at the moment %s',
  async (moment, outcome, rows) => {
    const key = `batch-${moment}`;
    expect(await insertTwo(key, () => moment)).toBe(outcome);
    expect(await countOf(key)).toBe(rows);
  },
);

it('failD1 breaks only the chosen round trips', async () => {
  expect(await insertTwo('first', (nth) => (nth === 2 ? 'before' : null))).toBe('done');
  const { env, trips } = failD1((nth) => (nth === 2 ? 'before' : null));
  const select = () => env.DB.withSession('first-primary').prepare('SELECT 1 AS one').first('one');
  expect(await select()).toBe(1);
  await expect(select()).rejects.toThrow('Network connection lost.');
  expect(await select()).toBe(1);
  expect(trips()).toBe(3);
});

it('breakKv stores a value if it fails after the put, and not if it fails before', async () => {
  await expect(breakKv('after').SESSIONS.put('after', 'done')).rejects.toThrow('KV PUT failed');
  expect(await testEnv.SESSIONS.get('after')).toBe('done');
  await expect(breakKv('before').SESSIONS.put('before', 'done')).rejects.toThrow('KV PUT failed');
  expect(await testEnv.SESSIONS.get('before')).toBeNull();
});

it('createStaleKv repeats its first answer for a minute, even a miss', async () => {
  let nowMs = 0;
  const { SESSIONS } = createStaleKv({ nowMs: () => nowMs }).env;
  expect(await SESSIONS.get('stale')).toBeNull();
  await SESSIONS.put('stale', 'written', { expirationTtl: 60 });
  nowMs = STALE_MS - 1;
  expect(await SESSIONS.get('stale')).toBeNull();
  nowMs = STALE_MS;
  expect(await SESSIONS.get('stale')).toBe('written');
  await SESSIONS.delete('stale');
  expect(await testEnv.SESSIONS.get('stale')).toBeNull();
  expect(await SESSIONS.get('stale')).toBe('written');
  nowMs = 2 * STALE_MS;
  expect(await SESSIONS.get('stale')).toBeNull();
});

it('createStaleKv accepts one write per second and key, and no lifetime under a minute', async () => {
  let nowMs = 0;
  const { env, refused, written } = createStaleKv({ nowMs: () => nowMs });
  const put = (key: string, expirationTtl: number) => env.SESSIONS.put(key, '', { expirationTtl });
  await expect(put('strict', 59)).rejects.toThrow('400 Invalid expiration_ttl of 59.');
  await put('strict', 60);
  await put('another', 60);
  nowMs = 999;
  await expect(put('strict', 60)).rejects.toThrow('429 Too Many Requests');
  await expect(env.SESSIONS.delete('strict')).rejects.toThrow('429 Too Many Requests');
  nowMs = 1000;
  await put('strict', 61);
  expect(refused).toHaveLength(3);
  expect(written.map(({ ttlSeconds }) => ttlSeconds)).toEqual([60, 60, 61]);
});

it('createLaggingReplica answers from the replica only for bookmarks that it has seen', async () => {
  const { env, catchUp, asked } = await createLaggingReplica();
  const insert = `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
    VALUES ('lag', 1, 'cookie', 1, 1, 1)`;
  const count = async (constraint: string) => {
    const session = env.DB.withSession(constraint);
    const n = await session.prepare('select count(*) AS n from "sessions" where id = \'lag\'').first('n');
    return { n, copy: asked.at(-1), bookmark: session.getBookmark() ?? '' };
  };
  const old = await count('first-unconstrained');
  await testEnv.DB.batch([
    testEnv.DB.prepare(`INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at,
      last_login_at) VALUES (1, 'lag', 'lag', '', 1, 1, 1)`),
    testEnv.DB.prepare(insert),
  ]);
  const fresh = await count('first-primary');
  expect([old.n, old.copy, fresh.n, fresh.copy]).toEqual([0, 'replica', 1, 'primary']);
  expect(await count(old.bookmark)).toMatchObject({ n: 0, copy: 'replica' });
  expect(await count(fresh.bookmark)).toMatchObject({ n: 1, copy: 'primary' });
  await catchUp();
  expect(await count(old.bookmark)).toMatchObject({ n: 1, copy: 'replica' });
  expect(await count(fresh.bookmark)).toMatchObject({ n: 1, copy: 'replica' });
});
