// POST /id/token with the refresh token of an app: it issues an access token for a server.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type AppClaims, type TokenRejected, verify } from '../../package/verify.ts';
import { measure, NO_OPERATIONS } from '../support/counting.ts';
import { API, ISSUER } from '../support/signing.ts';
import { json, type Sent, send, testEnv } from '../support/worker.ts';
import {
  addApp,
  env,
  exchange,
  join,
  type Person,
  refresh,
  signIn,
  type TestApp,
  userInfo,
} from './support-oidc.ts';

let app: TestApp;
let person: Person;

beforeEach(async () => {
  app = await addApp();
  person = await join();
});

const refreshTokenOf = async (of: TestApp = app, more: Record<string, string> = {}): Promise<string> => {
  const { refresh_token: token } = await exchange(of, await signIn(of, person, more));
  return token ?? expect.fail('no refresh token');
};

const credentialsOf = ({ id, secret }: TestApp) => ({
  clientId: id,
  ...(secret !== null && { clientSecret: secret }),
});

const ask = (fields: object, sent: Sent = {}) => send('/id/token', { json: fields, env, ...sent });
const askAs = (of: TestApp, refreshToken: string, more: object = {}) =>
  ask({ ...credentialsOf(of), refreshToken, ...more });

const check = async (accessToken: string, audience = API): Promise<AppClaims> => {
  const claims = await verify(accessToken, `${ISSUER}/.well-known/jwks.json`, {
    audience,
    acceptApps: true,
    fetch: async () => {
      const { status, text } = await send('/.well-known/jwks.json', { env });
      return { status, text: async () => text };
    },
  });
  return 'client_id' in claims ? claims : expect.fail('no token of an app');
};

const issued = async (
  refreshToken: string,
  more: object = {},
): Promise<{ accessToken: string; refreshToken: string }> => {
  const answer = await askAs(app, refreshToken, more);
  expect([answer.status, json(answer)]).toEqual([
    200,
    {
      accessToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 300,
      refreshToken: expect.any(String),
    },
  ]);
  return JSON.parse(answer.text);
};

describe('the access token', () => {
  it('names the server, the app and its scopes, and does not work as a token of the owner', async () => {
    const { accessToken } = await issued(await refreshTokenOf(app, { scope: 'openid offline_access' }));
    const claims = await check(accessToken);
    expect(claims).toEqual({
      iss: ISSUER,
      sub: expect.stringMatching(/^[0-9a-f]{32}$/),
      aud: API,
      exp: claims.iat + 300,
      iat: expect.any(Number),
      jti: expect.any(String),
      sid: expect.stringMatching(/^[0-9a-f]{32}$/),
      client_id: app.id,
      scope: 'openid offline_access',
      auth_time: expect.any(Number),
      amr: ['pwd'],
    });
    await expect(
      verify(accessToken, `${ISSUER}/.well-known/jwks.json`, { audience: API }),
    ).rejects.toMatchObject({ code: 'app' } satisfies Partial<TokenRejected>);
    // Neither the account's own API nor the provider's accepts it.
    const headers = { Authorization: `Bearer ${accessToken}` };
    expect((await send('/id/me', { headers, env })).status).toBe(401);
    expect((await userInfo(accessToken)).status).toBe(401);
  });

  it('contains the email address if the app has the scope email', async () => {
    const { accessToken } = await issued(await refreshTokenOf());
    expect(await check(accessToken)).toMatchObject({ email: person.email, email_verified: false });
  });

  it('has the requested audience; an unknown one is rejected and does not use up the refresh token', async () => {
    const first = await issued(await refreshTokenOf(), { audience: 'urn:second' });
    expect((await check(first.accessToken, 'urn:second')).aud).toBe('urn:second');
    for (const audience of ['https://evil.example', ISSUER]) {
      const refused = await askAs(app, first.refreshToken, { audience });
      expect([refused.status, json(refused)]).toMatchObject([
        400,
        { code: 'invalid', errors: [{ name: 'audience', code: 'not_a_choice' }] },
      ]);
    }
    // The rejected requests have not used up the token.
    await issued(first.refreshToken);
  });

  it('has the resource of the sign-in as its audience, and no other', async () => {
    const first = await issued(await refreshTokenOf(app, { resource: 'urn:second' }));
    expect((await check(first.accessToken, 'urn:second')).aud).toBe('urn:second');
    expect((await askAs(app, first.refreshToken, { audience: API })).status).toBe(400);
    const second = await issued(first.refreshToken, { audience: 'urn:second' });
    expect((await check(second.accessToken, 'urn:second')).aud).toBe('urn:second');
  });
});

