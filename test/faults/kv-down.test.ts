// KV fails, does not answer or has garbage: everything works, and nobody else gets in.
import { beforeAll, describe, expect, it } from 'vitest';
import { breakKv, failKv, type KvMethod, type KvMoment } from '../support/faults.ts';
import { send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';
import { endpoints } from './endpoints.ts';
import { cheapEnv, createPerson, createPersonFor, type Person, pathOf, tokenOf } from './people.ts';
import { expectEffect, expectWhole, readTables } from './tables.ts';

it.each(endpoints)('$name works while KV fails', async (endpoint) => {
  const person = await createPersonFor(endpoint);
  const before = await readTables();
  const env = breakKv('before', cheapEnv);
  const answer = await send(pathOf(endpoint, person), { ...endpoint.sent(person), env });
  expect(answer.status).toBe(endpoint.status);
  expect(answer.headers.has('Retry-After')).toBe(false);
  expectEffect(before, await readTables(), endpoint.effect);
  await expectWhole();
});

const faults: [KvMethod, KvMoment][] = [
  ['get', 'before'],
  ['get', 'silent'],
  ['put', 'before'],
  ['put', 'after'],
  ['put', 'silent'],
  ['delete', 'before'],
  ['delete', 'after'],
  ['delete', 'silent'],
];

describe.each(faults)('a session while the %s of KV breaks (%s)', (which, moment) => {
  // A read waits for the timeout of KV, work after the response for that of D1.
  const quick = { ...cheapEnv, KV_TIMEOUT_MS: '20', D1_TIMEOUT_MS: '250' };
  const env = failKv((method) => (method === which ? moment : null), quick);

  it('opens, reads, changes the profile and ends', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const cookie = sessionCookie(await send('/api/users/register', { json, env })) ?? '';
    expect((await send('/api/users/me', { cookie, env })).status).toBe(200);
    const changed = await send('/api/users/me', { cookie, env, method: 'PATCH', json: { address: 'Here' } });
    expect(changed.text).toContain('"address":"Here"');
    expect((await send('/api/users/me', { cookie, env })).text).toBe(changed.text);
    const next = sessionCookie(await send('/api/users/login', { json, cookie, env })) ?? '';
    expect((await send('/api/users/me', { cookie, env })).text).toBe('{"detail":"Not found."}');
    expect((await send('/api/users/logout', { cookie: next, env })).text).toBe('"OK"');
    expect((await send('/api/users/me', { cookie: next, env })).text).toBe('{"detail":"Not found."}');
    // With a KV that works again, whatever it still has.
    expect((await send('/api/users/me', { cookie: next })).text).toBe('{"detail":"Not found."}');
    expect((await send('/api/users/me', { cookie })).text).toBe('{"detail":"Not found."}');
  });
});

const registrations: [string, number][] = [
  ['/api/users/register/', 200],
  ['/api/v1/user/register/', 200],
  ['/api/register/', 201],
  ['/account/register', 200],
  ['/api/auth/register/', 200],
];

describe.each(registrations)('an account that %s created while KV was down', (path, status) => {
  it('can log in to every dialect once KV is back', async () => {
    const username = uniqueName();
    const email = `${username}@test.com`;
    const json = { username, email, password: 'sesame1234', name: 'A', first_name: 'A', last_name: 'B' };
    const made = await send(path, { json, env: breakKv('before') });
    expect(made.status).toBe(status);
    const login = { username: email, email, password: json.password };
    expect((await send('/api/users/login', { json: login })).status).toBe(200);
    expect((await send('/api/v1/user/login', { json: login })).text).toContain('"status":"success"');
    expect((await send('/api/login', { json: login })).status).toBe(200);
    const token = tokenOf((await send('/account/login', { json: login })).text);
    expect((await send('/account/profile', { token })).status).toBe(200);
    expect((await send('/api/auth/login', { json: login })).status).toBe(200);
    expect((await send('/api/auth/login', { json: { ...login, password: 'sesame1235' } })).text).toBe(
      '{"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}',
    );
  });
});

describe('a garbage record in KV', () => {
  const nonsense: [string, string][] = [
    ['an empty text', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['half an object', '{'],
    ['a text', '"admin"'],
    ['a number', '{"bookmark":7}'],
    ['no bookmark', '{"bookmark":null}'],
    ['an empty bookmark', '{"bookmark":""}'],
    [
      'a bookmark of another database',
      '{"bookmark":"ffffffff-ffffffff-ffffffff-00000000000000000000000000000000"}',
    ],
    ['a word of D1', '{"bookmark":"first-unconstrained"}'],
    ['an account', '{"account":{"id":1,"isAdmin":true}}'],
    ['a hundred thousand letters', `{"bookmark":"${'x'.repeat(100_000)}"}`],
  ];
  let person: Person;

  beforeAll(async () => {
    person = await createPerson();
  });

  /** Overwrites all records of the person's sessions with the value. */
  const spoil = async (value: string): Promise<string[]> => {
    const all = testEnv.DB.prepare('SELECT id FROM sessions WHERE user_id = ?').bind(person.id);
    const keys = (await all.all<{ id: string }>()).results.map(({ id }) => `session:${id}`);
    await Promise.all(keys.map((key) => testEnv.SESSIONS.put(key, value)));
    return keys;
  };

  it.each(nonsense)('neither locks its owner out nor revives an ended session: %s', async (_name, value) => {
    const { derived, username, email } = person;
    const cookie = sessionCookie(await send('/api/users/login', { json: person, env: cheapEnv })) ?? '';
    const keys = await spoil(value);
    const read = await send('/account/profile', { token: derived, env: cheapEnv });
    const data = `{"id":${person.id},"username":"${username}","email":"${email}","created":"`;
    expect([read.status, read.text.slice(0, -13)]).toEqual([200, `{"success":true,"data":${data}`]);
    expect((await send('/api/users/me', { cookie, env: cheapEnv })).status).toBe(200);
    expect((await send('/api/users/logout', { cookie, env: cheapEnv })).text).toBe('"OK"');
    await Promise.all(keys.map((key) => testEnv.SESSIONS.put(key, value)));
    expect((await send('/api/users/me', { cookie, env: cheapEnv })).text).toBe('{"detail":"Not found."}');
  });

  it('does not create a session that D1 does not have', async () => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('0'.repeat(40)));
    const key = `session:${new Uint8Array(digest).toHex()}`;
    await testEnv.SESSIONS.put(key, '{"bookmark":null}');
    const answer = await send('/account/profile', { token: '0'.repeat(40) });
    expect([answer.status, answer.text]).toEqual([401, '{"detail":"Invalid token."}']);
  });
});
