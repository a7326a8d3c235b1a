// CORS: allowed origins can use everything with cookies; others get nothing, or the token dialects if those are open.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Answer, ORIGIN, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const ALLOWED = 'https://app.example.com';
const OTHER_ALLOWED = 'http://localhost:3000';
const FOREIGN = 'https://evil.example';

const closed: Env = { ...testEnv, ALLOWED_ORIGINS: `${ALLOWED}, ${OTHER_ALLOWED}` };
const opened: Env = { ...closed, OPEN_TOKEN_DIALECTS: 'true' };

const PREFLIGHT = { 'Access-Control-Request-Method': 'POST' };

/** The CORS headers of a response. */
const corsOf = ({ headers }: Answer): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

const listed = (text: string | undefined): string[] => (text ?? '').split(/, */).sort();

const METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'];
const REQUEST_HEADERS = ['Authorization', 'Content-Type'];
const EXPOSED = ['Allow', 'Link', 'Location', 'Retry-After', 'X-Request-Id'];

/** A path of each dialect that accepts POST. */
const cookiePaths = ['/api/users/login/', '/api/v1/user/login/'];
const tokenPaths = ['/api/login/', '/account/login', '/api/auth/login/'];
const paths = [...cookiePaths, ...tokenPaths, '/acount/set_picture'];

const preflight = (path: string, origin: string, env: Env, more: Record<string, string> = {}) =>
  send(path, { method: 'OPTIONS', headers: { Origin: origin, ...PREFLIGHT, ...more }, env });

describe.each([ALLOWED, OTHER_ALLOWED])('the allowed origin %s', (origin) => {
  it.each(paths)(
    'can send every request to %s with cookies, by a preflight valid for two hours',
    async (path) => {
      const answer = await preflight(path, origin, closed, {
        'Access-Control-Request-Headers': 'content-type',
      });
      expect([answer.status, answer.text]).toEqual([204, '']);
      const cors = corsOf(answer);
      expect(cors).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-max-age': '7200',
      });
      expect(listed(cors['access-control-allow-methods'])).toEqual(METHODS);
      expect(listed(cors['access-control-allow-headers'])).toEqual(REQUEST_HEADERS);
      expect(answer.headers.getSetCookie()).toEqual([]);
    },
  );

  it.each(paths)('can read the responses of %s and the exposed headers', async (path) => {
    const answer = await send(path, { json: {}, headers: { Origin: origin }, env: closed });
    expect([400, 200, 401]).toContain(answer.status);
    const cors = corsOf(answer);
    expect(listed(cors['access-control-expose-headers'])).toEqual(EXPOSED);
    expect({ ...cors, 'access-control-expose-headers': '' }).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': '',
    });
  });

  it('can register, read and log out with its cookie', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const headers = { Origin: origin, 'Sec-Fetch-Site': 'same-site' };
    const registered = await send('/api/users/register/', { json, headers, env: closed });
    const cookie = sessionCookie(registered) ?? expect.fail(registered.text);
    expect((await send('/api/users/me/', { cookie, headers, env: closed })).text).toBe(registered.text);
    const left = await send('/api/users/logout/', { method: 'POST', cookie, headers, env: closed });
    expect([left.status, left.text]).toEqual([200, '"OK"']);
    expect(corsOf(left)['access-control-allow-origin']).toBe(origin);
  });
});

describe('an origin that is not allowed', () => {
  it.each([
    FOREIGN,
    'null',
    ORIGIN,
    'http://app.example.com',
    `${ALLOWED}:8443`,
    'https://APP.example.com',
    'http://localhost:3001',
  ])('gets no CORS headers in a preflight or a response: %s', async (origin) => {
    for (const path of paths) {
      const asked = await preflight(path, origin, closed);
      expect(asked.status).toBe(204);
      expect(corsOf(asked)).toEqual({});
      expect(corsOf(await send(path, { json: {}, headers: { Origin: origin }, env: closed }))).toEqual({});
    }
  });

  it('gets no CORS headers if ALLOWED_ORIGINS is not set', async () => {
    for (const path of paths) {
      expect(corsOf(await preflight(path, ALLOWED, testEnv))).toEqual({});
      expect(corsOf(await send(path, { json: {}, headers: { Origin: ALLOWED } }))).toEqual({});
    }
  });

  it('gets neither a cookie nor a readable response for a valid login', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    await send('/api/users/register/', { json });
    const answer = await send('/api/users/login/', { json, headers: { Origin: FOREIGN }, env: closed });
    expect(answer.status).toBe(403);
    expect(corsOf(answer)).toEqual({});
    expect(answer.headers.getSetCookie()).toEqual([]);
  });
});