describe('the refresh token', () => {
  it('changes with each use, at /id/token and at /oidc/token', async () => {
    const first = await refreshTokenOf();
    const second = (await issued(first)).refreshToken;
    expect(second).not.toBe(first);
    const third = (await refresh(app, second)).refresh_token ?? '';
    const fourth = (await issued(third)).refreshToken;
    expect(new Set([first, second, third, fourth]).size).toBe(4);
  });

  it('works again for ten seconds; a later reuse ends the tokens of the sign-in', async () => {
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      const first = await refreshTokenOf();
      const { refreshToken: second } = await issued(first);
      expect((await issued(first)).refreshToken).toBe(second);
      vi.setSystemTime(Date.now() + 10_000);
      expect((await askAs(app, first)).status).toBe(401);
      expect((await askAs(app, second)).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it('stops working at logout, and while the account is disabled', async () => {
    const token = await refreshTokenOf();
    const disable = (at: number | null) =>
      testEnv.DB.prepare('UPDATE users SET disabled_at = ? WHERE email = ?').bind(at, person.email).run();
    await disable(1);
    expect((await askAs(app, token)).status).toBe(401);
    await disable(null);
    const next = await refreshTokenOf();
    await send('/id/logout', { method: 'POST', cookie: person.cookie });
    const ended = await askAs(app, next);
    expect([ended.status, json(ended)]).toMatchObject([401, { code: 'invalid_grant' }]);
  });
});

describe('POST /id/token', () => {
  it.each([
    [
      'a malformed refresh token',
      async () => ({ ...credentialsOf(app), refreshToken: 'nothing' }),
      401,
      'invalid_grant',
    ],
    [
      'the refresh token of another app',
      async () => ({ ...credentialsOf(await addApp()), refreshToken: await refreshTokenOf() }),
      401,
      'invalid_grant',
    ],
    [
      'the refresh token of another app, before it checks the audience',
      async () => ({
        ...credentialsOf(await addApp()),
        audience: 'urn:other',
        refreshToken: await refreshTokenOf(),
      }),
      401,
      'invalid_grant',
    ],
    [
      'an access token as the refresh token',
      async () => ({
        ...credentialsOf(app),
        refreshToken: (await issued(await refreshTokenOf())).accessToken,
      }),
      401,
      'invalid_grant',
    ],
    [
      'a wrong secret',
      async () => ({ ...credentialsOf(app), clientSecret: 'wrong', refreshToken: await refreshTokenOf() }),
      401,
      'invalid_client',
    ],
    [
      'a missing secret of an app that has one',
      async () => ({ clientId: app.id, refreshToken: await refreshTokenOf() }),
      401,
      'invalid_client',
    ],
    [
      'an unknown app',
      async () => ({ clientId: 'nobody', refreshToken: await refreshTokenOf() }),
      401,
      'invalid_client',
    ],
    [
      'a refresh token without clientId',
      async () => ({ refreshToken: await refreshTokenOf() }),
      400,
      'invalid',
    ],
    ['a request with neither a session nor a refresh token', async () => ({}), 401, 'credentials_missing'],
    [
      'the id and secret of an app without a refresh token',
      async () => credentialsOf(app),
      401,
      'credentials_missing',
    ],
  ] as const)('rejects %s', async (_, fields, status, code) => {
    const answer = await ask(await fields());
    expect([answer.status, json(answer)]).toMatchObject([status, { code }]);
  });

  it('rejects a wrong refresh token even if a valid session cookie comes with it', async () => {
    const answer = await ask({ ...credentialsOf(app), refreshToken: 'nothing' }, { cookie: person.cookie });
    expect([answer.status, json(answer)]).toMatchObject([401, { code: 'invalid_grant' }]);
  });

  it('answers 404 access_tokens_off without signing keys', async () => {
    const answer = await ask({ ...credentialsOf(app), refreshToken: 'any' }, { env: testEnv });
    expect([answer.status, json(answer)]).toMatchObject([404, { code: 'access_tokens_off' }]);
  });
});

it('accepts an app that has no secret, and rejects it if it sends one', async () => {
  app = await addApp({ secret: null });
  const token = await refreshTokenOf();
  const withSecret = await askAs({ ...app, secret: 'any' }, token);
  expect([withSecret.status, json(withSecret)]).toMatchObject([401, { code: 'invalid_client' }]);
  const { accessToken } = await issued(token);
  expect((await check(accessToken)).client_id).toBe(app.id);
});

it('costs three D1 operations: a query for the app, a batch for the use, a query for the grant', async () => {
  const token = await refreshTokenOf();
  const sent = { json: { ...credentialsOf(app), refreshToken: token }, env };
  const { operations } = await measure('/id/token', sent);
  expect(operations).toEqual({ ...NO_OPERATIONS, d1: 3 });
});
