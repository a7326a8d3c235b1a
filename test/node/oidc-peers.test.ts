// OpenID Connect with real peers: openid-client, Apache configured as in docs/openid-connect.md, and the SDK of MCP.
import { createHash } from 'node:crypto';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as client from 'openid-client';
import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, finish } from '../../examples/openid-client.ts';
import { type Apache, freePort, isWithoutApache, startApache } from './support-apache.ts';
import { isWithoutChromium, launchChromium } from './support-chromium.ts';
import { createMcpUser, type McpService, startMcpService } from './support-mcp.ts';
import { emailOf, PASSWORD, someName } from './support-person.ts';
import type { Service } from './support-service.ts';
import { startSigningService } from './support-signing-service.ts';
import { createVisitor, type Page, type Visitor } from './support-visitor.ts';

const SECRET = 'a secret of 43 characters, as the service makes';
/** No server listens there: the visitor stops at the address. */
const CALLBACK = 'https://app.example.org/callback';
const BYE = 'https://app.example.org/bye';

let service: Service;
let mcp: McpService;

beforeAll(async () => {
  mcp = await startMcpService();
  service = await startSigningService({
    ACCESS_TOKEN_AUDIENCES: `https://api.example.com, ${mcp.url}`,
    CLIENT_METADATA_DOCUMENTS: 'true',
  });
  mcp.trust(service.origin);
});
afterAll(() => Promise.all([service?.close(), mcp?.close()]));

interface Registered {
  id: string;
  redirectUris?: string[];
  signOutUris?: string[];
  secret?: string | null;
  asksConsent?: boolean;
}