describe('OPEN_TOKEN_DIALECTS', () => {
  it.each([...tokenPaths, '/acount/set_picture'])(
    'lets every origin use %s without cookies',
    async (path) => {
      const asked = await preflight(path, FOREIGN, opened);
      expect([asked.status, asked.text]).toEqual([204, '']);
      const cors = corsOf(asked);
      expect(cors['access-control-allow-origin']).toBe('*');
      expect(cors['access-control-allow-credentials']).toBeUndefined();
      expect(cors['access-control-max-age']).toBe('7200');
      expect(listed(cors['access-control-allow-methods'])).toEqual(METHODS);
      expect(listed(cors['access-control-allow-headers'])).toEqual(REQUEST_HEADERS);
    },
  );

  it('lets every origin read a profile with a token', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const { text } = await send('/account/register', { json });
    const token = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
    const headers = { Origin: FOREIGN, 'Sec-Fetch-Site': 'cross-site' };
    for (const path of ['/account/profile', '/api/user/']) {
      const answer = await send(path, { token, headers, env: opened });
      expect(answer.status).toBe(200);
      expect(corsOf(answer)['access-control-allow-origin']).toBe('*');
      expect(corsOf(answer)['access-control-allow-credentials']).toBeUndefined();
      expect(corsOf(await send(path, { token, headers, env: closed }))).toEqual({});
    }
  });

  it.each([...cookiePaths, '/api/users/me/', '/id/login', '/health', '/nowhere'])(
    'does not open %s',
    async (path) => {
      expect(corsOf(await preflight(path, FOREIGN, opened))).toEqual({});
      expect(corsOf(await send(path, { headers: { Origin: FOREIGN }, env: opened }))).toEqual({});
    },
  );

  it('still lets an allowed origin use cookies', async () => {
    for (const path of paths)
      expect(corsOf(await preflight(path, ALLOWED, opened))).toMatchObject({
        'access-control-allow-origin': ALLOWED,
        'access-control-allow-credentials': 'true',
      });
  });

  it.each(['false', false, ''])('opens nothing if it is set to %j', async (setting) => {
    const env = { ...closed, OPEN_TOKEN_DIALECTS: setting };
    expect(corsOf(await preflight('/account/login', FOREIGN, env))).toEqual({});
  });
});

describe('a request that is not a preflight', () => {
  it.each([
    ['/account/login', 'POST, OPTIONS'],
    ['/api/users/logout/', 'POST, GET, HEAD, OPTIONS'],
    ['/api/users/me/', 'GET, PATCH, HEAD, OPTIONS'],
  ])('gets the methods of %s by OPTIONS, from every origin', async (path, allow) => {
    for (const headers of [{}, { Origin: ALLOWED }, { Origin: FOREIGN }]) {
      const answer = await send(path, { method: 'OPTIONS', headers, env: opened });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(listed(answer.headers.get('Allow') ?? '')).toEqual(listed(allow));
    }
  });
});

describe('every request', () => {
  it.each([
    'app.example.com',
    'https://app.example.com/',
    '*',
    'https://a.example.com;https://b.example.com',
  ])('gets 500 if ALLOWED_ORIGINS is %s', async (text) => {
    const answer = await send('/account/login', { json: {}, env: { ...testEnv, ALLOWED_ORIGINS: text } });
    expect([answer.status, answer.text]).toEqual([500, '{"detail":"A server error occurred."}']);
  });
});
