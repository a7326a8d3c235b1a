// What the same-site check leaves alone: reading, and whatever a token in a header asks for.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const CROSS_SITE = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
const CSRF = '{"detail":"CSRF Failed: cross-site request."}';

const username = uniqueName();
const person = { username, email: `${username}@test.com`, password: 'sesame1234' };

let cookie = '';

const logIn = async (path = '/account/login'): Promise<Answer> => send(path, { json: person });

/** The account's derived token, live at the moment. */
const freshToken = async (): Promise<string> => {
  const { text } = await logIn();
  return /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
};

beforeAll(async () => {
  const answer = await send('/api/users/register/', { json: person });
  cookie = sessionCookie(answer) ?? expect.fail(answer.text);
});

const brief = ({ status, text }: Answer): [number, string] => [status, text];

describe('a foreign page changes nothing by', () => {
  it.each<[string, string, string, Sent]>([
    ['no cookie at all', 'POST', '/api/users/logout/', {}],
    ['a cookie that is good for nothing', 'POST', '/api/users/logout/', { cookie: 'A'.repeat(43) }],
    ['a body that has faults', 'PATCH', '/api/users/me/', { json: '{' }],
    ['a body of another type', 'POST', '/api/users/login/', { form: { username: 'a' } }],
    [
      'an Authorization header that is not ours',
      'POST',
      '/api/users/logout/',
      { headers: { Authorization: 'Basic YTpi' } },
    ],
  ])(
    '%s: it is refused for the page it comes from before anything else',
    async (_what, method, path, sent) => {
      const headers = { ...sent.headers, ...CROSS_SITE };
      const answer = await send(path, { cookie, ...sent, method, headers });
      expect(brief(answer)).toEqual([403, CSRF]);
      expect((await send('/api/users/me/', { cookie })).status).toBe(200);
    },
  );

  it.each(['HEAD', 'GET'])('%s logout/, with and without the slash', async (method) => {
    for (const path of ['/api/users/logout/', '/api/users/logout']) {
      const answer = await send(path, { method, cookie, headers: CROSS_SITE });
      expect(brief(answer)).toEqual([403, method === 'HEAD' ? '' : CSRF]);
    }
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });

  it.each<[string, string, unknown]>([
    ['POST', '/id/login', { identifier: person.email, password: person.password }],
    ['POST', '/id/register', { email: `x${person.email}`, password: person.password }],
    ['POST', '/id/logout', undefined],
    ['PATCH', '/id/me', { name: 'Evil' }],
    ['DELETE', '/id/me', { password: person.password }],
    ['DELETE', '/id/sessions', undefined],
  ])('%s %s', async (method, path, json) => {
    const answer = await send(path, { method, cookie, headers: CROSS_SITE, json });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 403, code: 'cross_site' });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });
});

describe('a foreign page may cause, as it learns nothing by it,', () => {
  it.each<[string, Sent, number]>([
    ['/api/users/me/', { method: 'GET' }, 200],
    ['/api/users/me/', { method: 'HEAD' }, 200],
    ['/account/profile', { method: 'GET' }, 401],
    ['/api/users/login/', { method: 'OPTIONS' }, 204],
    ['/health', { method: 'GET' }, 200],
    ['/nowhere', { method: 'POST', json: {} }, 404],
    ['/api/users/login/', { method: 'DELETE' }, 405],
  ])('%s with %j', async (path, sent, status) => {
    const answer = await send(path, { ...sent, cookie, headers: CROSS_SITE });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull();
  });
});

describe('a token in a header is proof enough, wherever the request comes from:', () => {
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
  ])('%s %s', async (method, path, sent, shown) => {
    const token = await freshToken();
    const answer = await send(path, { ...sent, method, token, headers: CROSS_SITE });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(shown);
  });

  it('POST /account/delete', async () => {
    const name = uniqueName();
    const json = { username: name, email: `${name}@test.com`, password: 'sesame1234' };
    const { text } = await send('/account/register', { json });
    const token = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
    const answer = await send('/account/delete', { method: 'POST', token, headers: CROSS_SITE });
    expect(brief(answer)).toEqual([200, '{"success":true}']);
    const left = testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE username = ?').bind(name);
    expect(await left.first('n')).toBe(0);
  });

  it('but not if the token is invalid', async () => {
    const token = '0'.repeat(40);
    const answer = await send('/api/users/logout/', { method: 'POST', token, cookie, headers: CROSS_SITE });
    expect(brief(answer)).toEqual([401, '{"detail":"Invalid token."}']);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });
});
