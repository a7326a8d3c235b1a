// D1 decides about a session, whatever KV has: a stale record, none or garbage.
import { beforeEach, describe, expect, it } from 'vitest';
import type { LoginKind } from '../../../src/core/index.ts';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { createTimedCore, type TimedCore } from '../../support/clock.ts';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { send, testEnv } from '../../support/worker.ts';

const kinds: LoginKind[] = ['cookie', 'derived', 'jwt'];

const recordNames = async (): Promise<string[]> => {
  const { keys } = await testEnv.SESSIONS.list();
  return keys.map(({ name }) => name);
};

const emptyKv = async (): Promise<void> => {
  for (const name of await recordNames()) await testEnv.SESSIONS.delete(name);
};

const sessionsOf = async (userId: number): Promise<number> => {
  const counted = testEnv.DB.prepare('SELECT count(*) AS n FROM sessions WHERE user_id = ?').bind(userId);
  return (await counted.first<number>('n')) ?? -1;
};

interface Request {
  path: string;
  sent: { cookie?: string; token?: string };
  refusal: string;
}

/** A read with that session, and its refusal if the session is invalid. */
const readWith = (kind: LoginKind, token: string): Request =>
  kind === 'cookie'
    ? { path: '/api/users/me/', sent: { cookie: token }, refusal: '{"detail":"Not found."}' }
    : { path: '/account/profile', sent: { token }, refusal: '{"detail":"Invalid token."}' };

/** The same for a request that changes something, and so asks the primary. */
const changeWith = (kind: LoginKind, token: string): Request =>
  kind === 'cookie'
    ? {
        path: '/api/v1/user/logout/',
        sent: { cookie: token },
        refusal: '{"status":"failed","desc":"login required","error_code":101}',
      }
    : { path: '/account/logout', sent: { token }, refusal: '{"detail":"Invalid token."}' };

const expectRefused = async (kind: LoginKind, token: string): Promise<void> => {
  const read = readWith(kind, token);
  expect((await send(read.path, read.sent)).text).toBe(read.refusal);
  const change = changeWith(kind, token);
  expect((await send(change.path, { ...change.sent, method: 'POST' })).text).toBe(change.refusal);
};

const expectAccepted = async (kind: LoginKind, token: string): Promise<void> => {
  const { path, sent } = readWith(kind, token);
  expect((await send(path, sent)).status).toBe(200);
};

