// The parameters of a request to /oidc/authorize, alone and combined, and the answers to them.
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as factors from '../support/passkeys.ts';
import { API, ISSUER } from '../support/signing.ts';
import { type Answer, json, send, sessionCookie, testEnv } from '../support/worker.ts';
import {
  addApp,
  ask,
  decide,
  env,
  exchange,
  goesOnTo,
  join,
  locationOf,
  open,
  PASSWORD,
  type Person,
  refresh,
  SECRET,
  SIGNED_OUT,
  signIn,
  type TestApp,
  userInfo,
} from './support-oidc.ts';

let app: TestApp;
let person: Person;

beforeEach(async () => {
  vi.useRealTimers();
  app = await addApp();
  person = await join();
});

const here = () => ({ env, origin: ISSUER, cookie: person.cookie });
const basic = ({ id }: TestApp) => ({ Authorization: `Basic ${btoa(`${id}:${SECRET}`)}` });
const post = (path: string, form: Record<string, string>) =>
  send(path, { form, headers: basic(app), env, origin: ISSUER });
const errorOf = (answer: Answer) => [answer.status, JSON.parse(answer.text).error];
const tokensOf = async (more: Record<string, string> = {}) => exchange(app, await signIn(app, person, more));
const claimsOf = (tokens: oauth.TokenEndpointResponse) =>
  oauth.getValidatedIdTokenClaims(tokens) ?? expect.fail('no ID token');

/** Confirms the password on the page that an answer redirects to, and returns the address that follows. */
const confirm = async (answer: Answer, proof: Record<string, string> = { password: PASSWORD }) => {
  const page = locationOf(answer);
  const to = page.searchParams.get('to') ?? expect.fail(page.href);
  const confirmed = await send('/confirm', { ...here(), form: { ...proof, to } });
  person = { ...person, cookie: sessionCookie(confirmed) ?? expect.fail(confirmed.text) };
  return locationOf(confirmed);
};
/** The address that a sign-in form continues to. */
const onward = ({ text }: Answer): string =>
  /name="to" value="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? expect.fail(text);
const follow = ({ pathname, search }: URL) => send(pathname + search, here());

describe('prompt', () => {
  it('requires a new sign-in and then consent for prompt=login consent', async () => {
    const asked = await ask(app, { prompt: 'login consent' });
    const first = await open(asked.parameters, person.cookie);
    expect(locationOf(first).pathname).toBe('/confirm');
    const page = await follow(await confirm(first));
    expect([page.status, page.text.includes(`Sign in to App ${app.id}?`)]).toEqual([200, true]);
  });

  it('requires a new sign-in for prompt=login if since is in the future or over ten minutes ago', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const since of [0, 1, now - 601, now + 60]) {
      const asked = await ask(app, { prompt: 'login', since: String(since) });
      expect([since, locationOf(await open(asked.parameters, person.cookie)).pathname]).toEqual([
        since,
        '/confirm',
      ]);
    }
  });

  it('answers login_required for prompt=none if id_token_hint does not name the signed-in account', async () => {
    const mine = (await tokensOf()).id_token ?? '';
    const silent = { prompt: 'none', id_token_hint: mine };
    expect((await signIn(app, person, silent)).callback.searchParams.get('code')).not.toBeNull();
    const other = await join();
    expect((await signIn(app, other, silent)).callback.searchParams.get('error')).toBe('login_required');
    const loud = { id_token_hint: mine };
    expect((await signIn(app, other, loud)).callback.searchParams.get('error')).toBe('login_required');
    // A hint that cannot be verified is ignored, but `prompt=none` is not answered with a code.
    const forged = { id_token_hint: `${mine.slice(0, -4)}AAAA` };
    expect((await signIn(app, person, forged)).callback.searchParams.get('code')).not.toBeNull();
    const silently = await signIn(app, person, { ...forged, prompt: 'none' });
    expect(silently.callback.searchParams.get('error')).toBe('login_required');
    // The hint that is passed on through sign-in or from a form has the same effect and no email.
    const asked = await ask(app, loud);
    const posted = await send('/oidc/authorize', { form: asked.parameters, env, origin: ISSUER });
    for (const to of [onward(await open(asked.parameters)), locationOf(posted).href]) {
      const hint = new URL(to, ISSUER).searchParams.get('id_token_hint') ?? expect.fail(to);
      expect(decodeJwt(hint)).not.toHaveProperty('email');
      const { pathname, search } = new URL(to, ISSUER);
      const answer = await send(pathname + search, { ...here(), cookie: other.cookie });
      expect(locationOf(answer).searchParams.get('error')).toBe('login_required');
    }
  });
});

