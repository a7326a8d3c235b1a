// `conjugator`: how a token is sent, and the answers to a missing or invalid one.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const password = 'Tom Brady';

const join = async () => {
  const email = `${uniqueName()}@quahog.com`;
  const json = { first_name: 'Peter', last_name: 'Griffin', email, password };
  const id = /"id":(\d+)/.exec((await send('/api/register', { json })).text)?.[1] ?? expect.fail();
  const token = tokenOf(await send('/api/login', { json: { username: email, password } }));
  return {
    id,
    email,
    token,
    user: `{"id":${id},"first_name":"Peter","last_name":"Griffin","email":"${email}"}`,
  };
};

const MISSING = 'Authentication credentials were not provided.';
const INVALID = 'Invalid token.';
const EMPTY = 'Invalid token header. No credentials provided.';
const SPACES = 'Invalid token header. Token string should not contain spaces.';

let peter: Awaited<ReturnType<typeof join>>;
beforeAll(async () => {
  peter = await join();
});

const CLOSED: [string, Sent][] = [
  ['/api/user', {}],
  ['/api/user/', {}],
  ['/api/user', { method: 'PUT', json: {} }],
  ['/api/user/', { method: 'PUT', json: {} }],
  ['/api/accounts/1', {}],
  ['/api/accounts/1/', {}],
  ['/api/admin/users', {}],
  ['/api/admin/users/', {}],
];

describe.each(CLOSED)('%s %o', (path, sent) => {
  it.each([
    ['', MISSING],
    ['Basic cGV0ZXI6cHc=', MISSING],
    ['Token', EMPTY],
    ['Bearer', EMPTY],
    ['token', EMPTY],
    ['Token a b', SPACES],
    ['Bearer a b c', SPACES],
    ['Token garbage', INVALID],
    ['Bearer garbage', INVALID],
    ['garbage', INVALID],
    [`Token ${'0'.repeat(40)}`, INVALID],
    ['0'.repeat(40), INVALID],
    ['Token a.b.c', INVALID],
  ])('answers 401 for the header `%s`: %s', async (authorization, text) => {
    const answer = await send(path, { ...sent, headers: { Authorization: authorization } });
    expect(whole(answer)).toBe(`401 {"detail":"${text}"}`);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
  });

  it('answers 401 without the header', async () => {
    const answer = await send(path, sent);
    expect(whole(answer)).toBe(`401 {"detail":"${MISSING}"}`);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
  });
});

describe('API token', () => {
  it.each(['Token ', 'token ', 'TOKEN ', 'Token  ', 'Bearer ', 'bearer ', ''])(
    'works after `%s`',
    async (scheme) => {
      const headers = { Authorization: scheme + peter.token };
      expect(whole(await send('/api/user/', { headers }))).toBe(`200 ${peter.user}`);
      expect(whole(await send('/api/user', { method: 'PUT', json: {}, headers }))).toBe(`200 ${peter.user}`);
      expect(whole(await send(`/api/accounts/${peter.id}/`, { headers }))).toBe(`200 ${peter.user}`);
      expect((await send('/api/admin/users', { headers })).status).toBe(403);
    },
  );

  it.each([
    (token: string) => token.slice(0, -1),
    (token: string) => `${token}0`,
    (token: string) => token.toUpperCase().replace(/^[0-9]*$/, 'A'),
    (token: string) => token.replace(/^./, (first) => (first === '0' ? '1' : '0')),
  ])('does not work if changed (%#)', async (change) => {
    expect(whole(await send('/api/user/', { token: change(peter.token) }))).toBe(
      `401 {"detail":"${INVALID}"}`,
    );
  });

  it('shows only the user it belongs to', async () => {
    const other = await join();
    expect(whole(await send('/api/user/', { token: other.token }))).toBe(`200 ${other.user}`);
    expect(whole(await send('/api/user/', { token: peter.token }))).toBe(`200 ${peter.user}`);
  });

  it('counts as missing after an unknown scheme', async () => {
    const headers = { Authorization: `Digest ${peter.token}` };
    expect(whole(await send('/api/user/', { headers }))).toBe(`401 {"detail":"${MISSING}"}`);
  });
});

describe('session cookie', () => {
  it('does not authenticate here, even if its session is live', async () => {
    const json = { username: peter.email, password };
    const cookie = sessionCookie(await send('/api/users/login/', { json })) ?? expect.fail();
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
    for (const [path, sent] of CLOSED)
      expect(whole(await send(path, { ...sent, cookie }))).toBe(`401 {"detail":"${MISSING}"}`);
    expect(whole(await send('/api/user/', { cookie, token: peter.token }))).toBe(`200 ${peter.user}`);
  });
});

describe('disabled account', () => {
  it('loses its token, gets the answer of a wrong password at login, and keeps its email', async () => {
    const { id, email, token } = await join();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(id).run();
    expect(whole(await send('/api/user/', { token }))).toBe(`401 {"detail":"${INVALID}"}`);
    expect(whole(await send('/api/user/', { method: 'PUT', token, json: {} }))).toBe(
      `401 {"detail":"${INVALID}"}`,
    );
    expect(whole(await send('/api/login/', { json: { username: email, password } }))).toBe(
      '400 {"non_field_errors":["Unable to login with provided credentials."]}',
    );
    const json = { first_name: 'Peter', last_name: 'Griffin', email, password };
    expect(whole(await send('/api/register/', { json }))).toBe('500 {}');
  });
});

describe('expired token', () => {
  it('does not work, and the next login returns another', async () => {
    const { id, email, token, user } = await join();
    await testEnv.DB.prepare('UPDATE sessions SET expires_at = ? WHERE user_id = ?')
      .bind(Date.now(), id)
      .run();
    expect(whole(await send('/api/user/', { token }))).toBe(`401 {"detail":"${INVALID}"}`);
    const fresh = tokenOf(await send('/api/login/', { json: { username: email, password } }));
    expect(fresh).not.toBe(token);
    expect(whole(await send('/api/user/', { token: fresh }))).toBe(`200 ${user}`);
    expect(whole(await send('/api/user/', { token }))).toBe(`401 {"detail":"${INVALID}"}`);
  });
});
