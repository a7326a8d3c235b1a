// Plain http is rejected or redirected at every host that is not a loopback name, unless ALLOW_HTTP is set.
import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/http/origins.ts';
import { type Answer, type Sent, send, testEnv, uniqueName } from '../support/worker.ts';

const PLAIN = 'http://accounts.example.com';
const HTML = { Accept: 'text/html' };

const brief = ({ status, text }: Answer): [number, string] => [status, text];

const DETAIL = '{"detail":"Use https."}';
const ENVELOPE = '{"status":"failed","desc":"operation not allowed","error_code":112}';
const MAIN = '{"status":"fail","errors":{"main":{"msg":"Use https!"}}}';
const PROBLEM =
  '{"type":"urn:latchkey:problem:https_required","title":"Use https.","status":403,"code":"https_required"}';

const apis: [string, string][] = [
  ['/api/users/login/', DETAIL],
  ['/api/v1/user/login/', ENVELOPE],
  ['/api/login/', DETAIL],
  ['/account/login', DETAIL],
  ['/api/auth/login/', MAIN],
  ['/id/login', PROBLEM],
  ['/health', DETAIL],
  ['/nowhere', DETAIL],
];

describe('plain http at a host of the network', () => {
  it.each(apis)('gets 403 at %s in the dialect’s shape, before the body is read', async (path, text) => {
    for (const sent of [{ json: '{' }, { method: 'GET' }, { method: 'DELETE' }] satisfies Sent[]) {
      const answer = await send(path, { ...sent, origin: PLAIN });
      expect(brief(answer)).toEqual([403, text]);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it('has no effect', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    expect((await send('/api/users/register/', { json, origin: PLAIN })).status).toBe(403);
    expect((await send('/api/users/register/', { json })).status).toBe(200);
  });

  it.each(['/', '/sign-in?to=%2Fprofile', '/nowhere'])(
    'gets a redirect to https for the page %s',
    async (path) => {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const answer = await send(path, { method, headers: HTML, origin: PLAIN });
        expect([answer.status, answer.headers.get('Location')]).toEqual([
          308,
          `https://accounts.example.com${path}`,
        ]);
      }
    },
  );

  it('works with ALLOW_HTTP, and its cookies are not Secure', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const env = { ...testEnv, ALLOW_HTTP: 'true' };
    const answer = await send('/api/users/register/', { json, origin: PLAIN, env });
    expect(answer.status).toBe(200);
    const cookies = answer.headers.getSetCookie();
    expect(cookies.map((line) => line.replace(/=.*/, '')).sort()).toEqual(['device', 'sessionid']);
    expect(cookies.join()).not.toContain('Secure');
    expect((await send('/sign-in', { headers: HTML, origin: PLAIN, env })).status).toBe(200);
  });
});

it.each(['http://localhost:8787', 'http://127.0.0.1:8787', 'http://[::1]:8787', 'http://app.localhost'])(
  'serves plain http at %s',
  async (origin) => {
    expect((await send('/health', { origin })).status).toBe(200);
    expect((await send('/sign-in', { headers: HTML, origin })).status).toBe(200);
  },
);

it.each([
  'http://localhost.example.com',
  'http://127.0.0.1.example.com',
  'http://127.example.com',
  'http://xlocalhost',
  'http://10.0.0.1',
  'http://[::2]',
  'null',
])('does not take %s for a loopback name', (url) => {
  expect(isLoopback(url)).toBe(false);
});

describe('a front end on another port of localhost', () => {
  const front = 'http://localhost:3000';

  it.each(['http://localhost:8787', 'http://127.0.0.1:8787'])('can use %s with cookies', async (origin) => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const headers = { Origin: front, 'Sec-Fetch-Site': 'same-site' };
    const answer = await send('/api/users/register/', { json, headers, origin });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(front);
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBe('true');
    const preflight = await send('/api/users/register/', {
      method: 'OPTIONS',
      headers: { ...headers, 'Access-Control-Request-Method': 'POST' },
      origin,
    });
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Origin')]).toEqual([204, front]);
  });

  it('cannot use a deployment', async () => {
    const json = { username: 'somebody', password: 'sesame1234' };
    const answer = await send('/api/users/login/', { json, headers: { Origin: front } });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it('does not open the local service to other origins', async () => {
    const json = { username: 'somebody', password: 'sesame1234' };
    for (const Origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
      const answer = await send('/api/users/login/', {
        json,
        headers: { Origin },
        origin: 'http://localhost:8787',
      });
      expect(answer.status).toBe(403);
    }
  });
});
