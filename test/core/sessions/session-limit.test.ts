// The limit of sessions of an account, and requests about an account with a huge number of them.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createTimedCore,
  DAY_MS,
  someAccount,
  someAdmin,
  someClient,
  type TimedCore,
} from '../../support/clock.ts';
import { observe } from '../../support/counting.ts';
import { testEnv } from '../../support/worker.ts';

const MAX = 3;
const HOUR_MS = 60 * 60 * 1000;

const limited = (maxSessions = MAX): TimedCore =>
  createTimedCore(undefined, { ...testEnv, MAX_SESSIONS: String(maxSessions) });

const isLive = async ({ core, settle }: TimedCore, token: string): Promise<boolean> => {
  const carrier = token.length === 43 ? 'cookie' : 'header';
  const principal = await core.sessions.authenticate(token, carrier, 'primary');
  await settle();
  return principal !== null;
};

const areLive = (timed: TimedCore, tokens: readonly string[]): Promise<boolean[]> =>
  Promise.all(tokens.map((token) => isLive(timed, token)));

describe('a login beyond MAX_SESSIONS', () => {
  it('ends the least recently used session, of any kind', async () => {
    const timed = limited();
    const person = someAccount();
    const tokens = [(await timed.register('jwt', person)).token];
    for (const kind of ['derived', 'cookie', 'cookie', 'jwt'] as const) {
      timed.advance(HOUR_MS);
      tokens.push((await timed.logIn(person, kind)).token);
    }
    expect(await areLive(timed, tokens)).toEqual([false, false, true, true, true]);
  });

  it('keeps an older session that is in use', async () => {
    const timed = limited();
    const person = someAccount();
    const { token: inUse } = await timed.register('cookie', person);
    const { token: forgotten } = await timed.logIn(person, 'cookie');
    timed.advance(2 * DAY_MS);
    expect(await isLive(timed, inUse)).toBe(true);
    const others = [await timed.logIn(person, 'cookie'), await timed.logIn(person, 'cookie')];
    expect(await areLive(timed, [inUse, forgotten, ...others.map(({ token }) => token)])).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it('never ends the session that it opens, even if all opened in the same millisecond', async () => {
    const timed = limited();
    const person = someAccount();
    const { account } = await timed.register('cookie', person);
    for (let login = 0; login < 3 * MAX; login += 1) {
      const { token } = await timed.logIn(person, 'cookie');
      expect(await isLive(timed, token)).toBe(true);
    }
    expect(await timed.core.sessions.count(account.id)).toBe(MAX);
  });

  it('ends no session if it returns the API token that is already live', async () => {
    const timed = limited();
    const person = someAccount();
    const tokens = [(await timed.register('derived', person)).token];
    for (let login = 1; login < MAX; login += 1) tokens.push((await timed.logIn(person, 'cookie')).token);
    timed.advance(HOUR_MS);
    expect((await timed.logIn(person, 'derived')).token).toBe(tokens[0]);
    expect(await areLive(timed, tokens)).toEqual([true, true, true]);
  });

  it('ignores expired sessions', async () => {
    const timed = limited();
    const person = someAccount();
    const { account } = await timed.register('cookie', person);
    for (let login = 1; login < MAX; login += 1) await timed.logIn(person, 'cookie');
    timed.advance(15 * DAY_MS);
    const tokens: string[] = [];
    for (let login = 0; login < MAX; login += 1) tokens.push((await timed.logIn(person, 'cookie')).token);
    expect(await areLive(timed, tokens)).toEqual([true, true, true]);
    expect(await timed.core.sessions.count(account.id)).toBe(MAX);
  });

  it('ends no session of another account', async () => {
    const timed = limited(1);
    const [person, { token }] = [someAccount(), await timed.register('cookie')];
    await timed.register('cookie', person);
    await timed.logIn(person, 'cookie');
    expect(await isLive(timed, token)).toBe(true);
  });

  it('keeps the limit when many log in in parallel', async () => {
    const timed = limited();
    const person = someAccount();
    const { account } = await timed.register('cookie', person);
    const attempt = { by: 'username', key: person.username, text: person.username } as const;
    const logins = await Promise.all(
      Array.from({ length: 8 }, () =>
        timed.core.login({
          identifier: attempt,
          password: person.password,
          open: 'cookie',
          client: someClient,
          replaces: null,
        }),
      ),
    );
    await timed.settle();
    expect(logins.filter(({ ok }) => ok)).toHaveLength(8);
    expect(await timed.core.sessions.count(account.id)).toBe(MAX);
  });

  it('ends as many sessions as a lowered limit requires', async () => {
    const person = someAccount();
    const before = limited(6);
    const { account } = await before.register('cookie', person);
    for (let login = 0; login < 5; login += 1) await before.logIn(person, 'cookie');
    const after = limited(2);
    await after.logIn(person, 'cookie');
    expect(await after.core.sessions.count(account.id)).toBe(2);
  });
});

/** Ten times as many as a script opened in half an hour before there was a limit. */
const PILE = 200_000;

let piles = 0;

const pileUp = async (accountId: number, nowMs: number): Promise<void> => {
  piles += 1;
  await testEnv.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PILE})
     INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
     SELECT printf('%032d%032d', ?3, i), ?1, 'cookie', ?2 - i, ?2 - i, ?2 + 1000000000 FROM n`,
  )
    .bind(accountId, nowMs, piles)
    .run();
};

/** Bindings that count the rows that D1 hands to the Worker. */
const countRows = () => {
  const observed = observe();
  const counted = { rows: 0 };
  const DB = new Proxy(observed.env.DB, {
    get(database, name) {
      if (name !== 'withSession') return Reflect.get(database, name);
      return (constraint: string) => {
        const session = database.withSession(constraint);
        const batch: D1DatabaseSession['batch'] = async (statements) => {
          const results = await session.batch<never>(statements);
          for (const { results: rows } of results) counted.rows += rows.length;
          return results;
        };
        return {
          prepare: (sql: string) => session.prepare(sql),
          getBookmark: () => session.getBookmark(),
          batch,
        };
      };
    },
  });
  return { env: { ...observed.env, DB }, operations: observed.operations, counted };
};

/** A request can use 1,000 operations of KV; one that ends all sessions uses few of them. */
const MAX_KV_DELETES = 110;
/** D1 returns the latest hundred of the sessions that it ends, and a few rows of the change itself. */
const MAX_ROWS = 110;

describe(`an account with ${PILE.toLocaleString('en')} sessions`, () => {
  const watched = countRows();
  const timed = createTimedCore(undefined, watched.env);
  const { core } = timed;
  const person = someAccount();
  let accountId = 0;
  let token = '';

  const principal = async () =>
    (await core.sessions.authenticate(token, 'cookie', 'primary')) ?? expect.fail('The session has ended.');

  /** Does the work and checks that it read few rows and deleted few records in KV. */
  const withPile = async <T>(work: () => Promise<T>): Promise<T> => {
    const kvDeletes = watched.operations.kvDeletes;
    watched.counted.rows = 0;
    const value = await work();
    await timed.settle();
    expect(watched.counted.rows).toBeLessThanOrEqual(MAX_ROWS);
    expect(watched.operations.kvDeletes - kvDeletes).toBeLessThanOrEqual(MAX_KV_DELETES);
    return value;
  };

  beforeAll(async () => {
    const registered = await timed.register('cookie', person);
    accountId = registered.account.id;
    token = registered.token;
    timed.advance(1000);
    await pileUp(accountId, timed.now());
  });

  it('counts them in D1', async () => {
    expect(await withPile(() => core.sessions.count(accountId))).toBe(PILE + 1);
  });

  it('lists them in pages', async () => {
    const first = await withPile(() => core.sessions.list(accountId, { after: null, limit: 100 }));
    expect(first.sessions).toHaveLength(100);
    const second = await withPile(() => core.sessions.list(accountId, { after: first.next, limit: 100 }));
    expect(second.sessions[0]?.lastSeenAtMs).toBe((first.sessions[99]?.lastSeenAtMs ?? 0) - 1);
  });

  it('gets within the limit at its next login', async () => {
    ({ token } = await withPile(() => timed.logIn(person, 'cookie')));
    expect(await core.sessions.count(accountId)).toBe(100);
    expect(await isLive(timed, token)).toBe(true);
  });

  it('ends them with a password change, except the session that requested it', async () => {
    await pileUp(accountId, timed.now() - PILE);
    const change = { current: person.password, next: 'correct horse 2' };
    const asker = await principal();
    const changed = await withPile(() => core.credentials.changePassword(asker, change, someClient));
    if (!changed.ok) throw new Error(changed.error.reason);
    expect(changed.value.endedSessions).toBe(PILE + 99);
    token = changed.value.token;
    expect(await core.sessions.count(accountId)).toBe(1);
  });

  it('ends all but the current one', async () => {
    await pileUp(accountId, timed.now());
    const { session } = await principal();
    expect(await withPile(() => core.sessions.endAll(accountId, session.id, someClient, null))).toBe(PILE);
    expect(await isLive(timed, token)).toBe(true);
  });

  it('ends them when an admin disables it', async () => {
    await pileUp(accountId, timed.now());
    const actorId = await someAdmin();
    const { ok } = await withPile(() => core.admin.apply(accountId, 'disabled', actorId, someClient));
    expect(ok).toBe(true);
    expect(await core.sessions.count(accountId)).toBe(0);
  });

  it('ends them when it is deleted', async () => {
    await pileUp(accountId, timed.now());
    const { ok } = await withPile(() => core.accounts.remove(accountId, someClient));
    expect(ok).toBe(true);
    expect(await core.sessions.count(accountId)).toBe(0);
  });
});
