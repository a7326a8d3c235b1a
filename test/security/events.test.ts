// The audit log: one row for each event of an account, with its dialect, network and user agent.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { send, testEnv } from '../support/worker.ts';
import { changes, idOf, joined, PASSWORD, someone, typesOf } from './support-events.ts';

const AGENT = 'a browser';

const CLIENT = { 'CF-Connecting-IP': '203.0.113.77', 'User-Agent': AGENT };

const nowMs = Date.UTC(2030, 0, 1, 12);

beforeEach(() => {
  vi.setSystemTime(nowMs);
});

afterEach(() => {
  vi.useRealTimers();
});

const lastEventOf = (id: number | null): Promise<unknown> =>
  testEnv.DB.prepare(
    'SELECT actor_id, type, dialect, address_prefix, user_agent, created_at FROM events WHERE user_id = ? ORDER BY id DESC',
  )
    .bind(id)
    .first();

const noted = (type: string, dialect: string) => ({
  actor_id: null,
  type,
  dialect,
  address_prefix: '203.0.113.0/24',
  user_agent: AGENT,
  created_at: nowMs,
});

describe('a registration', () => {
  it.each([
    ['/api/users/register/', 'users'],
    ['/api/v1/user/register/', 'user-v1'],
    ['/api/register/', 'conjugator'],
    ['/account/register', 'account'],
    ['/api/auth/register/', 'auth'],
  ])('records one event at %s, with the dialect %s', async (path, dialect) => {
    const person = someone();
    const json = { ...person, name: 'A', first_name: 'A', last_name: 'B' };
    await send(path, { json, headers: CLIENT });
    const id = await idOf(person);
    expect(await typesOf(id)).toEqual(['registered']);
    expect(await lastEventOf(id)).toEqual(noted('registered', dialect));
  });
});

describe.each([
  ['/api/users/login/', 'users', 'username'],
  ['/api/v1/user/login/', 'user-v1', 'username'],
  ['/api/login/', 'conjugator', 'username'],
  ['/account/login', 'account', 'username'],
  ['/api/auth/login/', 'auth', 'email'],
] as const)('a login at %s', (path, dialect, field) => {
  it('records an event', async () => {
    const member = await joined();
    await send(path, { json: { [field]: member.email, password: PASSWORD }, headers: CLIENT });
    expect(await typesOf(member.id)).toEqual(['registered', 'login', 'login']);
    expect(await lastEventOf(member.id)).toEqual(noted('login', dialect));
  });

  it('records an event if it fails', async () => {
    const member = await joined();
    await send(path, { json: { [field]: member.email, password: 'wrong' }, headers: CLIENT });
    expect(await typesOf(member.id)).toEqual(['registered', 'login', 'login_refused']);
    expect(await lastEventOf(member.id)).toEqual(noted('login_refused', dialect));
  });

  it('records nothing for an unknown account', async () => {
    const count = () => testEnv.DB.prepare('SELECT count(*) AS n FROM events').first<number>('n');
    const before = await count();
    await send(path, { json: { [field]: someone().email, password: PASSWORD }, headers: CLIENT });
    expect(await count()).toBe(before);
  });
});

describe('a change', () => {
  it.each(changes)('records one event: %s in %s by %s', async (type, dialect, path, sent) => {
    const member = await joined();
    const answer = await send(path, { ...sent(member), headers: CLIENT });
    expect(answer.status).toBe(200);
    expect(await typesOf(member.id)).toEqual(['registered', 'login', type]);
    expect(await lastEventOf(member.id)).toEqual(noted(type, dialect));
  });

  it.each(changes)(
    'records nothing if it is not authenticated: %s in %s by %s',
    async (_t, _d, path, sent) => {
      const member = await joined();
      const stranger = { ...member, cookie: 'A'.repeat(43), token: '0'.repeat(40) };
      const answer = await send(path, { ...sent(stranger), headers: CLIENT });
      expect([401, 403]).toContain(answer.status);
      expect(await typesOf(member.id)).toEqual(['registered', 'login']);
    },
  );

  it('records nothing if its fields are invalid', async () => {
    const member = await joined();
    await send('/account/set_picture', { token: member.token, json: { id: 99 } });
    await send('/api/users/me/', { method: 'PATCH', cookie: member.cookie, json: { site_url: 'no' } });
    expect(await typesOf(member.id)).toEqual(['registered', 'login']);
  });
});

describe('an event', () => {
  const client = (id: number | null): Promise<unknown> =>
    testEnv.DB.prepare('SELECT address_prefix, user_agent FROM events WHERE user_id = ?').bind(id).first();

  it.each<[string, Record<string, string>, string | null, string | null]>([
    ['the /24 of an IPv4 address', { 'CF-Connecting-IP': '198.51.100.200' }, '198.51.100.0/24', null],
    ['the /64 of an IPv6 address', { 'CF-Connecting-IP': '2001:db8:1:2:3::4' }, '2001:db8:1:2::/64', null],
    ['no address from X-Forwarded-For', { 'X-Forwarded-For': '198.51.100.200' }, null, null],
    ['no address that is invalid', { 'CF-Connecting-IP': 'localhost' }, null, null],
    ['nothing if the client sends nothing', {}, null, null],
    ['a user agent of 256 characters', { 'User-Agent': 'x'.repeat(256) }, null, 'x'.repeat(256)],
    [
      'the first 256 characters of a longer user agent',
      { 'User-Agent': `${'x'.repeat(256)}y` },
      null,
      'x'.repeat(256),
    ],
  ])('stores %s', async (_what, headers, prefix, agent) => {
    const person = someone();
    await send('/api/v1/user/register/', { json: person, headers });
    expect(await client(await idOf(person))).toEqual({ address_prefix: prefix, user_agent: agent });
  });
});
