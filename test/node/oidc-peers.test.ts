// Apps sign people in at a service that really runs: by openid-client, as an app with a secret and as one without.
import { createHash } from 'node:crypto';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emailOf, PASSWORD, someName } from './support-person.ts';
import type { Service } from './support-service.ts';
import { startSigningService } from './support-signing-service.ts';
import { createVisitor, type Page, type Visitor } from './support-visitor.ts';

const SECRET = 'a secret of 43 characters, as the service makes';
/** Nobody listens there: the visitor stops at the address. */
const CALLBACK = 'https://app.example.org/callback';
const BYE = 'https://app.example.org/bye';

let service: Service;

beforeAll(async () => {
  service = await startSigningService();
});
afterAll(() => service?.close());

interface Registered {
  id: string;
  redirectUris?: string[];
  secret?: string | null;
  asksConsent?: boolean;
}

/** Registers an app, as `npm run admin -- client add` does. */
const addApp = async ({ id, redirectUris = [CALLBACK], secret = SECRET, asksConsent = false }: Registered) =>
  service.execute(
    `INSERT INTO apps (id, name, secret_hash, redirect_uris, sign_out_uris, asks_consent, created_at)
      VALUES (?, ?, ?, ?, ?, ?, 1)`,
    id,
    `App ${id}`,
    secret === null ? null : createHash('sha256').update(secret).digest('hex'),
    JSON.stringify(redirectUris),
    JSON.stringify([BYE]),
    asksConsent ? 1 : 0,
  );

const join = async (): Promise<string> => {
  const name = someName();
  const response = await fetch(`${service.origin}/id/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: name, email: emailOf(name), name: 'Mary Ann', password: PASSWORD }),
  });
  expect(response.status).toBe(201);
  return name;
};

const signIn = (visitor: Visitor, page: Page, name: string, until: string): Promise<Page> =>
  visitor.submit(page, { identifier: name, password: PASSWORD }, until);

/** As the app would set the library up, but that the service has no certificate here. */
const configure = async (id: string, secret: string | null): Promise<client.Configuration> => {
  const configuration = await client.discovery(
    new URL(service.origin),
    id,
    {},
    secret === null ? client.None() : client.ClientSecretBasic(secret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
  return configuration;
};

const begin = async (configuration: client.Configuration, more: Record<string, string> = {}) => {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  });
  return { url: url.href, checks };
};

describe('openid-client', () => {
  it.each([
    ['with a secret', SECRET],
    ['without a secret', null],
  ])('signs somebody in as an app %s: tokens, user info, refresh, revocation', async (_, secret) => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id, secret });
    const configuration = await configure(id, secret);
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration);
    const callback = await signIn(visitor, await visitor.open(url), name, CALLBACK);
    const tokens = await client.authorizationCodeGrant(configuration, new URL(callback.url), checks);
    const claims = tokens.claims() ?? expect.fail('no ID token');
    expect(claims).toMatchObject({ iss: service.origin, aud: id, email: emailOf(name), amr: ['pwd'] });

    const told = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    expect(told).toMatchObject({ sub: claims.sub, name: 'Mary Ann', preferred_username: name });

    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(refreshed.claims()).toMatchObject({ sub: claims.sub, auth_time: claims['auth_time'] });

    await client.tokenRevocation(configuration, refreshed.refresh_token ?? '');
    await expect(client.fetchUserInfo(configuration, refreshed.access_token, claims.sub)).rejects.toThrow();
    await expect(
      client.refreshTokenGrant(configuration, refreshed.refresh_token ?? ''),
    ).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('asks whether a token is good, as an app with a secret', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id });
    const configuration = await configure(id, SECRET);
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration);
    const callback = await signIn(visitor, await visitor.open(url), name, CALLBACK);
    const tokens = await client.authorizationCodeGrant(configuration, new URL(callback.url), checks);
    expect(await client.tokenIntrospection(configuration, tokens.access_token)).toMatchObject({
      active: true,
      client_id: id,
      sub: tokens.claims()?.sub,
    });
    expect(await client.tokenIntrospection(configuration, 'nothing')).toEqual({ active: false });
    const wrong = await configure(id, 'another secret');
    await expect(client.tokenIntrospection(wrong, tokens.access_token)).rejects.toMatchObject({
      status: 401,
    });
  });

  it('is told of a person who does not agree, and of one who does', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id, asksConsent: true });
    const configuration = await configure(id, SECRET);
    const visitor = createVisitor();
    const first = await begin(configuration);
    const asked = await signIn(visitor, await visitor.open(first.url), name, CALLBACK);
    expect(asked.text).toContain(`App peer-${name}`);
    const denied = await visitor.submit(asked, { decision: 'deny' }, CALLBACK);
    await expect(
      client.authorizationCodeGrant(configuration, new URL(denied.url), first.checks),
    ).rejects.toMatchObject({ error: 'access_denied' });
    const second = await begin(configuration);
    const page = await visitor.open(second.url, CALLBACK);
    const allowed = await visitor.submit(page, { decision: 'allow' }, CALLBACK);
    const tokens = await client.authorizationCodeGrant(configuration, new URL(allowed.url), second.checks);
    expect(tokens.claims()?.aud).toBe(id);
  });

  it('signs somebody out, here and in the app: what came of the sign-in ends', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id });
    const configuration = await configure(id, SECRET);
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration);
    const callback = await signIn(visitor, await visitor.open(url), name, CALLBACK);
    const tokens = await client.authorizationCodeGrant(configuration, new URL(callback.url), checks);
    const out = client.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: BYE,
      id_token_hint: tokens.id_token ?? '',
      state: 'mine',
    });
    expect((await visitor.open(out.href, BYE)).url).toBe(`${BYE}?state=mine`);
    expect((await visitor.open(`${service.origin}/`)).text).toContain('Sign in');
    await expect(client.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    const silent = await begin(configuration, { prompt: 'none' });
    const refused = await visitor.open(silent.url, CALLBACK);
    await expect(
      client.authorizationCodeGrant(configuration, new URL(refused.url), silent.checks),
    ).rejects.toMatchObject({ error: 'login_required' });
  });

  it('rejects the answer to another request, and gets nothing for the code of another app', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id });
    await addApp({ id: `other-${name}` });
    const [configuration, other] = [await configure(id, SECRET), await configure(`other-${name}`, SECRET)];
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration);
    const callback = await signIn(visitor, await visitor.open(url), name, CALLBACK);
    const foreign = await begin(configuration);
    await expect(
      client.authorizationCodeGrant(configuration, new URL(callback.url), foreign.checks),
    ).rejects.toThrow();
    await expect(client.authorizationCodeGrant(other, new URL(callback.url), checks)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});