describe('acr_values', () => {
  const two = { acr_values: 'urn:latchkey:acr:2' };
  /** Adds an authenticator app to the account and leaves the session at the password alone. */
  const addFactor = async () => {
    const { id, email: identifier } = person;
    const login = await send('/id/login', { json: { identifier, password: PASSWORD, session: 'token' } });
    const totp = await factors.addTotp({ id, token: JSON.parse(login.text).token });
    await testEnv.DB.prepare('UPDATE sessions SET factor = NULL WHERE user_id = ?').bind(id).run();
    return totp;
  };

  it('asks for the second factor if the account has one, and states it in acr and amr', async () => {
    const totp = await addFactor();
    const asked = await ask(app, two);
    const first = await open(asked.parameters, person.cookie);
    const page = locationOf(first);
    expect(page.pathname + page.search).toMatch(/^\/confirm\?again=1&factor=1&to=/);
    const form = await follow(page);
    expect(form.text).toContain('name="code"');
    expect(form.text).not.toContain('name="password"');
    const back = await follow(await confirm(first, { code: await totp.fresh() }));
    const tokens = await exchange(app, { asked, callback: locationOf(back) });
    expect(claimsOf(tokens)).toMatchObject({ acr: 'urn:latchkey:acr:2', amr: ['pwd', 'otp', 'mfa'] });
    const silent = await signIn(app, person, { ...two, prompt: 'none' });
    expect(silent.callback.searchParams.get('code')).not.toBeNull();
  });

  it('answers login_required with prompt=none if the second factor is still missing', async () => {
    await addFactor();
    const { callback } = await signIn(app, person, { ...two, prompt: 'none' });
    expect(callback.searchParams.get('error')).toBe('login_required');
  });

  it('accepts one factor if the account has no second one or if acr 1 is listed first', async () => {
    expect(claimsOf(await tokensOf(two)).acr).toBe('urn:latchkey:acr:1');
    await addFactor();
    const one = { acr_values: 'urn:other urn:latchkey:acr:1 urn:latchkey:acr:2' };
    expect(claimsOf(await tokensOf(one)).acr).toBe('urn:latchkey:acr:1');
  });
});

describe('scope', () => {
  it('ignores unknown values, and answers invalid_scope if none is left', async () => {
    expect((await tokensOf({ scope: 'openid unknown' })).scope).toBe('openid');
    const { callback } = await signIn(app, person, { scope: 'unknown' });
    expect(callback.searchParams.get('error')).toBe('invalid_scope');
  });

  it('gives no access to userinfo without openid', async () => {
    for (const scope of ['', 'email']) {
      const { asked, callback } = await signIn(app, person, { scope });
      const answer = await post('/oidc/token', {
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: asked.parameters['redirect_uri'] ?? '',
        code_verifier: asked.verifier,
      });
      const tokens = JSON.parse(answer.text);
      expect(Object.keys(tokens)).toEqual([
        'access_token',
        'token_type',
        'expires_in',
        ...(scope === '' ? [] : ['scope']),
      ]);
      const told = await send('/oidc/userinfo', {
        env,
        origin: ISSUER,
        headers: { Authorization: `Bearer ${tokens.access_token}` },
      });
      expect(errorOf(told)).toEqual([403, 'insufficient_scope']);
      expect(told.headers.get('WWW-Authenticate')).toBe('Bearer error="insufficient_scope", scope="openid"');
    }
  });

  it('can be narrowed by a refresh for that access token only, and never widened', async () => {
    const tokens = await tokensOf({ scope: 'openid email offline_access' });
    const refreshed = async (token: string, scope: string) =>
      post('/oidc/token', { grant_type: 'refresh_token', refresh_token: token, scope });
    const wider = await refreshed(tokens.refresh_token ?? '', 'openid profile');
    expect(errorOf(wider)).toEqual([400, 'invalid_scope']);
    const narrow = JSON.parse((await refreshed(tokens.refresh_token ?? '', 'openid')).text);
    expect(narrow.scope).toBe('openid');
    expect((await userInfo(narrow.access_token)).body).not.toHaveProperty('email');
    const whole = await refresh(app, narrow.refresh_token);
    expect((await userInfo(whole.access_token)).body).toMatchObject({ email: person.email });
  });
});

