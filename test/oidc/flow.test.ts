// An app signs a person in by oauth4webapi, which checks every answer: code, tokens, user info, refresh, revocation, sign-out.
import * as oauth from 'oauth4webapi';
import { beforeEach, describe, expect, it } from 'vitest';
import { ISSUER } from '../support/signing.ts';
import { send, testEnv } from '../support/worker.ts';
import {
  addApp,
  ask,
  authOf,
  clientOf,
  decide,
  discover,
  env,
  exchange,
  goesOnTo,
  join,
  locationOf,
  open,
  options,
  type Person,
  refresh,
  SIGNED_OUT,
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

const signedIn = async () => {
  const tokens = await exchange(app, await signIn(app, person));
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens) ?? expect.fail('no ID token') };
};

/** The claims of an access token. */
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(
    new TextDecoder().decode(Uint8Array.fromBase64(token.split('.')[1] ?? '', { alphabet: 'base64url' })),
  );

const logOut = () => send('/id/logout', { method: 'POST', cookie: person.cookie });

describe('sign-in to an app', () => {
  it('issues tokens that the library accepts, with the claims of all scopes', async () => {
    const { tokens, claims } = await signedIn();
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'openid profile email offline_access' });
    expect(claims).toMatchObject({
      iss: ISSUER,
      aud: app.id,
      sub: expect.stringMatching(/^[0-9a-f]{32}$/),
      email: person.email,
      email_verified: false,
      name: 'Mary Ann',
      preferred_username: person.username,
      amr: ['pwd'],
      acr: 'urn:latchkey:acr:1',
      auth_time: expect.any(Number),
    });
    const told = await userInfo(tokens.access_token);
    expect(told).toMatchObject({
      status: 200,
      body: { sub: claims.sub, email: person.email, name: 'Mary Ann' },
    });
  });

  it('issues no claims beyond the scopes, and no refresh token without offline_access', async () => {
    const tokens = await exchange(app, await signIn(app, person, { scope: 'openid' }));
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    expect(Object.keys(claims ?? {})).not.toEqual(expect.arrayContaining(['email']));
    expect((await userInfo(tokens.access_token)).body).toEqual({ sub: claims?.sub });
    expect(tokens.refresh_token).toBeUndefined();
  });

  /** The address that the form of a page continues to. */
  const onward = (text: string): string =>
    /name="to" value="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? expect.fail(text);

  it('asks an anonymous visitor to sign in, then continues with the same request', async () => {
    const asked = await ask(app);
    const page = await open(asked.parameters);
    expect([page.status, page.text.includes('<h1>Sign in</h1>')]).toEqual([200, true]);
    const back = onward(page.text);
    const fields = { identifier: person.email, password: 'four walls and a door', to: back };
    const done = await send('/sign-in', { form: fields, env, origin: ISSUER });
    expect(locationOf(done).pathname + locationOf(done).search).toBe(back);
    const again = Object.fromEntries(locationOf(done).searchParams);
    expect(again).toEqual({ ...asked.parameters, since: again['since'] });
  });

  it('fills in login_hint, but puts no hint into an address of the service', async () => {
    const hints = { login_hint: person.email, id_token_hint: `eyJ.${person.email}.x`, ui_locales: 'de' };
    const { parameters } = await ask(app, hints);
    const page = await open(parameters);
    expect(page.text).toContain(`value="${person.email}"`);
    expect(decodeURIComponent(onward(page.text))).not.toMatch(/hint|@/);
    // A person who is signed in and has to sign in again.
    const confirm = locationOf(await open({ ...parameters, prompt: 'login' }, person.cookie));
    expect(confirm.pathname).toBe('/confirm');
    expect(decodeURIComponent(confirm.search)).not.toMatch(/hint|@/);
    // The same as a form, which apps use to keep hints out of addresses.
    const posted = await send('/oidc/authorize', { form: parameters, env, origin: ISSUER });
    expect(decodeURIComponent(locationOf(posted).search)).not.toMatch(/login_hint|@/);
  });

  it('ignores a login_hint that is longer than any identifier', async () => {
    const page = await open((await ask(app, { login_hint: 'a'.repeat(1_025) })).parameters);
    expect(page.text).not.toContain('aaaaaaaa');
  });

  it('rejects a request object in a form without copying it into an address', async () => {
    const { parameters } = await ask(app, { request: 'eyJ.an email.x' });
    const posted = locationOf(await send('/oidc/authorize', { form: parameters, env, origin: ISSUER }));
    expect(posted.searchParams.get('request')).toBe('sent');
    const refused = locationOf(await open(Object.fromEntries(posted.searchParams)));
    expect(refused.searchParams.get('error')).toBe('request_not_supported');
  });

  it('redirects by a page after a form of the service, because form-action blocks a 303', async () => {
    const asked = await ask(app);
    const answer = await send(`/oidc/authorize?${new URLSearchParams(asked.parameters)}`, {
      env,
      origin: ISSUER,
      cookie: person.cookie,
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(
      /http-equiv="refresh" content="0;url=https:\/\/app\.example\.org\/callback\?code=/,
    );
    expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
  });

  it('accepts a request as a form from another site, without the cookie', async () => {
    const { parameters } = await ask(app);
    const answer = await send('/oidc/authorize', {
      form: parameters,
      env,
      origin: ISSUER,
      headers: { Origin: 'https://app.example.org', 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(locationOf(answer).searchParams.get('client_id')).toBe(app.id);
  });

  it('requires a new sign-in for prompt=login and an exceeded max_age, then issues a code', async () => {
    for (const more of [{ prompt: 'login' }, { max_age: '1' }] as Record<string, string>[]) {
      await testEnv.DB.prepare('UPDATE sessions SET authenticated_at = ?1, created_at = ?1')
        .bind(Date.now() - 5_000)
        .run();
      const asked = await ask(app, more);
      const to = locationOf(await open(asked.parameters, person.cookie));
      expect(to.pathname).toBe('/confirm');
      // The page shows its form even if the sign-in is recent.
      const page = await send(`${to.pathname}${to.search}`, { env, origin: ISSUER, cookie: person.cookie });
      expect(page.status).toBe(200);
      const confirmed = await send('/confirm', {
        form: { password: 'four walls and a door', to: to.searchParams.get('to') ?? '' },
        env,
        origin: ISSUER,
        cookie: person.cookie,
      });
      const cookie = /sessionid=([^;]+)/.exec(confirmed.headers.getSetCookie().join())?.[1] ?? '';
      person = { ...person, cookie };
      const back = locationOf(confirmed);
      const done = await send(back.pathname + back.search, { env, origin: ISSUER, cookie });
      expect(locationOf(done).searchParams.get('code')).not.toBeNull();
    }
  });

  it('answers prompt=none without a page: a code, login_required or consent_required', async () => {
    const silent = { prompt: 'none' };
    expect((await signIn(app, person, silent)).callback.searchParams.get('code')).not.toBeNull();
    const asked = await ask(app, silent);
    expect(locationOf(await open(asked.parameters)).searchParams.get('error')).toBe('login_required');
    app = await addApp({ asksConsent: true });
    expect((await signIn(app, person, silent)).callback.searchParams.get('error')).toBe('consent_required');
  });
});

describe('consent', () => {
  beforeEach(async () => {
    app = await addApp({ asksConsent: true });
  });

  it('asks once, and again only for a new scope or prompt=consent', async () => {
    const asked = await ask(app, { scope: 'openid' });
    const page = await open(asked.parameters, person.cookie);
    expect([page.status, page.text.includes('Continue')]).toEqual([200, true]);
    await exchange(app, { asked, callback: goesOnTo(await decide(person, 'allow', asked)) });
    expect((await signIn(app, person, { scope: 'openid' })).callback.searchParams.get('code')).not.toBeNull();
    const more = await ask(app, { scope: 'openid email' });
    expect((await open(more.parameters, person.cookie)).status).toBe(200);
    const again = await ask(app, { scope: 'openid', prompt: 'consent' });
    expect((await open(again.parameters, person.cookie)).status).toBe(200);
  });

  it('sends the app access_denied and no code if the person denies', async () => {
    const asked = await ask(app);
    const denied = await decide(person, 'deny', asked);
    expect(denied.text).toContain('error=access_denied');
    expect(denied.text).not.toContain('code=');
  });

  it("rejects another site's form with 403 and cannot be framed", async () => {
    const asked = await ask(app);
    const answer = await send('/oidc/consent', {
      form: { request: String(new URLSearchParams(asked.parameters)), decision: 'allow' },
      env,
      origin: ISSUER,
      cookie: person.cookie,
      headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(answer.status).toBe(403);
    const page = await open(asked.parameters, person.cookie);
    expect(page.headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'");
  });

  it('rejects a redirect_uri in the form that is not registered', async () => {
    const asked = await ask(app, { redirect_uri: 'https://evil.example/' });
    const answer = await decide(person, 'allow', asked);
    expect([answer.status, answer.text.includes('evil.example')]).toEqual([400, false]);
  });

  it('can be withdrawn at /apps by its owner only, which ends the tokens', async () => {
    const asked = await ask(app);
    const callback = goesOnTo(await decide(person, 'allow', asked));
    const tokens = await exchange(app, { asked, callback });
    const sent = { env, origin: ISSUER, cookie: person.cookie };
    expect((await send('/apps', sent)).text).toContain(`App ${app.id}`);
    const stranger = await join();
    await send('/apps/withdraw', { ...sent, cookie: stranger.cookie, form: { app: app.id } });
    expect((await userInfo(tokens.access_token)).status).toBe(200);
    expect((await send('/apps', sent)).text).toContain(`App ${app.id}`);
    expect((await send('/apps/withdraw', { ...sent, form: { app: app.id } })).status).toBe(303);
    expect((await send('/apps', sent)).text).not.toContain(`App ${app.id}`);
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    await expect(refresh(app, tokens.refresh_token ?? '')).rejects.toThrow();
  });

  it("appears in its owner's export only, until it is withdrawn", async () => {
    const asked = await ask(app, { scope: 'openid email' });
    await decide(person, 'allow', asked);
    const sent = { env, origin: ISSUER, cookie: person.cookie };
    const stranger = await join();
    const exportedTo = async (cookie: string) =>
      JSON.parse((await send('/id/export', { ...sent, cookie })).text).apps;
    expect(await exportedTo(person.cookie)).toEqual([
      { id: app.id, name: `App ${app.id}`, scopes: ['openid', 'email'], consentedAt: expect.any(String) },
    ]);
    expect(await exportedTo(stranger.cookie)).toEqual([]);
    await send('/apps/withdraw', { ...sent, form: { app: app.id } });
    expect(await exportedTo(person.cookie)).toEqual([]);
  });
});

describe('tokens of a sign-in', () => {
  it('end with the session, and are rejected while the account is disabled', async () => {
    const { tokens } = await signedIn();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(person.email).run();
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = NULL WHERE email = ?').bind(person.email).run();
    expect((await userInfo(tokens.access_token)).status).toBe(200);
    await logOut();
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    await expect(refresh(app, tokens.refresh_token ?? '')).rejects.toThrow();
  });

  it('survive a password change that keeps the session, and do not count in endedSessions', async () => {
    const { tokens } = await signedIn();
    const changed = await send('/id/me/password', {
      method: 'PUT',
      json: { currentPassword: 'four walls and a door', newPassword: 'seven doors and a wall' },
      cookie: person.cookie,
    });
    expect(JSON.parse(changed.text)).toMatchObject({ endedSessions: 0 });
    expect((await userInfo(tokens.access_token)).status).toBe(200);
  });

  it('belong to each other: the ID token has the hash of its access token, and each access token its own id', async () => {
    const { tokens, claims } = await signedIn();
    const digest = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(tokens.access_token)),
    );
    const half = digest.subarray(0, digest.length / 2);
    expect(claims['at_hash']).toBe(half.toBase64({ alphabet: 'base64url', omitPadding: true }));
    const next = await refresh(app, tokens.refresh_token ?? '');
    expect(claimsOf(next.access_token)['jti']).not.toBe(claimsOf(tokens.access_token)['jti']);
  });

  it('expire with the session at the latest', async () => {
    const { tokens } = await signedIn();
    const seconds = 30;
    await testEnv.DB.prepare('UPDATE sessions SET expires_at = ? WHERE user_id = ?')
      .bind(Date.now() + seconds * 1000, person.id)
      .run();
    const next = await refresh(app, tokens.refresh_token ?? '');
    expect(next.expires_in).toBeLessThanOrEqual(seconds + 1);
    const { exp, iat } = claimsOf(next.access_token);
    expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(seconds + 1);
  });

  it('can be refreshed, with a new refresh token each time', async () => {
    const { tokens } = await signedIn();
    const second = await refresh(app, tokens.refresh_token ?? '');
    expect(second.refresh_token).not.toBe(tokens.refresh_token);
    expect((await userInfo(second.access_token)).status).toBe(200);
    const third = await refresh(app, second.refresh_token ?? '');
    expect((await userInfo(third.access_token)).status).toBe(200);
  });

  it('can be revoked by their app only', async () => {
    const { tokens } = await signedIn();
    const server = await discover();
    const revoke = async (by: TestApp, token: string) =>
      oauth.processRevocationResponse(
        await oauth.revocationRequest(server, clientOf(by), authOf(by), token, options),
      );
    await revoke(await addApp(), tokens.refresh_token ?? '');
    expect((await userInfo(tokens.access_token)).status).toBe(200);
    await revoke(app, tokens.refresh_token ?? '');
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    await revoke(app, 'nothing');
  });

  it('can be introspected by their app only, which needs a secret', async () => {
    const { tokens } = await signedIn();
    const server = await discover();
    const introspect = async (by: TestApp, token: string) =>
      oauth.processIntrospectionResponse(
        server,
        clientOf(by),
        await oauth.introspectionRequest(server, clientOf(by), authOf(by), token, options),
      );
    expect(await introspect(app, tokens.access_token)).toMatchObject({ active: true, client_id: app.id });
    expect(await introspect(app, tokens.refresh_token ?? '')).toMatchObject({ active: true });
    expect(await introspect(await addApp(), tokens.access_token)).toEqual({ active: false });
    await refresh(app, tokens.refresh_token ?? '');
    expect(await introspect(app, tokens.refresh_token ?? '')).toEqual({ active: false });
    const open = await addApp({ secret: null });
    await expect(introspect(open, tokens.access_token)).rejects.toThrow();
  });
});

describe('/oidc/logout', () => {
  const openLogout = (parameters: Record<string, string>) =>
    send(`/oidc/logout?${new URLSearchParams(parameters)}`, { env, origin: ISSUER, cookie: person.cookie });

  it('ends the session that the ID token names, and returns to a registered address', async () => {
    const { tokens } = await signedIn();
    const answer = await openLogout({
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: SIGNED_OUT,
      state: 'mine',
    });
    expect(locationOf(answer).href).toBe(`${SIGNED_OUT}?state=mine`);
    expect((await send('/id/me', { cookie: person.cookie })).status).toBe(401);
  });

  it('asks for confirmation if the ID token is from another issuer with the same keys', async () => {
    const { tokens } = await signedIn();
    const other = { ...env, PUBLIC_URL: 'https://other.example.com' };
    const path = `/oidc/logout?${new URLSearchParams({ id_token_hint: tokens.id_token ?? '' })}`;
    const answer = await send(path, { env: other, cookie: person.cookie });
    expect([answer.status, answer.text.includes('Sign out?')]).toEqual([200, true]);
    expect((await send('/id/me', { cookie: person.cookie })).status).toBe(200);
  });

  it('accepts a form, and puts no email or name into an address of the service', async () => {
    const { tokens } = await signedIn();
    const hint = tokens.id_token ?? '';
    expect(atob(hint.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '')).toContain(person.email);
    const form = {
      id_token_hint: hint,
      logout_hint: person.email,
      post_logout_redirect_uri: SIGNED_OUT,
      state: 'mine',
    };
    const posted = locationOf(
      await send('/oidc/logout', { form, env, origin: ISSUER, headers: { 'Sec-Fetch-Site': 'cross-site' } }),
    );
    const short = posted.searchParams.get('id_token_hint') ?? expect.fail(posted.href);
    const told = short
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))));
    expect(told.flatMap((part) => Object.keys(part))).toEqual([
      'alg',
      'typ',
      'kid',
      'iss',
      'aud',
      'sub',
      'sid',
    ]);
    expect(posted.searchParams.has('logout_hint')).toBe(false);
    const answer = await openLogout(Object.fromEntries(posted.searchParams));
    expect(locationOf(answer).href).toBe(`${SIGNED_OUT}?state=mine`);
    expect((await send('/id/me', { cookie: person.cookie })).status).toBe(401);
    // The shortened hint names the sign-in. It is not an ID token or an access token.
    expect((await userInfo(short)).status).toBe(401);
  });

  it('asks for confirmation without an ID token of the account, and ignores an unregistered address', async () => {
    const other = { ...person };
    const { tokens } = await signedIn();
    person = await join();
    for (const parameters of [{ client_id: app.id }, { id_token_hint: tokens.id_token ?? '' }, {}]) {
      const answer = await openLogout({
        ...parameters,
        post_logout_redirect_uri: 'https://evil.example/',
      } as Record<string, string>);
      expect([answer.status, answer.text.includes('Sign out?')]).toEqual([200, true]);
    }
    expect((await send('/id/me', { cookie: person.cookie })).status).toBe(200);
    const request = String(
      new URLSearchParams({ client_id: app.id, post_logout_redirect_uri: 'https://evil.example/' }),
    );
    const form = { request };
    const done = await send('/oidc/logout/confirm', { form, env, origin: ISSUER, cookie: person.cookie });
    expect(locationOf(done).pathname).toBe('/sign-in');
    expect((await send('/id/me', { cookie: other.cookie })).status).toBe(200);
  });
});

it('answers 404 on every provider path and hides the link to /apps without signing keys', async () => {
  for (const path of ['/.well-known/openid-configuration', '/oidc/userinfo', '/oidc/authorize', '/apps'])
    expect([path, (await send(path, { cookie: person.cookie })).status]).toEqual([path, 404]);
  expect((await send('/', { cookie: person.cookie })).text).not.toContain('href="/apps"');
});

it('links from the account page to /apps and back', async () => {
  const sent = { env, origin: ISSUER, cookie: person.cookie };
  expect((await send('/', sent)).text).toContain('href="/apps"');
  const apps = await send('/apps', sent);
  expect([apps.status, apps.text]).toEqual([200, expect.stringContaining('<p class="back"><a href="/">')]);
});
