// The RPC entrypoint `Accounts`, which other Workers call.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { Accounts } from '../../src/index.ts';
import { NO_OPERATIONS, observe } from '../support/counting.ts';
import { signingEnv } from '../support/signing.ts';
import { json, ORIGIN, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'four walls and a door';

let env: Env;
let fields: { username: string; email: string; password: string; name: string };
let cookie: string;

beforeEach(async () => {
  env = signingEnv();
  const username = uniqueName();
  fields = { username, email: `${username}@test.com`, password: PASSWORD, name: 'Mary Ann' };
  cookie = sessionCookie(await send('/id/register', { json: fields })) ?? expect.fail('no cookie');
});

afterEach(() => vi.useRealTimers());

const call = async <T>(ask: (accounts: Accounts) => Promise<T>, from: Env = env): Promise<T> => {
  const context = createExecutionContext();
  const result = await ask(new Accounts(context, from));
  await waitOnExecutionContext(context);
  return result;
};

const logIn = async (): Promise<string> => {
  const answer = await send('/id/login', {
    json: { identifier: fields.email, password: PASSWORD, session: 'token' },
  });
  return JSON.parse(answer.text).token;
};
const accessToken = async (): Promise<string> =>
  JSON.parse((await send('/id/token', { method: 'POST', cookie, env })).text).accessToken;

const request = (headers: Record<string, string>, method = 'GET') =>
  new Request(`${ORIGIN}/things`, { method, headers });
const withCookie = (headers: Record<string, string> = {}) => ({
  Cookie: `a=b; sessionid=${cookie}`,
  ...headers,
});

const FOREIGN = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };

describe('authenticate', () => {
  it('returns the account and the session of a cookie', async () => {
    const signedIn = await call((accounts) => accounts.authenticate(request(withCookie())));
    expect(signedIn).toEqual({
      account: {
        sub: expect.stringMatching(/^[0-9a-f]{32}$/),
        id: expect.any(Number),
        username: fields.username,
        email: fields.email,
        emailVerified: false,
        name: 'Mary Ann',
        locale: 'en',
        isAdmin: false,
        disabledAtMs: null,
        createdAtMs: expect.any(Number),
      },
      session: {
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        kind: 'cookie',
        createdAtMs: expect.any(Number),
        expiresAtMs: expect.any(Number),
        factor: null,
        isByAppPassword: false,
      },
    });
  });

  it('returns the factor that opened the session, and whether an app password did', async () => {
    const jwt = await logIn();
    const sessionOf = async () => (await call((accounts) => accounts.verify(jwt)))?.session;
    const update = (column: string, value: string | number) =>
      testEnv.DB.prepare(`UPDATE sessions SET ${column} = ? WHERE kind = 'jwt'`).bind(value).run();
    await update('factor', 'totp');
    expect(await sessionOf()).toMatchObject({ factor: 'totp', isByAppPassword: false });
    await update('app_password_id', 1);
    expect(await sessionOf()).toMatchObject({ isByAppPassword: true });
  });

  it.each(['a JWT', 'an access token', 'an API token'])(
    'accepts %s in the Authorization header',
    async (kind) => {
      const api = async (): Promise<string> => {
        const answer = await send('/api/login/', { json: { username: fields.email, password: PASSWORD } });
        return /"token":"([0-9a-f]{40})"/.exec(answer.text)?.[1] ?? expect.fail(answer.text);
      };
      const token = await (kind === 'a JWT' ? logIn() : kind === 'an access token' ? accessToken() : api());
      const signedIn = await call((accounts) =>
        accounts.authenticate(new Headers({ Authorization: `Bearer ${token}` })),
      );
      expect(signedIn?.account.email).toBe(fields.email);
    },
  );

  it('prefers the Authorization header to the cookie', async () => {
    const headers = withCookie({ Authorization: 'Bearer nothing' });
    expect(await call((accounts) => accounts.authenticate(request(headers)))).toBeNull();
  });

  it('returns null without credentials, for a wrong cookie and for an empty header', async () => {
    for (const headers of [{}, { Cookie: 'sessionid=x' }, { Authorization: 'Bearer' }] as Record<
      string,
      string
    >[])
      expect(await call((accounts) => accounts.authenticate(request(headers)))).toBeNull();
  });

  it("returns null for a cookie with another site's POST or DELETE, or if the method is unknown", async () => {
    const ask = (headers: Record<string, string>, method: string) =>
      call((accounts) => accounts.authenticate(request(withCookie(headers), method)));
    expect(await ask(FOREIGN, 'POST')).toBeNull();
    expect(await ask({ Origin: 'https://evil.example' }, 'DELETE')).toBeNull();
    expect(await ask(FOREIGN, 'GET')).not.toBeNull();
    expect(await ask({ Origin: ORIGIN }, 'POST')).not.toBeNull();
    expect(await ask({}, 'POST')).not.toBeNull();
    const headersAlone = new Headers(withCookie(FOREIGN));
    expect(await call((accounts) => accounts.authenticate(headersAlone))).toBeNull();
    env = signingEnv({ ALLOWED_ORIGINS: ['https://evil.example'] });
    expect(await ask(FOREIGN, 'POST')).not.toBeNull();
  });

  it('returns null at once for a disabled account and an ended session, by every credential', async () => {
    const [jwt, access] = [await logIn(), await accessToken()];
    const all = () =>
      Promise.all([
        call((accounts) => accounts.authenticate(request(withCookie()))),
        call((accounts) => accounts.verify(jwt)),
        call((accounts) => accounts.verify(access)),
      ]);
    expect(await all()).not.toContain(null);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(fields.email).run();
    expect(await all()).toEqual([null, null, null]);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = NULL WHERE email = ?').bind(fields.email).run();
    await send('/id/logout', { method: 'POST', cookie });
    const [byCookie, byJwt, byAccess] = await all();
    expect([byCookie, byJwt?.account.email, byAccess]).toEqual([null, fields.email, null]);
  });

  it('costs one KV get and one D1 query, like an authenticated read', async () => {
    const access = await accessToken();
    const ways = [
      (accounts: Accounts) => accounts.authenticate(request(withCookie())),
      (accounts: Accounts) => accounts.verify(access),
    ];
    for (const way of ways) {
      const observed = observe(env);
      expect(await call(way, observed.env)).not.toBeNull();
      expect(observed.operations).toEqual({ ...NO_OPERATIONS, kvGets: 1, d1: 1 });
    }
  });
});

