// `account`: the API token of an account, how it is sent, and what ends it.
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { everythingStored } from '../../support/stored.ts';
import { type Answer, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const SUCCESS = '200 {"success":true}';
const MISSING = 'Authentication credentials were not provided.';
const INVALID = 'Invalid token.';
const EMPTY = 'Invalid token header. No credentials provided.';
const SPACES = 'Invalid token header. Token string should not contain spaces.';
const refused = (text: string) => `401 {"detail":"${text}"}`;

const password = 'abcd1234';
const tokenOf = ({ text }: Answer): string =>
  /"token":"([0-9a-f]{40})"\}$/.exec(text)?.[1] ?? expect.fail(text);
const idOf = ({ text }: Answer): number => Number(/"id":(\d+)/.exec(text)?.[1] ?? expect.fail(text));

const profile = (token: string) => send('/account/profile', { token });
const logIn = (username: string) => send('/account/login', { json: { username, password } });
const post = (path: string, token: string) => send(path, { method: 'POST', token });
const join = async (username = uniqueName()) => {
  const email = `${username}@test.com`;
  const token = tokenOf(await send('/account/register', { json: { username, email, password } }));
  return { username, email, token, id: idOf(await profile(token)) };
};

const CLOSED = [
  ['GET', '/account/profile'],
  ['GET', '/account/get_pictures/'],
  ['POST', '/account/logout'],
  ['POST', '/account/delete/'],
  ['POST', '/account/set_picture'],
  ['POST', '/acount/set_picture/'],
] as const;

describe.each(CLOSED)('%s %s', (method, path) => {
  it.each([
    ['Basic cGV0ZXI6cHc=', MISSING],
    ['Token', EMPTY],
    ['bearer', EMPTY],
    ['Token a b', SPACES],
    ['Bearer a b c', SPACES],
    ['Token garbage', INVALID],
    ['Bearer a.b.c', INVALID],
    [`Token ${'0'.repeat(40)}`, INVALID],
  ])('answers 401 for the header `%s`: %s', async (authorization, text) => {
    const answer = await send(path, { method, headers: { Authorization: authorization } });
    expect(whole(answer)).toBe(refused(text));
    expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
  });

  it('rejects a session cookie, and a token without a scheme, after another one or in a cookie', async () => {
    const { token, username } = await join();
    for (const authorization of [token, `Digest ${token}`]) {
      const answer = await send(path, { method, headers: { Authorization: authorization } });
      expect(whole(answer)).toBe(refused(MISSING));
    }
    expect(whole(await send(path, { method, cookie: token }))).toBe(refused(MISSING));
    const browser = await send('/api/users/login', { json: { username, password } });
    const cookie = sessionCookie(browser) ?? expect.fail();
    expect(whole(await send(path, { method, cookie }))).toBe(refused(MISSING));
    expect((await profile(token)).status).toBe(200);
  });
});

describe('API token', () => {
  it.each(['Token', 'token', 'TOKEN', 'Bearer', 'bEARER'])('works after `%s`', async (scheme) => {
    const { id, token, username } = await join();
    const headers = { Authorization: `${scheme} ${token}` };
    const { status, text } = await send('/account/profile', { headers });
    expect(status).toBe(200);
    expect(text).toContain(`"id":${id},"username":"${username}"`);
  });

  it('stays the same at every login, by every name and in conjugator', async () => {
    const { token, username, email } = await join();
    for (const name of [username, email, username.toUpperCase()])
      expect(whole(await logIn(name))).toBe(`200 {"token":"${token}"}`);
    const conjugator = await send('/api/login/', { json: { username: email, password } });
    expect(whole(conjugator)).toBe(`200 {"token":"${token}"}`);
    expect((await profile(token)).status).toBe(200);
  });

  it('stays the same for four concurrent logins', async () => {
    const { token, username } = await join();
    await post('/account/logout', token);
    const tokens = (await Promise.all([1, 2, 3, 4].map(() => logIn(username)))).map(tokenOf);
    expect(new Set(tokens).size).toBe(1);
    expect((await profile(tokens[0] ?? '')).status).toBe(200);
  });

  it('is stored nowhere in D1 or KV, only its SHA-256', async () => {
    const { token } = await join();
    const stored = await everythingStored();
    expect(stored).toContain(await sha256Hex(token));
    expect(stored).not.toContain(token);
  });

  it('stops working when it expires, and the next login returns another', async () => {
    const { id, token, username } = await join();
    await testEnv.DB.prepare('UPDATE sessions SET expires_at = ? WHERE user_id = ?')
      .bind(Date.now(), id)
      .run();
    expect(whole(await profile(token))).toBe(refused(INVALID));
    const next = tokenOf(await logIn(username));
    expect(next).not.toBe(token);
    expect((await profile(next)).status).toBe(200);
    expect(whole(await profile(token))).toBe(refused(INVALID));
  });
});