/** Registers an app, as `npm run admin -- client add` does. */
const addApp = async ({
  id,
  redirectUris = [CALLBACK],
  signOutUris = [BYE],
  secret = SECRET,
  asksConsent = false,
}: Registered) =>
  service.execute(
    `INSERT INTO apps (id, name, secret_hash, redirect_uris, sign_out_uris, asks_consent, created_at)
      VALUES (?, ?, ?, ?, ?, ?, 1)`,
    id,
    `App ${id}`,
    secret === null ? null : createHash('sha256').update(secret).digest('hex'),
    JSON.stringify(redirectUris),
    JSON.stringify(signOutUris),
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

/** The configuration that an app would have, except that http is allowed. */
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

describe('openid-client', () => {
  it.each([
    ['with a secret', SECRET],
    ['without a secret', null],
  ])('signs in, reads user info, refreshes and revokes as an app %s', async (_, secret) => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id, secret });
    const configuration = await configure(id, secret);
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration, CALLBACK);
    const callback = await signIn(visitor, await visitor.open(url.href), name, CALLBACK);
    const { claims, tokens } = await finish(configuration, new URL(callback.url), checks);
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

  it('introspects a token as an app with its secret', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id });
    const configuration = await configure(id, SECRET);
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration, CALLBACK);
    const callback = await signIn(visitor, await visitor.open(url.href), name, CALLBACK);
    const { tokens } = await finish(configuration, new URL(callback.url), checks);
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

  it('gets access_denied or a code as the user denies or allows', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id, asksConsent: true });
    const configuration = await configure(id, SECRET);
    const visitor = createVisitor();
    const first = await begin(configuration, CALLBACK);
    const asked = await signIn(visitor, await visitor.open(first.url.href), name, CALLBACK);
    expect(asked.text).toContain(`App peer-${name}`);
    const denied = await visitor.submit(asked, { decision: 'deny' }, CALLBACK);
    await expect(finish(configuration, new URL(denied.url), first.checks)).rejects.toMatchObject({
      error: 'access_denied',
    });
    const second = await begin(configuration, CALLBACK);
    const page = await visitor.open(second.url.href, CALLBACK);
    const allowed = await visitor.submit(page, { decision: 'allow' }, CALLBACK);
    const { tokens } = await finish(configuration, new URL(allowed.url), second.checks);
    expect(tokens.claims()?.aud).toBe(id);
  });

  it('signs out at the service and in the app, and ends the tokens of the sign-in', async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id });
    const configuration = await configure(id, SECRET);
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration, CALLBACK);
    const callback = await signIn(visitor, await visitor.open(url.href), name, CALLBACK);
    const { tokens } = await finish(configuration, new URL(callback.url), checks);
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
    const silent = await begin(configuration, CALLBACK);
    silent.url.searchParams.set('prompt', 'none');
    const refused = await visitor.open(silent.url.href, CALLBACK);
    await expect(finish(configuration, new URL(refused.url), silent.checks)).rejects.toMatchObject({
      error: 'login_required',
    });
  });

  it("rejects the response to another request, and gets no tokens for another app's code", async () => {
    const name = await join();
    const id = `peer-${name}`;
    await addApp({ id });
    await addApp({ id: `other-${name}` });
    const [configuration, other] = [await configure(id, SECRET), await configure(`other-${name}`, SECRET)];
    const visitor = createVisitor();
    const { url, checks } = await begin(configuration, CALLBACK);
    const callback = await signIn(visitor, await visitor.open(url.href), name, CALLBACK);
    const foreign = await begin(configuration, CALLBACK);
    await expect(finish(configuration, new URL(callback.url), foreign.checks)).rejects.toThrow();
    await expect(finish(other, new URL(callback.url), checks)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

describe.skipIf(isWithoutApache() || isWithoutChromium())('Apache with mod_auth_openidc in Chromium', () => {
  let browser: Browser;
  let apache: Apache;

  /** Starts Apache as in the document, at the address of an app that is registered for it. */
  const start = async (changes: Record<string, string>): Promise<Apache> => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const id = `apache-${port}`;
    await addApp({ id, redirectUris: [`${origin}/oidc/callback`], signOutUris: [`${origin}/bye`] });
    return startApache(
      port,
      {
        'https://accounts.example.com': service.origin,
        'https://wiki.example.com': origin,
        'the-client-id': id,
        'the-client-secret': `"${SECRET}"`,
        ...changes,
      },
      // Shows the tokens to the browser, for this test only.
      'OIDCInfoHook access_token session userinfo id_token',
    );
  };

  beforeAll(async () => {
    [browser, apache] = await Promise.all([launchChromium(), start({})]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), apache?.close()]);
  });

  const newTab = async (): Promise<Tab> => (await browser.newContext()).newPage();
  const signInThere = async (tab: Tab, name: string, { origin }: Apache): Promise<void> => {
    await tab.goto(`${origin}/index.html?page=2`);
    expect(new URL(tab.url()).origin).toBe(service.origin);
    await tab.getByLabel('Username or email').fill(name);
    await tab.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await tab.getByRole('button', { name: 'Sign in', exact: true }).click();
    await tab.waitForURL(`${origin}/index.html?page=2`);
    expect(await tab.locator('h1').innerText()).toBe('The wiki');
  };
  const infoOf = async (tab: Tab, { origin }: Apache) => {
    const response = await tab.context().request.get(`${origin}/oidc/callback?info=json`);
    return response.json();
  };

  it('signs in, returns to the requested page, refreshes, and signs out on both sides', async () => {
    const name = await join();
    const tab = await newTab();
    await signInThere(tab, name, apache);
    const info = await infoOf(tab, apache);
    expect(info).toMatchObject({
      userinfo: { email: emailOf(name), preferred_username: name },
      id_token: { iss: service.origin, email: emailOf(name) },
    });

    const back = encodeURIComponent(`${apache.origin}/index.html`);
    await tab.goto(`${apache.origin}/oidc/callback?refresh=${back}&access_token=${info.access_token}`);
    expect(tab.url()).toBe(`${apache.origin}/index.html`);
    expect((await infoOf(tab, apache)).access_token).not.toBe(info.access_token);

    const bye = encodeURIComponent(`${apache.origin}/bye`);
    await tab.goto(`${apache.origin}/oidc/callback?logout=${bye}`);
    await tab.waitForURL((url) => url.href.startsWith(`${apache.origin}/bye`));
    expect(await tab.locator('body').innerText()).toBe('Signed out');
    await tab.goto(`${apache.origin}/index.html`);
    expect(new URL(tab.url()).origin).toBe(service.origin);
    expect(await tab.locator('h1').innerText()).toBe('Sign in');
    await tab.context().close();
  });

  it('rejects a response that it did not request', async () => {
    const name = await join();
    const tab = await newTab();
    await tab.goto(`${apache.origin}/index.html`);
    await tab.goto(`${apache.origin}/oidc/callback?code=${'0'.repeat(32)}.${'A'.repeat(43)}&state=none`);
    expect(await tab.locator('body').innerText()).not.toContain('The wiki');
    // A sign-in in another browser does not sign in this one.
    const other = await newTab();
    await signInThere(other, name, apache);
    await tab.goto(`${apache.origin}/index.html`);
    expect(new URL(tab.url()).origin).toBe(service.origin);
    await Promise.all([tab.context().close(), other.context().close()]);
  });

  it('signs a user out at the next refresh after a sign-out at the service', async () => {
    // Each request refreshes.
    const eager = await start({ 'BeforeExpiry 60': 'BeforeExpiry 100000' });
    const name = await join();
    const tab = await newTab();
    await signInThere(tab, name, eager);
    await tab.reload();
    expect(await tab.locator('h1').innerText()).toBe('The wiki');
    await service.execute(
      'DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE username = ?)',
      name,
    );
    await tab.goto(`${eager.origin}/index.html`);
    expect(await tab.locator('body').innerText()).not.toContain('The wiki');
    await tab.context().close();
    await eager.close();
  });
});