describe('verify', () => {
  it('rejects cookies, and tokens that are changed, expired or for other keys, issuers or audiences', async () => {
    const token = await accessToken();
    const verify = (text: string, from: Env = env) => call((accounts) => accounts.verify(text), from);
    expect((await verify(token))?.account.email).toBe(fields.email);
    expect(await verify(cookie)).toBeNull();
    const [header = '', payload = '', signature = ''] = token.split('.');
    expect(await verify(`${header}.${payload}A.${signature}`)).toBeNull();
    expect(
      await verify(`${header}.${payload}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'Q' : 'A'}`),
    ).toBeNull();
    const none = btoa('{"alg":"none","typ":"at+jwt","kid":"first"}').replaceAll('=', '');
    expect(await verify(`${none}.${payload}.${signature}`)).toBeNull();
    expect(await verify(token, signingEnv({ ACCESS_TOKEN_AUDIENCES: ['urn:second'] }))).toBeNull();
    expect(await verify(token, signingEnv({ PUBLIC_URL: 'https://other.example.com' }))).toBeNull();
    const [, second] = JSON.parse(env.SIGNING_KEYS ?? '[]');
    expect(await verify(token, signingEnv({ SIGNING_KEYS: JSON.stringify([second]) }))).toBeNull();
    expect(await verify(token, testEnv)).toBeNull();
    vi.setSystemTime(Date.now() + 300_000);
    expect(await verify(token)).toBeNull();
  });
});

describe('account', () => {
  it('finds an account by its sub and by its id', async () => {
    const me = json(await send('/id/me', { cookie }));
    const { id } = (me as { account: { id: number } }).account;
    const byNumber = await call((accounts) => accounts.account(id));
    expect(byNumber?.email).toBe(fields.email);
    expect(await call((accounts) => accounts.account(byNumber?.sub ?? ''))).toEqual(byNumber);
    expect(await call((accounts) => accounts.account(0))).toBeNull();
    expect(await call((accounts) => accounts.account('0'.repeat(32)))).toBeNull();
    expect(await call((accounts) => accounts.account(String(id)))).toBeNull();
  });

  it('returns the time at which the account was disabled', async () => {
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 7 WHERE email = ?').bind(fields.email).run();
    const { id } = (await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?')
      .bind(fields.email)
      .first<{ id: number }>()) ?? { id: 0 };
    expect((await call((accounts) => accounts.account(id)))?.disabledAtMs).toBe(7);
  });
});