describe('POST /account/logout', () => {
  it('ends the token at once in every dialect, and the next login returns another', async () => {
    const [{ token, username }, other] = [await join(), await join()];
    expect((await profile(token)).status).toBe(200);
    expect(whole(await post('/account/logout', token))).toBe(SUCCESS);
    for (const [method, path] of CLOSED)
      expect(whole(await send(path, { method, token }))).toBe(refused(INVALID));
    for (const path of ['/api/user', '/api/users/me']) expect((await send(path, { token })).status).toBe(401);
    expect((await profile(other.token)).status).toBe(200);
    const next = tokenOf(await logIn(username));
    expect(next).not.toBe(token);
    expect(whole(await profile(token))).toBe(refused(INVALID));
    expect((await profile(next)).status).toBe(200);
  });
});

describe('POST /account/delete', () => {
  it('deletes only this account, with its sessions in every dialect', async () => {
    const [{ id, token, username, email }, other] = [await join(), await join()];
    const cookie = sessionCookie(await send('/api/users/login', { json: { username, password } })) ?? '';
    const { text } = await send('/api/auth/login', { json: { email, password } });
    const jwt = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
    expect((await send('/api/users/me', { cookie })).status).toBe(200);
    expect((await profile(jwt)).status).toBe(200);

    expect(whole(await post('/account/delete', token))).toBe(SUCCESS);
    for (const dead of [token, jwt]) {
      expect(whole(await profile(dead))).toBe(refused(INVALID));
      expect(whole(await send(`/api/accounts/${id}`, { token: dead }))).toBe(refused(INVALID));
    }
    expect((await send('/api/users/me', { cookie })).status).toBe(404);
    expect((await logIn(username)).status).toBe(400);
    expect((await send('/api/auth/login', { json: { email, password } })).text).toContain(
      "User doesn't exist",
    );
    expect((await profile(other.token)).status).toBe(200);
  });

  it('frees username and email, but never reuses the id', async () => {
    const first = await join();
    await post('/account/delete', first.token);
    const second = await join(first.username);
    expect(second.id).toBeGreaterThan(first.id);
    expect(second.token).not.toBe(first.token);
    expect(whole(await profile(first.token))).toBe(refused(INVALID));
    expect((await profile(second.token)).text).toContain(`"username":"${first.username}"`);
  });

  it('deletes the last admin too, because the document has no refusal', async () => {
    const { id, token } = await join();
    await testEnv.DB.prepare('UPDATE users SET is_admin = (id = ?)').bind(id).run();
    expect(whole(await post('/account/delete', token))).toBe(SUCCESS);
    expect(await testEnv.DB.prepare('SELECT id FROM users WHERE id = ?').bind(id).first()).toBeNull();
  });
});

describe('disabled account', () => {
  it('loses its token and gets the answer of a wrong password at login', async () => {
    const { id, token, username } = await join();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(id).run();
    for (const [method, path] of CLOSED)
      expect(whole(await send(path, { method, token }))).toBe(refused(INVALID));
    expect(whole(await logIn(username))).toBe(
      '400 {"non_field_errors":["Unable to log in with provided credentials."]}',
    );
  });
});
