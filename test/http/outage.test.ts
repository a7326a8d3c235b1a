// Outages: without D1 every dialect answers 503 in its own shape; without KV everything works, more slowly.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Obstacle, observe } from '../support/counting.ts';
import { type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const DETAIL = '{"detail":"Service temporarily unavailable, try again later."}';
const ENVELOPE = '{"status":"failed","desc":"service unavailable","error_code":113}';
const MAIN = '{"status":"fail","errors":{"main":{"msg":"Service unavailable!"}}}';

const username = uniqueName();
const person = { username, email: `${username}@test.com`, password: 'sesame1234' };
let token = '';
let cookie = '';

const fails =
  (which: 'd1' | 'kv'): Obstacle =>
  (binding) => {
    if (binding === which) throw new Error('Network connection lost.');
  };
const hangs =
  (which: 'd1' | 'kv'): Obstacle =>
  (binding) =>
    binding === which ? new Promise(() => undefined) : undefined;

const QUICKLY = { D1_TIMEOUT_MS: '20', KV_TIMEOUT_MS: '20' };
const broken = (obstacle: Obstacle) => observe({ ...testEnv, ...QUICKLY }, obstacle).env;

beforeEach(async () => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation(() => undefined);
  await send('/account/register', { json: person });
  token = /[0-9a-f]{40}/.exec((await send('/account/login', { json: person })).text)?.[0] ?? '';
  cookie = sessionCookie(await send('/api/users/login/', { json: person })) ?? '';
});

afterEach(() => {
  vi.restoreAllMocks();
});

const newcomer = () => ({ ...person, username: uniqueName(), email: `${uniqueName()}@test.com` });
const login = { username: person.username, password: person.password };

const requests: [string, () => Sent, string][] = [
  ['/api/users/register/', () => ({ json: newcomer() }), DETAIL],
  ['/api/users/login/', () => ({ json: login }), DETAIL],
  ['/api/users/me/', () => ({ cookie }), DETAIL],
  ['/api/users/logout/', () => ({ method: 'POST', cookie }), DETAIL],
  ['/api/v1/user/register/', () => ({ json: newcomer() }), ENVELOPE],
  ['/api/v1/user/login/', () => ({ json: login }), ENVELOPE],
  ['/api/v1/user/logout/', () => ({ method: 'POST', cookie }), ENVELOPE],
  ['/api/register/', () => ({ json: { ...newcomer(), first_name: 'A', last_name: 'B' } }), DETAIL],
  ['/api/login/', () => ({ json: login }), DETAIL],
  ['/api/user/', () => ({ token }), DETAIL],
  ['/api/admin/users', () => ({ token }), DETAIL],
  ['/account/register', () => ({ json: newcomer() }), DETAIL],
  ['/account/login', () => ({ json: login }), DETAIL],
  ['/account/profile', () => ({ token }), DETAIL],
  ['/account/delete', () => ({ method: 'POST', token }), DETAIL],
  ['/acount/set_picture', () => ({ json: { id: 1 }, token }), DETAIL],
  ['/api/auth/register/', () => ({ json: { ...newcomer(), name: 'A' } }), MAIN],
  ['/api/auth/login/', () => ({ json: { email: person.email, password: person.password } }), MAIN],
];

describe.each([
  ['fails', fails('d1')],
  ['does not answer', hangs('d1')],
])('the service while D1 %s', (_name, obstacle) => {
  it.each(requests)(
    "answers 503 at %s in the dialect's shape, and sets no cookie",
    async (path, sent, text) => {
      const answer = await send(path, { ...sent(), env: broken(obstacle) });
      expect(answer.status).toBe(503);
      expect(answer.text).toBe(text);
      expect(answer.headers.get('Content-Type')).toBe('application/json');
      expect(answer.headers.getSetCookie()).toEqual([]);
    },
  );

  it('answers requests that do not need D1', async () => {
    const env = broken(obstacle);
    expect((await send('/account/profile', { env })).status).toBe(401);
    expect((await send('/nowhere', { env })).status).toBe(404);
    expect((await send('/account/login', { env, json: '{}' })).status).toBe(400);
  });
});

it('serves requests as soon as D1 answers again', async () => {
  let isDown = true;
  const { env } = observe(testEnv, (binding) => {
    if (isDown && binding === 'd1') throw new Error('Network connection lost.');
  });
  expect((await send('/account/profile', { token, env })).status).toBe(503);
  isDown = false;
  expect((await send('/account/profile', { token, env })).status).toBe(200);
});

describe.each([
  ['fails', fails('kv')],
  ['does not answer', hangs('kv')],
])('the service while KV %s', (_name, obstacle) => {
  it('lets users register, log in, read, change and log out', async () => {
    const env = broken(obstacle);
    const json = newcomer();
    const registered = await send('/account/register', { json, env });
    const fresh = /[0-9a-f]{40}/.exec(registered.text)?.[0] ?? '';
    expect(registered.status).toBe(200);
    expect((await send('/account/login', { json, env })).text).toBe(`{"token":"${fresh}"}`);
    expect((await send('/account/profile', { token: fresh, env })).status).toBe(200);
    expect((await send('/account/set_picture', { token: fresh, json: { id: 1 }, env })).status).toBe(200);
    expect((await send('/account/logout', { method: 'POST', token: fresh, env })).status).toBe(200);
    expect((await send('/account/profile', { token: fresh, env })).text).toBe('{"detail":"Invalid token."}');
  });

  it('rejects invalid tokens, invalid cookies and wrong passwords', async () => {
    const env = broken(obstacle);
    expect((await send('/account/profile', { token: '0'.repeat(40), env })).status).toBe(401);
    expect((await send('/api/users/me/', { cookie: 'A'.repeat(43), env })).status).toBe(404);
    expect((await send('/account/login', { json: { ...login, password: 'no' }, env })).status).toBe(400);
  });

  it('keeps an ended session ended after KV is back, although KV still has its record', async () => {
    const env = broken(obstacle);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
    expect((await send('/api/users/logout/', { method: 'POST', cookie, env })).status).toBe(200);
    expect((await send('/api/users/me/', { cookie })).text).toBe('{"detail":"Not found."}');
  });
});