describe('the SDK of the Model Context Protocol', () => {
  const open = async (user: ReturnType<typeof createMcpUser>) => {
    const transport = new StreamableHTTPClientTransport(new URL(mcp.url), { authProvider: user });
    const opened = new Client({ name: 'a client', version: '1.0.0' });
    return { transport, opened, connected: opened.connect(transport) };
  };
  const whoIs = async (user: ReturnType<typeof createMcpUser>): Promise<unknown> => {
    const { opened, connected } = await open(user);
    await connected;
    const { content } = await opened.callTool({ name: 'who' });
    await opened.close();
    return content;
  };

  it.each(['a client that is registered', 'a client that describes itself in a document'])(
    'signs in as %s, calls a tool, and refreshes',
    async (kind) => {
      const name = await join();
      const isRegistered = kind.endsWith('registered');
      const id = isRegistered ? `mcp-${name}` : mcp.clientUrl;
      if (isRegistered)
        await addApp({ id, secret: null, redirectUris: ['http://127.0.0.1:1/callback'], asksConsent: true });
      // An app learns its port when it starts.
      const user = createMcpUser(id, 'http://127.0.0.1:49152/callback');
      const { transport, connected } = await open(user);
      await expect(connected).rejects.toThrow(UnauthorizedError);
      const visitor = createVisitor();
      const form = await visitor.open(user.sentTo?.href ?? expect.fail('no address'));
      expect(user.sentTo?.searchParams.get('resource')).toBe(mcp.url);
      const asked = await signIn(visitor, form, name, 'http://127.0.0.1:49152');
      const callback = await visitor.submit(asked, { decision: 'allow' }, 'http://127.0.0.1:49152');
      await transport.finishAuth(new URL(callback.url).searchParams.get('code') ?? '');

      const [account] = await service.query(`SELECT public_id FROM users WHERE username = '${name}'`);
      const told = [{ type: 'text', text: account?.['public_id'] }];
      expect(await whoIs(user)).toEqual(told);

      const before = user.saved ?? expect.fail('no tokens');
      user.saved = { ...before, access_token: 'expired' };
      expect(await whoIs(user)).toEqual(told);
      expect(user.saved.refresh_token).not.toBe(before.refresh_token);

      await service.execute(
        'DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE username = ?)',
        name,
      );
      user.saved = { ...user.saved, access_token: 'expired' };
      await expect(whoIs(user)).rejects.toThrow(UnauthorizedError);
    },
  );

  it('gets invalid_target for an unknown resource server', async () => {
    const name = await join();
    const id = `mcp-${name}`;
    await addApp({ id, secret: null, redirectUris: ['http://127.0.0.1:1/callback'] });
    const user = createMcpUser(id, 'http://127.0.0.1:49152/callback');
    const { connected } = await open(user);
    await expect(connected).rejects.toThrow(UnauthorizedError);
    const url = new URL(user.sentTo ?? expect.fail('no address'));
    url.searchParams.set('resource', 'https://evil.example/mcp');
    const refused = await createVisitor().open(url.href, 'http://127.0.0.1:49152');
    expect(new URL(refused.url).searchParams.get('error')).toBe('invalid_target');
  });
});
