// A replica of D1 that lags: a login that it has not seen works, and a session whose end it has not seen is accepted
// only for reads, while KV is stale too, and no longer than the replica lags.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { failD1 } from '../support/faults.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv } from '../support/worker.ts';
import { cheapEnv, createPerson, type Person, tokenOf } from './people.ts';
import { createLaggingReplica, type LaggingReplica } from './replica.ts';
import { createStaleKv, STALE_MS } from './stale-kv.ts';

let person: Person;
let replica: LaggingReplica;
/** A lagging replica and a stale KV. */
let env: Env;

beforeEach(async () => {
  person = await createPerson();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  replica = await createLaggingReplica(cheapEnv);
  env = createStaleKv({ env: replica.env }).env;
});

afterEach(() => {
  vi.useRealTimers();
});

const shown = ({ status, text }: Answer) => [status, text];
const INVALID = '{"detail":"Invalid token."}';

const reads: [string, (of: Person) => Sent, number, string][] = [
  ['/account/profile', ({ derived: token }) => ({ token }), 401, INVALID],
  ['/account/get_pictures', ({ derived: token }) => ({ token }), 401, INVALID],
  ['/api/user/', ({ jwt: token }) => ({ token }), 401, INVALID],
  ['/api/users/me/', ({ cookie }) => ({ cookie }), 404, '{"detail":"Not found."}'],
];

const ANONYMOUS = '{"detail":"Authentication credentials were not provided."}';
const ENVELOPE = '{"status":"failed","desc":"login required","error_code":101}';

const changes: [string, (of: Person) => Sent, number, string][] = [
  ['/account/set_picture', ({ derived: token }) => ({ token, json: { id: 1 } }), 401, INVALID],
  ['/acount/set_picture', ({ jwt: token }) => ({ token, json: { id: 1 } }), 401, INVALID],
  ['/account/logout', ({ derived: token }) => ({ token, method: 'POST' }), 401, INVALID],
  ['/account/delete', ({ derived: token }) => ({ token, method: 'POST' }), 401, INVALID],
  ['/api/user/', ({ jwt: token }) => ({ token, method: 'PUT', json: { first_name: 'X' } }), 401, INVALID],
  ['/api/admin/users', ({ derived: token }) => ({ token }), 401, INVALID],
  ['/api/users/me/', ({ cookie }) => ({ cookie, method: 'PATCH', json: { address: 'X' } }), 403, ANONYMOUS],
  ['/api/users/logout/', ({ cookie }) => ({ cookie }), 403, ANONYMOUS],
  ['/api/v1/user/logout/', ({ cookie }) => ({ cookie, method: 'POST' }), 401, ENVELOPE],
];

const readAll = async (bindings: Env = env) =>
  Promise.all(reads.map(async ([path, sent]) => shown(await send(path, { ...sent(person), env: bindings }))));
const refusedReads = reads.map(([, , status, text]) => [status, text]);

/** Expects that reads are accepted by the replica, which is asked first, or by the primary after it. */
const expectLetIn = async (copy: 'primary' | 'replica') => {
  replica.asked.length = 0;
  expect((await readAll()).map(([status]) => status)).toEqual([200, 200, 200, 200]);
  const asked = [...replica.asked].sort();
  expect(asked).toEqual([...Array(copy === 'primary' ? 4 : 0).fill('primary'), ...Array(4).fill('replica')]);
};

const expectRefused = async (bindings: Env = env) => expect(await readAll(bindings)).toEqual(refusedReads);

const expectChangesRefused = async () => {
  for (const [path, sent, status, text] of changes)
    expect([path, ...shown(await send(path, { ...sent(person), env }))]).toEqual([path, status, text]);
};

describe('a replica that has not seen the login', () => {
  it('accepts the session from the primary, because KV has the bookmark of the login', async () => {
    const late = await createPerson();
    expect(late.id).toBeGreaterThan(person.id);
    person = late;
    await expectLetIn('primary');
    await replica.catchUp();
    await expectLetIn('replica');
  });

  it('accepts the session from the primary if KV has no record', async () => {
    const { keys } = await testEnv.SESSIONS.list({ prefix: 'session:' });
    await Promise.all(keys.map(({ name }) => testEnv.SESSIONS.delete(name)));
    await expectLetIn('primary');
  });
});

describe.each<[string, () => Promise<unknown>]>([
  ['logged out', () => logOutOfAll()],
  ['deleted', () => send('/account/delete', { method: 'POST', token: person.jwt, env })],
  [
    'disabled',
    () => testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(person.id).run(),
  ],
])('a person who was %s, which neither KV nor the replica has seen', (_name, end) => {
  beforeEach(async () => {
    await expectLetIn('replica');
    await end();
  });

  it('gets changes and the admin list refused at once', async () => {
    await expectChangesRefused();
  });

  it('can read until the replica has caught up, and no longer', async () => {
    await expectLetIn('replica');
    await replica.catchUp();
    await expectRefused();
    await expectChangesRefused();
  });

  it('gets reads refused at once with SESSION_READS=primary', async () => {
    await expectRefused({ ...env, SESSION_READS: 'primary' });
  });
});

const logOutOfAll = async () => {
  for (const token of [person.derived, person.jwt])
    expect((await send('/account/logout', { method: 'POST', token, env })).status).toBe(200);
  expect((await send('/api/users/logout', { cookie: person.cookie, env })).status).toBe(200);
};

it('refuses reads after a logout once KV has lost the record, even if the replica still lags', async () => {
  await expectLetIn('replica');
  await logOutOfAll();
  vi.setSystemTime(Date.now() + STALE_MS - 1);
  await expectLetIn('replica');
  vi.setSystemTime(Date.now() + 1);
  await expectRefused();
  await replica.catchUp();
  await expectRefused();
});

it('refuses reads at once after a logout if KV is not stale, even if the replica lags', async () => {
  const fresh = replica.env;
  expect((await readAll(fresh)).map(([status]) => status)).toEqual([200, 200, 200, 200]);
  await logOutOfAll();
  await expectRefused(fresh);
});

it('accepts tokens from after a logout at once, and those from before for no change', async () => {
  await expectLetIn('replica');
  await logOutOfAll();
  const before = person;
  const derived = tokenOf((await send('/account/login', { json: person, env })).text);
  const cookie = sessionCookie(await send('/api/users/login', { json: person, env })) ?? '';
  const jwt = tokenOf((await send('/api/auth/login', { json: person, env })).text);
  person = { ...person, derived, cookie, jwt };
  expect(derived).not.toBe(before.derived);
  await expectLetIn('primary');
  person = before;
  await expectChangesRefused();
});

it('asks the primary if the replica fails', async () => {
  await expectLetIn('replica');
  for (const [path, sent] of reads) {
    const { env: failing, trips } = failD1((nth) => (nth === 1 ? 'before' : null), { env });
    expect((await send(path, { ...sent(person), env: failing })).status).toBe(200);
    expect(trips()).toBe(2);
    expect(replica.asked.at(-1)).toBe('primary');
  }
  await logOutOfAll();
  for (const [path, sent, status] of reads) {
    const { env: failing } = failD1((nth) => (nth === 1 ? 'before' : null), { env });
    expect((await send(path, { ...sent(person), env: failing })).status).toBe(status);
  }
});

it('rejects a token that never existed', async () => {
  for (const token of ['0'.repeat(40), `${person.derived.slice(0, -1)}x`, person.cookie])
    expect(shown(await send('/account/profile', { token, env }))).toEqual([401, INVALID]);
});
