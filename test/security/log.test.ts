// The log: one line of JSON for each request, with its route, its outcome and its cost.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { NO_OPERATIONS, observe, watchHashes } from '../support/counting.ts';
import { type Sent, send, testEnv, uniqueName } from '../support/worker.ts';

const username = uniqueName();
const person = { username, email: `${username}@test.com`, password: 'sesame1234' };
const login = { username, password: person.password };
let token = '';
let id = 0;

const isEntry = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

let lines: string[] = [];

const entries = (): Record<string, unknown>[] =>
  lines.map((line) => {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : expect.fail(line);
  });

beforeAll(async () => {
  await send('/api/v1/user/register/', { json: person });
  const { text } = await send('/account/login', { json: login });
  token = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
  const profile = await send('/account/profile', { token });
  id = Number(/"id":(\d+)/.exec(profile.text)?.[1] ?? expect.fail(profile.text));
});

beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => {
    lines.push(String(line));
  });
  for (const level of ['warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const down: Env = observe(testEnv, (binding) => {
  if (binding === 'd1') throw new Error('Network connection lost.');
}).env;
const flooded: Env = { ...testEnv, LOGIN_LIMIT: { limit: async () => ({ success: false }) } };

interface Row {
  status: number;
  dialect: string;
  /** Absent if nothing was rejected. */
  reason?: string;
  method: string;
  path: string;
  sent?: () => Sent;
}

const rows: Row[] = [
  { status: 200, dialect: 'users', method: 'POST', path: '/api/users/login/', sent: () => ({ json: login }) },
  {
    status: 400,
    dialect: 'users',
    reason: 'wrong_credentials',
    method: 'POST',
    path: '/api/users/login/',
    sent: () => ({ json: { ...login, password: 'wrong' } }),
  },
  {
    status: 200,
    dialect: 'user-v1',
    reason: 'fields',
    method: 'POST',
    path: '/api/v1/user/register/',
    sent: () => ({ json: {} }),
  },
  { status: 401, dialect: 'user-v1', reason: 'credentials', method: 'POST', path: '/api/v1/user/logout/' },
  {
    status: 500,
    dialect: 'conjugator',
    reason: 'taken',
    method: 'POST',
    path: '/api/register/',
    sent: () => ({ json: { ...person, first_name: 'A', last_name: 'B' } }),
  },
  { status: 200, dialect: 'conjugator', method: 'GET', path: '/api/user/', sent: () => ({ token }) },
  {
    status: 403,
    dialect: 'conjugator',
    reason: 'forbidden',
    method: 'GET',
    path: '/api/admin/users',
    sent: () => ({ token }),
  },
  { status: 200, dialect: 'account', method: 'GET', path: '/account/profile', sent: () => ({ token }) },
  {
    status: 400,
    dialect: 'account',
    reason: 'malformed',
    method: 'POST',
    path: '/account/login',
    sent: () => ({ json: '{' }),
  },
  {
    status: 429,
    dialect: 'account',
    reason: 'throttled',
    method: 'POST',
    path: '/account/login',
    sent: () => ({ json: login, headers: { 'CF-Connecting-IP': '192.0.2.1' }, env: flooded }),
  },
  { status: 405, dialect: 'auth', reason: 'method_not_allowed', method: 'PUT', path: '/api/auth/login/' },
  {
    status: 403,
    dialect: 'auth',
    reason: 'cross_site',
    method: 'POST',
    path: '/api/auth/login/',
    sent: () => ({ headers: { Origin: 'https://evil.example' } }),
  },
  {
    status: 503,
    dialect: 'auth',
    reason: 'unavailable',
    method: 'POST',
    path: '/api/auth/login/',
    sent: () => ({ json: { email: person.email, password: 'wrong' }, env: down }),
  },
  { status: 404, dialect: 'service', reason: 'not_found', method: 'GET', path: '/nowhere' },
  { status: 200, dialect: 'service', method: 'GET', path: '/health' },
  { status: 200, dialect: 'service', method: 'HEAD', path: '/health' },
  { status: 204, dialect: 'account', method: 'OPTIONS', path: '/account/login' },
  {
    status: 500,
    dialect: 'account',
    reason: 'internal_error',
    method: 'POST',
    path: '/account/login',
    sent: () => ({ json: login, env: { ...testEnv, TOKEN_SECRET: '' } }),
  },
];

describe('a request', () => {
  it.each(rows)('writes one line: $method $path, $status', async (row) => {
    const answer = await send(row.path, { ...row.sent?.(), method: row.method });
    expect(answer.status).toBe(row.status);
    expect(entries()).toHaveLength(1);
    const [entry] = entries();
    expect(entry).toMatchObject({
      level: 'info',
      requestId: answer.headers.get('X-Request-Id'),
      dialect: row.dialect,
      method: row.method,
      status: row.status,
      ...(row.reason === undefined ? {} : { reason: row.reason }),
    });
    expect(entry?.['reason']).toBe(row.reason);
    expect(entry?.['ms']).toEqual(expect.any(Number));
    expect(lines[0]).not.toContain('\n');
  });

  it('writes a line of its own among parallel requests', async () => {
    await Promise.all(rows.map((row) => send(row.path, { ...row.sent?.(), method: row.method })));
    const ids = entries().map(({ requestId }) => requestId);
    expect(new Set(ids).size).toBe(rows.length);
    expect(ids).toHaveLength(rows.length);
  });
});

describe('the cost in a log line', () => {
  it.each<[string, string, () => Sent]>([
    ['a login', '/account/login', () => ({ json: login })],
    ['a failed login', '/account/login', () => ({ json: { ...login, password: 'wrong' } })],
    ['a login with a cookie', '/api/users/login/', () => ({ json: login })],
    ['an authenticated read', '/account/profile', () => ({ token })],
    ['an invalid token', '/account/profile', () => ({ token: '0'.repeat(40) })],
    ['an invalid body', '/account/login', () => ({ json: {} })],
    ['a health check', '/health', () => ({})],
  ])('equals the operations and hashes of %s', async (_what, path, sent) => {
    const { env, operations } = observe();
    const { iterations } = await watchHashes(() => send(path, { ...sent(), env }));
    const [entry] = entries();
    const { d1, kvGets, kvPuts, kvDeletes, hashes } = entry ?? {};
    expect({ ...NO_OPERATIONS, d1, kvGets, kvPuts, kvDeletes }).toEqual(operations);
    // The test pool's hash is two calls.
    expect(hashes).toBe(iterations.length / 2);
  });
});

describe('the route in a log line', () => {
  it('shows the pattern of the path, without the id and the query', async () => {
    const answer = await send(`/api/accounts/${id}/?token=secret`, { token });
    expect(answer.status).toBe(200);
    const route = String(entries()[0]?.['route']);
    expect(route).toContain('/api/accounts/:id');
    expect(lines[0]).not.toContain(`accounts/${id}`);
    expect(lines[0]).not.toContain('secret');
  });

  it.each(rows.filter(({ status }) => status < 300))('shows the path of $method $path', async (row) => {
    await send(row.path, { ...row.sent?.(), method: row.method });
    expect(entries()[0]?.['route']).toBe(row.path.replace(/\/$/, ''));
  });

  it.each(['/nowhere/jane@example.com', '/api/users/jane@example.com', '/account/profile/0123456789abcdef'])(
    'shows nothing of the unknown path %s',
    async (path) => {
      expect((await send(path)).status).toBe(404);
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toContain('jane');
      expect(lines[0]).not.toContain('0123456789abcdef');
    },
  );
});