describe('resource', () => {
  it('must be the same at the token endpoint or left out there', async () => {
    const codeOf = async () => {
      const { asked, callback } = await signIn(app, person, { resource: API });
      return {
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: asked.parameters['redirect_uri'] ?? '',
        code_verifier: asked.verifier,
      };
    };
    expect(errorOf(await post('/oidc/token', { ...(await codeOf()), resource: 'urn:second' }))).toEqual([
      400,
      'invalid_target',
    ]);
    const tokens = JSON.parse((await post('/oidc/token', { ...(await codeOf()), resource: API })).text);
    expect(decodeJwt(tokens.access_token)).toMatchObject({ aud: API });
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    expect(errorOf(await post('/oidc/token', { ...form, resource: ISSUER }))).toEqual([
      400,
      'invalid_target',
    ]);
    expect((await post('/oidc/token', { ...form, resource: API })).status).toBe(200);
  });

  it('makes userinfo reject a token for another server, which could otherwise act as the app', async () => {
    const { access_token: access } = await tokensOf({ resource: API });
    expect((await userInfo(access)).status).toBe(401);
  });
});

describe('an ID token', () => {
  it('keeps sub, auth_time and amr after a refresh, and has no nonce', async () => {
    const tokens = await tokensOf();
    const first = claimsOf(tokens);
    await testEnv.DB.prepare('UPDATE sessions SET authenticated_at = ? WHERE user_id = ?')
      .bind(Date.now() + 5_000, person.id)
      .run();
    const second = decodeJwt((await refresh(app, tokens.refresh_token ?? '')).id_token ?? '');
    expect(second).toMatchObject({ sub: first.sub, auth_time: first.auth_time, amr: first['amr'] });
    expect(second).not.toHaveProperty('nonce');
  });
});

describe('consent', () => {
  beforeEach(async () => {
    app = await addApp({ asksConsent: true });
  });
  const allow = async (scope: string) => {
    const asked = await ask(app, { scope });
    expect((await open(asked.parameters, person.cookie)).status).toBe(200);
    return exchange(app, { asked, callback: goesOnTo(await decide(person, 'allow', asked)) });
  };
  const isAsked = async (scope: string) => {
    const { parameters } = await ask(app, { scope });
    return (await open(parameters, person.cookie)).status === 200;
  };

  it('accumulates: does not ask again for a scope that was agreed to, in any order', async () => {
    await allow('openid profile offline_access');
    await allow('openid email');
    for (const scope of ['openid', 'openid email', 'openid profile', 'openid profile email offline_access'])
      expect([scope, await isAsked(scope)]).toEqual([scope, false]);
    const { results } = await testEnv.DB.prepare('SELECT scope FROM app_consents WHERE app_id = ?')
      .bind(app.id)
      .all();
    expect(results).toEqual([{ scope: 'openid profile email offline_access' }]);
  });

  it('shows the app, the data, the account, the host of the app and the duration', async () => {
    const { parameters } = await ask(app);
    const { text } = await open(parameters, person.cookie);
    for (const words of [
      `App ${app.id}`,
      'your email address',
      `You are signed in as ${person.email}`,
      'You will go to app.example.org',
      'until you take it back',
    ])
      expect(text).toContain(words);
  });

  it('asks again if the form was shown to another account', async () => {
    const other = await join();
    const asked = await ask(app);
    const answer = await decide(person, 'allow', asked, String(other.id));
    expect([answer.status, answer.text.includes('code=')]).toEqual([200, false]);
    expect(answer.text).toContain(`Sign in to App ${app.id}?`);
  });

  it('leads to sign-in and back to the question if the session has ended', async () => {
    const asked = await ask(app);
    await send('/id/logout', { method: 'POST', cookie: person.cookie });
    const page = await decide(person, 'allow', asked);
    expect(page.text).toContain('<h1>Sign in</h1>');
    expect(onward(page)).toMatch(/^\/oidc\/authorize\?/);
  });

  it('asks every time if an app without a secret redirects to the device', async () => {
    for (const [redirect, sent] of [
      ['http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback'],
      ['com.example.app:/callback', 'com.example.app:/callback'],
    ] as const) {
      app = await addApp({ secret: null, redirectUris: [redirect] });
      const asked = await ask(app, { redirect_uri: sent });
      const page = await open(asked.parameters, person.cookie);
      expect([page.status, page.text.includes('Sign in to')]).toEqual([200, true]);
      const allowed = await decide(person, 'allow', asked);
      expect(goesOnTo(allowed).href.startsWith(`${sent}?code=`)).toBe(true);
      expect((await open(asked.parameters, person.cookie)).text).toContain('Sign in to');
      const silent = await ask(app, { redirect_uri: sent, prompt: 'none' });
      expect(locationOf(await open(silent.parameters, person.cookie)).searchParams.get('error')).toBe(
        'consent_required',
      );
    }
  });
});