describe.each(kinds)('a session of kind %s', (kind) => {
  let timed: TimedCore;
  let token = '';
  let userId = 0;
  let key = '';

  beforeEach(async () => {
    await emptyKv();
    timed = createTimedCore();
    const made = await timed.register(kind);
    token = made.token;
    userId = made.account.id;
    key = (await recordNames())[0] ?? '';
  });

  it('has one record in KV, under its hash', async () => {
    const row = testEnv.DB.prepare('SELECT id FROM sessions WHERE user_id = ?').bind(userId);
    expect(await recordNames()).toEqual([`session:${await row.first<string>('id')}`]);
    if (kind !== 'jwt') expect(key).toBe(`session:${await sha256Hex(token)}`);
  });

  it('stays invalid after logout, even if KV still has its record', async () => {
    const record = (await testEnv.SESSIONS.get(key)) ?? '';
    expect(record).not.toBe('');
    const change = changeWith(kind, token);
    expect((await send(change.path, { ...change.sent, method: 'POST' })).status).toBe(200);
    expect(await recordNames()).toEqual([]);
    await testEnv.SESSIONS.put(key, record);
    await expectRefused(kind, token);
    expect(await sessionsOf(userId)).toBe(0);
  });

  it('stays valid if KV lost everything, and repairs KV', async () => {
    const record = await testEnv.SESSIONS.getWithMetadata(key);
    await emptyKv();
    const { path, sent } = readWith(kind, token);
    const repairing = await measure(path, sent);
    expect(repairing.answer.status).toBe(200);
    expect(repairing.operations).toEqual({ ...NO_OPERATIONS, kvGets: 1, d1: 1, kvPuts: 1 });
    expect(await recordNames()).toEqual([key]);
    expect(record.value).not.toBeNull();
    expect((await measure(path, sent)).operations).toEqual({ ...NO_OPERATIONS, kvGets: 1, d1: 1 });
  });

  it.each(['rubbish', '', 'null', '5', '[]', '{}', '{"bookmark":', '\u0000'])(
    'stays valid if its record in KV is %j, and repairs the record',
    async (rubbish) => {
      await testEnv.SESSIONS.put(key, rubbish);
      await expectAccepted(kind, token);
      expect(await testEnv.SESSIONS.get(key)).toMatch(/^\{"bookmark":"[0-9a-f-]+"\}$/);
    },
  );

  it.each(['{"bookmark":null}', '{"bookmark":5}', '{"bookmark":""}', '{"bookmark":"no bookmark"}'])(
    'stays valid if its record in KV is %s, which has no bookmark of D1',
    async (record) => {
      await testEnv.SESSIONS.put(key, record);
      await expectAccepted(kind, token);
    },
  );

  it('cannot be created by a record in KV', async () => {
    const record = (await testEnv.SESSIONS.get(key)) ?? '';
    const forged = kind === 'cookie' ? 'A'.repeat(43) : '0'.repeat(40);
    await testEnv.SESSIONS.put(`session:${await sha256Hex(forged)}`, record);
    await expectRefused(kind, forged);
    await expectAccepted(kind, token);
  });

  it('stays invalid while its account is disabled', async () => {
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(userId).run();
    await expectRefused(kind, token);
    await emptyKv();
    await expectRefused(kind, token);
    expect(await recordNames()).toEqual([]);
  });

  it('ends in D1 and KV with its account, and the sessions of others stay', async () => {
    const other = await timed.register(kind);
    const { core, settle } = timed;
    const client = { dialect: 'test', userAgent: null, country: null, addressPrefix: null };
    expect(await core.accounts.remove(userId, client)).toEqual({ ok: true, value: null });
    await settle();
    expect(await sessionsOf(userId)).toBe(0);
    expect(await sessionsOf(other.account.id)).toBe(1);
    expect(await recordNames()).not.toContain(key);
    expect(await recordNames()).toHaveLength(1);
    await expectRefused(kind, token);
    await expectAccepted(kind, other.token);
  });
});

it('reads the values of the account as they are stored', async () => {
  const timed = createTimedCore();
  const { token, account } = await timed.register('derived');
  const odd = {
    name: '"\\\u0001\u2028\ud83d\ude00\t',
    address: '[null,1]',
    createdAtMs: Number.MAX_SAFE_INTEGER,
  };
  await testEnv.DB.prepare(
    'UPDATE users SET name = ?, address = ?, created_at = ?, picture_id = NULL WHERE id = ?',
  )
    .bind(odd.name, odd.address, odd.createdAtMs, account.id)
    .run();
  const found = await timed.core.sessions.authenticate(token, 'header', 'nearest');
  expect(found?.account).toEqual({ ...account, ...odd, pictureId: null });
});

it('ends every kind of session of a deleted account in every dialect', async () => {
  await emptyKv();
  const timed = createTimedCore();
  const fields = { username: 'going.away', email: 'going@away.test', password: 'sesame1234' };
  const derived = await timed.register('derived', fields);
  const cookie = await timed.logIn(fields, 'cookie');
  const jwt = await timed.logIn(fields, 'jwt');
  const second = await timed.logIn(fields, 'cookie');
  expect(await sessionsOf(derived.account.id)).toBe(4);
  expect(await recordNames()).toHaveLength(4);

  const deletion = await send('/account/delete', { method: 'POST', token: jwt.token });
  expect(deletion.text).toBe('{"success":true}');
  expect(await sessionsOf(derived.account.id)).toBe(0);
  expect(await recordNames()).toEqual([]);
  await expectRefused('derived', derived.token);
  await expectRefused('cookie', cookie.token);
  await expectRefused('cookie', second.token);
  await expectRefused('jwt', jwt.token);
});
