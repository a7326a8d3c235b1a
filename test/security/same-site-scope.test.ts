// The scope of the same-site check: changes and logins, but not reads and not requests with a token in a header.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const CROSS_SITE = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
const CSRF = '{"detail":"CSRF Failed: cross-site request."}';

const username = uniqueName();
const person = { username, email: `${username}@test.com`, password: 'sesame1234' };

let cookie = '';

/** Stands for the valid cookie, which exists only after `beforeAll`. */
const VALID = 'the valid cookie';

const logIn = async (path = '/account/login'): Promise<Answer> => send(path, { json: person });

/** The account's API token, which is live. */
const freshToken = async (): Promise<string> => {
  const { text } = await logIn();
  return /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
};

beforeAll(async () => {
  const answer = await send('/api/users/register/', { json: person });
  cookie = sessionCookie(answer) ?? expect.fail(answer.text);
});

const brief = ({ status, text }: Answer): [number, string] => [status, text];

describe('a cross-site request', () => {
  it.each<[string, string, string, Sent]>([
    ['no cookie', 'POST', '/api/users/logout/', {}],
    ['no cookie and a valid login', 'POST', '/api/users/login/', { json: person }],
    ['a valid cookie', 'POST', '/api/users/logout/', { cookie: VALID }],
    ['an unknown cookie', 'POST', '/api/users/logout/', { cookie: 'A'.repeat(43) }],
    ['a malformed body', 'PATCH', '/api/users/me/', { cookie: VALID, json: '{' }],
    ['a form body', 'POST', '/api/users/login/', { cookie: VALID, form: { username: 'a' } }],
    [
      'an Authorization header of another scheme',
      'POST',
      '/api/users/logout/',
      { cookie: VALID, headers: { Authorization: 'Basic YTpi' } },
    ],
  ])('fails the CSRF check before any other check: %s', async (_what, method, path, sent) => {
    const headers = { ...sent.headers, ...CROSS_SITE };
    const credential = sent.cookie === VALID ? { cookie } : {};
    const answer = await send(path, { ...sent, ...credential, method, headers });
    expect(brief(answer)).toEqual([403, CSRF]);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });

  it.each(['HEAD', 'GET'])(
    'cannot log out by %s /api/users/logout, with or without a slash at the end',
    async (method) => {
      for (const path of ['/api/users/logout/', '/api/users/logout']) {
        const answer = await send(path, { method, cookie, headers: CROSS_SITE });
        expect(brief(answer)).toEqual([403, method === 'HEAD' ? '' : CSRF]);
      }
      expect((await send('/api/users/me/', { cookie })).status).toBe(200);
    },
  );

  it.each<[string, string, unknown]>([
    ['POST', '/id/login', { identifier: person.email, password: person.password }],
    ['POST', '/id/register', { email: `x${person.email}`, password: person.password }],
    ['POST', '/id/logout', undefined],
    ['PATCH', '/id/me', { name: 'Evil' }],
    ['DELETE', '/id/me', { password: person.password }],
    ['DELETE', '/id/sessions', undefined],
  ])('gets 403 and no cookie at %s %s', async (method, path, json) => {
    const answer = await send(path, { method, cookie, headers: CROSS_SITE, json });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 403, code: 'cross_site' });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });
});

describe('a cross-site request that changes nothing', () => {
  it.each<[string, Sent, number]>([
    ['/api/users/me/', { method: 'GET' }, 200],
    ['/api/users/me/', { method: 'HEAD' }, 200],
    ['/account/profile', { method: 'GET' }, 401],
    ['/api/users/login/', { method: 'OPTIONS' }, 204],
    ['/health', { method: 'GET' }, 200],
    ['/nowhere', { method: 'POST', json: {} }, 404],
    ['/api/users/login/', { method: 'DELETE' }, 405],
  ])('gets its normal status, but no CORS headers: %s with %j', async (path, sent, status) => {
    const answer = await send(path, { ...sent, cookie, headers: CROSS_SITE });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull();
  });
});

describe('a cross-site request with a token in a header', () => {
  it.each<[string, string, Sent, string]>([
    ['PATCH', '/api/users/me/', { json: { address: 'by token' } }, '"address":"by token"'],
    ['PUT', '/api/user/', { json: { first_name: 'Token' } }, '"first_name":"Token"'],
    ['POST', '/account/set_picture', { json: { id: 2 } }, '{"success":true}'],
    ['POST', '/acount/set_picture', { json: { id: 3 } }, '{"success":true}'],
    ['GET', '/account/profile', {}, '"success":true'],
    ['POST', '/api/users/logout/', {}, '"OK"'],
    ['GET', '/api/users/logout/', {}, '"OK"'],
    ['POST', '/api/v1/user/logout/', {}, '{"status":"success","uid":'],
    ['POST', '/account/logout', {}, '{"success":true}'],
  ])('succeeds at %s %s', async (method, path, sent, shown) => {
    const token = await freshToken();
    const answer = await send(path, { ...sent, method, token, headers: CROSS_SITE });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(shown);
  });

  it('succeeds at POST /account/delete', async () => {
    const name = uniqueName();
    const json = { username: name, email: `${name}@test.com`, password: 'sesame1234' };
    const { text } = await send('/account/register', { json });
    const token = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
    const answer = await send('/account/delete', { method: 'POST', token, headers: CROSS_SITE });
    expect(brief(answer)).toEqual([200, '{"success":true}']);
    const left = testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE username = ?').bind(name);
    expect(await left.first('n')).toBe(0);
  });

  it('gets 401 if the token is invalid, even with a valid cookie', async () => {
    const token = '0'.repeat(40);
    const answer = await send('/api/users/logout/', { method: 'POST', token, cookie, headers: CROSS_SITE });
    expect(brief(answer)).toEqual([401, '{"detail":"Invalid token."}']);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });
});