describe('limits of stored rows', () => {
  const countOf = async (where: string, ...values: (string | number)[]) =>
    testEnv.DB.prepare(`SELECT count(*) AS n FROM ${where}`)
      .bind(...values)
      .first<number>('n');

  it('keeps ten grants per app and session: ends the oldest, and none of another app', async () => {
    const other = await addApp();
    const kept = await exchange(other, await signIn(other, person));
    const first = await tokensOf();
    for (let i = 0; i < 9; i += 1) await signIn(app, person);
    expect((await userInfo(first.access_token)).status).toBe(200);
    await signIn(app, person);
    expect((await userInfo(first.access_token)).status).toBe(401);
    expect(await countOf('app_grants WHERE app_id = ?', app.id)).toBe(10);
    expect((await userInfo(kept.access_token)).status).toBe(200);
  });

  it('keeps 100 grants per session and 100 consents per account', async () => {
    const first = await tokensOf();
    const session = await testEnv.DB.prepare('SELECT id FROM sessions WHERE user_id = ?')
      .bind(person.id)
      .first('id');
    const later = Date.now() + 1_000;
    await testEnv.DB.batch(
      Array.from({ length: 100 }, (_, i) => [
        testEnv.DB.prepare(
          `INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at)
           VALUES (?, ?, ?, ?, 'openid', '', '', ?)`,
        ).bind(`${app.id}-${i}`, `${app.id}-${i}`, person.id, session, later),
        testEnv.DB.prepare('INSERT INTO app_consents VALUES (?, ?, ?, ?, ?)').bind(
          person.id,
          `${app.id}-${i}`,
          'X',
          'openid',
          later + i,
        ),
      ]).flat(),
    );
    await signIn(await addApp(), person);
    expect(await countOf('app_grants WHERE user_id = ?', person.id)).toBeLessThanOrEqual(100);
    expect(await countOf('app_consents WHERE user_id = ?', person.id)).toBe(100);
    expect((await userInfo(first.access_token)).status).toBe(401);
    // No app keeps a grant that /apps does not show.
    expect(
      await countOf(
        'app_grants g WHERE user_id = ?1 AND app_id NOT IN (SELECT app_id FROM app_consents WHERE user_id = ?1)',
        person.id,
      ),
    ).toBe(0);
  });
});

