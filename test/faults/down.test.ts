// While D1 is down every endpoint answers 503 in its dialect's shape and changes nothing; it works again right after.
import { beforeAll, describe, expect, it } from 'vitest';
import { breakD1, failD1 } from '../support/faults.ts';
import { type Answer, send, testEnv } from '../support/worker.ts';
import { endpoints } from './endpoints.ts';
import { cheapEnv, createPerson, createPersonFor, type Endpoint, type Person, pathOf } from './people.ts';
import { expectEffect, expectWhole, readTables, type Tables } from './tables.ts';

const expectUnavailable = (answer: Answer, { unavailable, mediaType }: Endpoint): void => {
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 503, text: unavailable });
  expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d?$/);
  expect(answer.headers.get('Content-Type')).toBe(mediaType);
  expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.getSetCookie()).toEqual([]);
};

it.each(endpoints)(
  '$name answers 503 while D1 fails, changes nothing, and works right after',
  async (endpoint) => {
    const person = await createPersonFor(endpoint);
    const sent = endpoint.sent(person);
    const path = pathOf(endpoint, person);
    const before = await readTables();
    expectUnavailable(await send(path, { ...sent, env: breakD1('before', cheapEnv) }), endpoint);
    expect(await readTables()).toEqual(before);

    const again = await send(path, { ...sent, env: cheapEnv });
    expect(again.status).toBe(endpoint.status);
    expect(again.headers.has('Retry-After')).toBe(false);
    expectEffect(before, await readTables(), endpoint.effect);
    await expectWhole();
  },
);

describe('while D1 does not answer', () => {
  const silent = breakD1('silent', { ...cheapEnv, D1_TIMEOUT_MS: '20' });
  let person: Person;
  let before: Tables;

  beforeAll(async () => {
    person = await createPerson();
    before = await readTables();
  });

  it.each(endpoints)('$name answers 503', async (endpoint) => {
    const answer = await send(pathOf(endpoint, person), { ...endpoint.sent(person), env: silent });
    expectUnavailable(answer, endpoint);
  });

  it('no request changes the tables, and all work right after', async () => {
    expect(await readTables()).toEqual(before);
    expect((await send('/account/profile', { token: person.derived })).status).toBe(200);
    expect((await send('/api/users/me', { cookie: person.cookie })).status).toBe(200);
    expect((await send('/account/login', { json: person })).text).toBe(`{"token":"${person.derived}"}`);
  });
});

it('accepts no session from KV while D1 is down, and accepts it again afterwards', async () => {
  const { derived, cookie, jwt } = await createPerson();
  const records = async () => (await testEnv.SESSIONS.list({ prefix: 'session:' })).keys.length;
  const known = await records();
  expect(known).toBeGreaterThanOrEqual(3);
  const env = breakD1('before');
  const reads = [
    { path: '/account/profile', sent: { token: derived } },
    { path: '/account/profile', sent: { token: jwt } },
    { path: '/account/profile', sent: { headers: { Authorization: `Bearer ${derived}` } } },
    { path: '/api/user/', sent: { headers: { Authorization: derived } } },
    { path: '/api/users/me/', sent: { cookie } },
    { path: '/api/users/me/', sent: { cookie, method: 'HEAD' } },
  ];
  for (const { path, sent } of reads) expect((await send(path, { ...sent, env })).status).toBe(503);
  expect(await records()).toBe(known);
  for (const { path, sent } of reads) expect((await send(path, sent)).status).toBe(200);
});

it('answers a request that needs no account as usual while D1 is down', async () => {
  const env = breakD1('before');
  const refused = await send('/account/profile', { env });
  expect([refused.status, refused.text]).toEqual([
    401,
    '{"detail":"Authentication credentials were not provided."}',
  ]);
  expect((await send('/account/profile', { env, token: 'no token' })).status).toBe(401);
  expect((await send('/api/users/me/', { env, cookie: 'short' })).status).toBe(404);
  expect((await send('/api/auth/login/', { env, method: 'GET' })).status).toBe(405);
  expect((await send('/api/v1/user/login/', { env, json: '{' })).status).toBe(400);
  expect((await send('/nowhere', { env })).status).toBe(404);
});

// https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
describe('an error of a D1 that is down', () => {
  let person: Person;

  beforeAll(async () => {
    person = await createPerson();
  });

  it.each([
    'D1_ERROR: D1 DB reset because its code was updated.',
    'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: Internal error in D1 DB storage caused object to be reset.',
    'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.',
    "D1_ERROR: Can't read from request stream because client disconnected.",
    'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
    'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
    'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
    'D1_ERROR: D1 DB exceeded its memory limit and was reset.',
    'D1_ERROR: D1 DB exceeded its CPU time limit and was reset.',
    'D1_ERROR: Exceeded maximum DB size.',
    'D1_ERROR: database is locked: SQLITE_BUSY',
    'D1_ERROR: disk I/O error: SQLITE_IOERR',
    'D1_ERROR: database or disk is full: SQLITE_FULL',
    'D1_ERROR: interrupted: SQLITE_INTERRUPT',
  ])('gets 503 in every dialect: %s', async (message) => {
    const { derived, username, email } = person;
    const { env } = failD1(() => 'before', { message });
    const read = await send('/account/profile', { token: derived, env });
    expect([read.status, read.text, read.headers.has('Retry-After')]).toEqual([
      503,
      '{"detail":"Service temporarily unavailable, try again later."}',
      true,
    ]);
    const login = await send('/api/auth/login', { json: { email, password: 'sesame1234' }, env });
    expect([login.status, login.text]).toEqual([
      503,
      '{"status":"fail","errors":{"main":{"msg":"Service unavailable!"}}}',
    ]);
    const other = { username: `${username}x`, email: `x${email}`, password: 'sesame1234' };
    expect((await send('/api/users/register', { json: other, env })).status).toBe(503);
  });
});
