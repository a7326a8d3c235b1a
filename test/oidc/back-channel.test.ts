// Back-channel logout: an app with a logout address gets a logout token, which jose verifies, when a sign-in ends.
import { createLocalJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/core/secrets.ts';
import { createTimedCore, someAdmin, someClient } from '../support/clock.ts';
import {
  forgetWebhooks,
  installTriggers,
  type Received,
  type Receiver,
  readDeliveries,
  startReceiver,
} from '../support/receiver.ts';
import { ISSUER } from '../support/signing.ts';
import { json, send, testEnv } from '../support/worker.ts';
import {
  addApp,
  authOf,
  clientOf,
  discover,
  env,
  exchange,
  join,
  options,
  PASSWORD,
  type Person,
  refresh,
  signIn,
  type TestApp,
} from './support-oidc.ts';

let receiver: Receiver;
let app: TestApp;
let person: Person;

const logoutUriOf = ({ id }: TestApp): string => `https://${id}.example.com/logout`;

const addNotifiedApp = async (): Promise<TestApp> => {
  const added = await addApp();
  await testEnv.DB.prepare('UPDATE apps SET logout_uri = ? WHERE id = ?')
    .bind(logoutUriOf(added), added.id)
    .run();
  return added;
};

beforeEach(async () => {
  await forgetWebhooks();
  receiver = startReceiver();
  await installTriggers();
  app = await addNotifiedApp();
  person = await join();
});

afterEach(() => receiver.stop());

const signInTo = async (to: TestApp, as = person) => {
  const tokens = await exchange(to, await signIn(to, as));
  const { sub, sid } = oauth.getValidatedIdTokenClaims(tokens) ?? expect.fail('There is no ID token.');
  return { tokens, sub, sid: String(sid) };
};

const tokenOf = ({ body }: Received): string =>
  new URLSearchParams(body).get('logout_token') ?? expect.fail(body);

const verify = async (received: Received, audience: string) => {
  const { text } = await send('/.well-known/jwks.json', { env, origin: ISSUER });
  return jwtVerify(tokenOf(received), createLocalJWKSet(JSON.parse(text)), {
    issuer: ISSUER,
    audience,
    typ: 'logout+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['iat', 'exp', 'jti', 'sub', 'sid', 'events'],
  });
};

const as = (cookie = person.cookie) => ({ cookie, env, origin: ISSUER });

it('announces back-channel logout in the metadata', async () => {
  const answer = await send('/.well-known/openid-configuration', { env, origin: ISSUER });
  expect(json(answer)).toMatchObject({
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  });
});

it('posts one logout token that jose verifies', async () => {
  const { sub, sid } = await signInTo(app);
  expect(receiver.offered).toEqual([]);
  await send('/id/logout', { method: 'POST', ...as() });
  expect(receiver.taken).toHaveLength(1);
  const [received] = receiver.taken;
  if (!received) return expect.fail('Nobody was told.');
  expect(received.url).toBe(logoutUriOf(app));
  expect(received.headers).toMatchObject({ 'content-type': 'application/x-www-form-urlencoded' });
  const { payload, protectedHeader } = await verify(received, app.id);
  expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'logout+jwt' });
  expect(payload).toEqual({
    iss: ISSUER,
    aud: app.id,
    sub,
    sid,
    iat: expect.any(Number),
    exp: (payload.iat ?? 0) + 120,
    jti: expect.any(String),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  // It must not be accepted as an ID token: section 2.4 forbids a nonce.
  expect(payload).not.toHaveProperty('nonce');
  expect(await readDeliveries()).toMatchObject([{ outcome: 'sent' }]);
});

it('sends a logout token that is accepted neither as an access token nor as id_token_hint', async () => {
  await signInTo(app);
  await send('/id/logout', { method: 'POST', ...as() });
  const token = tokenOf(receiver.taken[0] ?? expect.fail('Nobody was told.'));
  const headers = { Authorization: `Bearer ${token}` };
  expect((await send('/oidc/userinfo', { env, origin: ISSUER, headers })).status).toBe(401);
  expect((await send('/id/me', { env, origin: ISSUER, headers })).status).toBe(401);
  const hinted = await send(`/oidc/logout?id_token_hint=${token}`, as());
  expect(hinted.headers.get('Location') ?? '').not.toContain('app.example.org');
});

/** Everything that ends a sign-in. */
const ENDS: [what: string, end: (appId: string) => Promise<unknown>][] = [
  ['the person logs out', () => send('/id/logout', { method: 'POST', ...as() })],
  [
    'another session ends this one',
    async () => {
      const other = await send('/id/login', { json: { identifier: person.email, password: PASSWORD } });
      const cookie = /sessionid=([^;]+)/.exec(other.headers.getSetCookie().join())?.[1] ?? '';
      const id = await sha256Hex(person.cookie);
      return send(`/id/sessions/${id}`, { method: 'DELETE', ...as(cookie) });
    },
  ],
  [
    'another session changes the password',
    async () => {
      const other = await send('/id/login', { json: { identifier: person.email, password: PASSWORD } });
      const cookie = /sessionid=([^;]+)/.exec(other.headers.getSetCookie().join())?.[1] ?? '';
      return send('/id/me/password', {
        method: 'PUT',
        json: { currentPassword: PASSWORD, newPassword: 'another wall and door' },
        ...as(cookie),
      });
    },
  ],
  [
    'the account is deleted',
    () => send('/id/me', { method: 'DELETE', json: { password: PASSWORD }, ...as() }),
  ],
  [
    'the account is disabled',
    async () => {
      const timed = createTimedCore(undefined, env);
      await timed.core.admin.apply(await idOf(person), 'disabled', await someAdmin(), someClient);
      await timed.settle();
    },
  ],
  [
    'the session expires',
    async () => {
      await testEnv.DB.prepare('UPDATE sessions SET expires_at = 1000 WHERE id = ?')
        .bind(await sha256Hex(person.cookie))
        .run();
      const timed = createTimedCore(undefined, env);
      await timed.core.cleanUp();
      await (await timed.core.webhooks()).sendDue();
      await timed.settle();
    },
  ],
  [
    'the consent is withdrawn',
    async (appId) => {
      const timed = createTimedCore(undefined, env);
      await (await timed.core.provider())?.withdrawConsent(await idOf(person), appId, someClient);
      await timed.settle();
    },
  ],
];

const idOf = async ({ username }: Person): Promise<number> =>
  (await testEnv.DB.prepare('SELECT id FROM users WHERE username = ?').bind(username).first<number>('id')) ??
  expect.fail('There is no such account.');

it.each(ENDS)('posts a logout token when %s', async (_what, end) => {
  const { sub, sid } = await signInTo(app);
  await end(app.id);
  expect(receiver.taken).toHaveLength(1);
  const { payload } = await verify(receiver.taken[0] ?? expect.fail('Nobody was told.'), app.id);
  expect(payload).toMatchObject({ sub, sid });
});

it('posts to each app that redeemed a code in the session and has a logout address, to no other', async () => {
  const [second, silent, unused] = [await addNotifiedApp(), await addApp(), await addNotifiedApp()];
  const { sid } = await signInTo(app);
  const other = await signInTo(second);
  await signInTo(silent);
  // A code that was not redeemed opened no sign-in.
  await signIn(unused, person);
  const elsewhere = await join();
  await signInTo(app, elsewhere);
  await send('/id/logout', { method: 'POST', ...as() });
  const told = await Promise.all(
    receiver.taken.map(async (received) => {
      const { hostname } = new URL(received.url);
      const { payload } = await verify(received, hostname.split('.')[0] ?? '');
      return { url: received.url, sid: payload['sid'] };
    }),
  );
  expect(told).toHaveLength(2);
  expect(told).toEqual(
    expect.arrayContaining([
      { url: logoutUriOf(app), sid },
      { url: logoutUriOf(second), sid: other.sid },
    ]),
  );
});

it('posts nothing after a refresh or when the session gets a new token', async () => {
  const { tokens } = await signInTo(app);
  await refresh(app, String(tokens.refresh_token));
  const renamed = await send('/id/me/username', {
    method: 'PUT',
    json: { password: PASSWORD, username: `${person.username}x` },
    ...as(),
  });
  expect(renamed.status).toBe(200);
  expect(receiver.offered).toEqual([]);
});

it('posts a logout token after the app revokes its own refresh token', async () => {
  const { tokens } = await signInTo(app);
  const server = await discover();
  const revoked = await oauth.revocationRequest(
    server,
    clientOf(app),
    authOf(app),
    String(tokens.refresh_token),
    options,
  );
  await oauth.processRevocationResponse(revoked);
  expect(receiver.taken).toHaveLength(1);
});

describe('delivery of a logout token', () => {
  it('retries after a failure, with a new jti', async () => {
    await signInTo(app);
    receiver.obstacle = () => new Response(null, { status: 400 });
    await send('/id/logout', { method: 'POST', ...as() });
    expect(await readDeliveries()).toMatchObject([{ outcome: null, reason: 'HTTP 400' }]);
    receiver.obstacle = null;
    const timed = createTimedCore(undefined, env);
    timed.advance(62_000);
    expect(await (await timed.core.webhooks()).sendDue()).toMatchObject({ sent: 1 });
    const [first, second] = receiver.offered;
    if (!first || !second) return expect.fail('It was not tried again.');
    const jtiOf = async (received: Received) => (await verify(received, app.id)).payload.jti;
    expect(await jtiOf(first)).not.toBe(await jtiOf(second));
  });

  it('drops the message if the app no longer has a logout address', async () => {
    await signInTo(app);
    await testEnv.DB.prepare('DELETE FROM app_grants WHERE app_id = ?').bind(app.id).run();
    await testEnv.DB.prepare('UPDATE apps SET logout_uri = NULL WHERE id = ?').bind(app.id).run();
    const timed = createTimedCore(undefined, env);
    expect(await (await timed.core.webhooks()).sendDue()).toMatchObject({ undeliverable: 1 });
    expect(receiver.offered).toEqual([]);
    expect(await readDeliveries()).toMatchObject([{ outcome: 'gone' }]);
  });
});

it.each([
  'http://127.0.0.1/logout',
  'https://10.0.0.1/logout',
  'https://[::1]/logout',
  'https://app.internal/',
])('never posts to %s, even if the database has it as logout_uri', async (url) => {
  await testEnv.DB.prepare('UPDATE apps SET logout_uri = ? WHERE id = ?').bind(url, app.id).run();
  await signInTo(app);
  await send('/id/logout', { method: 'POST', ...as() });
  expect(receiver.offered).toEqual([]);
  expect(await readDeliveries()).toMatchObject([{ outcome: null, reason: 'address refused' }]);
});

it('counts sessions, not grants, in endedSessions', async () => {
  await signInTo(app);
  await signInTo(app);
  const other = await send('/id/login', { json: { identifier: person.email, password: PASSWORD } });
  const cookie = /sessionid=([^;]+)/.exec(other.headers.getSetCookie().join())?.[1] ?? '';
  const ended = await send('/id/sessions', { method: 'DELETE', ...as(cookie) });
  expect(json(ended)).toEqual({ endedSessions: 1 });
});