describe('the endpoints for apps', () => {
  it('answer invalid_request for a missing or repeated parameter', async () => {
    for (const form of [{}, { grant_type: 'authorization_code' }, { grant_type: 'refresh_token' }])
      expect(errorOf(await post('/oidc/token', form as Record<string, string>))).toEqual([
        400,
        'invalid_request',
      ]);
    for (const path of ['/oidc/revoke', '/oidc/introspect']) {
      expect(errorOf(await post(path, {}))).toEqual([400, 'invalid_request']);
      const twice = await send(path, {
        raw: 'token=a&token=b',
        headers: { ...basic(app), 'Content-Type': 'application/x-www-form-urlencoded' },
        env,
        origin: ISSUER,
      });
      expect(errorOf(twice)).toEqual([400, 'invalid_request']);
    }
    const { callback } = await signIn(app, person, { response_type: '' });
    expect(callback.searchParams.get('error')).toBe('invalid_request');
  });

  it('answer with Cache-Control: no-store', async () => {
    const tokens = await tokensOf();
    const answers = [
      await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
      await post('/oidc/token', {}),
      await post('/oidc/introspect', { token: tokens.access_token }),
      await send('/oidc/userinfo', {
        env,
        origin: ISSUER,
        method: 'POST',
        headers: { Authorization: `Bearer ${tokens.access_token}` },
      }),
      await open((await ask(app)).parameters, person.cookie),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 200, 303]);
    expect(answers.map(({ headers }) => headers.get('Cache-Control'))).toEqual(answers.map(() => 'no-store'));
    expect(json(answers[3] ?? expect.fail())).toMatchObject({ email: person.email });
  });
});

describe('/oidc/logout', () => {
  it('asks for confirmation and does not redirect if the ID token belongs to another app', async () => {
    const { id_token: hint = '' } = await tokensOf();
    const other = await addApp();
    const parameters = { id_token_hint: hint, client_id: other.id, post_logout_redirect_uri: SIGNED_OUT };
    const answer = await send(`/oidc/logout?${new URLSearchParams(parameters)}`, here());
    expect([answer.status, answer.text.includes('Sign out?')]).toEqual([200, true]);
    const request = String(new URLSearchParams(parameters));
    const done = await send('/oidc/logout/confirm', { ...here(), form: { request } });
    expect(locationOf(done).pathname).toBe('/sign-in');
  });
});

describe('a request that leads through sign-in', () => {
  it('does not ask for the password again if the app asks for no recent sign-in', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_000 });
    const since = String(Math.floor(Date.now() / 1000));
    for (const more of [{}, { max_age: '60' }]) {
      const asked = await ask(app, { ...more, since });
      const there = locationOf(await open(asked.parameters, person.cookie));
      expect([more, there.searchParams.has('code')]).toEqual([more, true]);
    }
    for (const more of [{ prompt: 'login' }, { max_age: '20' }]) {
      const asked = await ask(app, { ...more, since });
      expect([more, locationOf(await open(asked.parameters, person.cookie)).pathname]).toEqual([
        more,
        '/confirm',
      ]);
    }
  });

  it('keeps every character of its parameters', async () => {
    const state = `a*b~c.d-e_f (g)'!"<>&=+%/\\ü`;
    const asked = await ask(app, { state });
    const to = onward(await open(asked.parameters));
    const fields = { identifier: person.email, password: PASSWORD, to };
    const back = locationOf(await send('/sign-in', { form: fields, env, origin: ISSUER }));
    expect(back.pathname).toBe('/oidc/authorize');
    expect(locationOf(await follow(back)).searchParams.get('state')).toBe(state);
  });

  it('continues if the user has signed in meanwhile or creates an account', async () => {
    const asked = await ask(app);
    const form = await open(asked.parameters);
    const to = onward(form);
    const there = locationOf(await send(`/sign-in?to=${encodeURIComponent(to)}`, here()));
    expect(there.pathname + there.search).toBe(to);
    const link = /href="(\/sign-up\?to=[^"]+)"/.exec(form.text)?.[1] ?? expect.fail(form.text);
    const signUp = await send(link, { env, origin: ISSUER });
    expect(signUp.text).toContain(`name="to" value="${to.replaceAll('&', '&amp;')}"`);
    const email = `new-${person.email}`;
    const made = await send('/sign-up', { form: { email, password: PASSWORD, to }, env, origin: ISSUER });
    expect(locationOf(made).pathname + locationOf(made).search).toBe(to);
  });
});
