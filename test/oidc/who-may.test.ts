// Sessions that may not sign in to other services: unverified addresses if verification is required, and app passwords.
import { createExecutionContext } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { Accounts } from '../../src/index.ts';
import { createMailbox, tokenIn } from '../support/mail.ts';
import { addAppPassword, join as joinById } from '../support/passkeys.ts';
import { ISSUER, signingEnv } from '../support/signing.ts';
import { json, send, sessionCookie, testEnv } from '../support/worker.ts';
import { addApp, ask, locationOf, PASSWORD, type TestApp } from './support-oidc.ts';

interface Browser {
  env: Env;
  cookie: string;
}

const open = async (app: TestApp, { env, cookie }: Browser, more: Record<string, string> = {}) => {
  const { parameters } = await ask(app, more);
  const path = `/oidc/authorize?${new URLSearchParams(parameters)}`;
  return { parameters, answer: await send(path, { env, origin: ISSUER, cookie }) };
};

/** Sends the consent form for the account that the page shows, even if no page was shown. */
const allow = async ({ env, cookie }: Browser, parameters: Record<string, string>) => {
  const request = String(new URLSearchParams(parameters));
  const browser = { env, origin: ISSUER, cookie };
  const { text } = await send(`/oidc/authorize?${request}`, browser);
  const account = /name="account" value="(\d+)"/.exec(text)?.[1] ?? '';
  return send('/oidc/consent', { ...browser, form: { request, account, decision: 'allow' } });
};

const grantsOf = (app: TestApp) =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM app_grants WHERE app_id = ?').bind(app.id).first('n');

const accountsOf = (env: Env) => new Accounts(createExecutionContext(), env);

describe('a session with an unverified address under REQUIRE_VERIFIED_EMAIL', () => {
  const register = async () => {
    const mailbox = createMailbox({ REQUIRE_VERIFIED_EMAIL: 'true' }, signingEnv());
    const env = { ...mailbox.env, PUBLIC_URL: ISSUER };
    const email = `${crypto.randomUUID()}@test.com`;
    const registered = await send('/id/register', { json: { email, password: PASSWORD }, env });
    const cookie = sessionCookie(registered) ?? expect.fail(registered.text);
    const prove = () =>
      send('/id/email/verification/confirm', { json: { token: tokenIn(mailbox.last(email)) }, env });
    return { env, cookie, email, prove };
  };

  it('can sign in to an app only after the address is verified', async () => {
    const person = await register();
    for (const asksConsent of [false, true]) {
      const app = await addApp({ asksConsent });
      const { parameters, answer } = await open(app, person);
      expect([answer.status, answer.text]).toEqual([
        403,
        expect.stringContaining('Confirm your email address first'),
      ]);
      expect(answer.text).not.toContain('code=');
      expect((await allow(person, parameters)).status).toBe(403);
      const silent = await open(app, person, { prompt: 'none' });
      expect(locationOf(silent.answer).searchParams.get('error')).toBe('interaction_required');
      expect(await grantsOf(app)).toBe(0);
    }
    expect((await person.prove()).status).toBe(200);
    const { answer } = await open(await addApp(), person);
    expect(locationOf(answer).searchParams.get('code')).not.toBeNull();
  });

  it('gets no access token and is rejected by other Workers until the address is verified', async () => {
    const { env, cookie, email, prove } = await register();
    const exchange = () => send('/id/token', { method: 'POST', cookie, env });
    const refused = await exchange();
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining('"code":"unverified_email"'),
    ]);
    const byCookie = () => accountsOf(env).authenticate(new Headers({ Cookie: `sessionid=${cookie}` }));
    const login = await send('/id/register', {
      json: { email: `x${email}`, password: PASSWORD, session: 'token' },
      env,
    });
    expect(await byCookie()).toBeNull();
    expect(await accountsOf(env).verify(JSON.parse(login.text).token)).toBeNull();
    await prove();
    expect((await byCookie())?.account.email).toBe(email);
    const { accessToken } = JSON.parse((await exchange()).text);
    expect((await accountsOf(env).verify(accessToken))?.account.emailVerified).toBe(true);
  });

  it('gets an access token once the setting is off', async () => {
    const { cookie } = await register();
    const env = signingEnv();
    expect((await send('/id/token', { method: 'POST', cookie, env })).status).toBe(200);
  });
});

describe('a session of an app password', () => {
  const openByAppPassword = async () => {
    const env = signingEnv();
    const person = await joinById();
    const { password } = await addAppPassword(person);
    const { username } = person;
    const browser = await send('/api/users/login/', { json: { username, password } });
    const client = await send('/account/login/', { json: { username, password } });
    const token = String(Reflect.get(Object(json(client)), 'token'));
    return { env, cookie: sessionCookie(browser) ?? expect.fail(browser.text), token };
  };

  it('cannot sign in to an app', async () => {
    const person = await openByAppPassword();
    for (const asksConsent of [false, true]) {
      const app = await addApp({ asksConsent });
      const { parameters, answer } = await open(app, person);
      expect([answer.status, answer.text]).toEqual([
        403,
        expect.stringContaining('Sign in with your own password'),
      ]);
      expect((await allow(person, parameters)).status).toBe(403);
      const silent = await open(app, person, { prompt: 'none' });
      expect(locationOf(silent.answer).searchParams.get('error')).toBe('login_required');
      expect(await grantsOf(app)).toBe(0);
    }
  });

  it('gets no access token, by cookie or by token', async () => {
    const { env, cookie, token } = await openByAppPassword();
    for (const credential of [{ cookie }, { token }]) {
      expect((await send('/id/me', credential)).status).toBe(200);
      const answer = await send('/id/token', { method: 'POST', env, ...credential });
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('"code":"reauthenticate"')]);
    }
  });
});

describe('consent to an app', () => {
  const appEventsOf = async (email: string): Promise<unknown[]> => {
    const { results } = await testEnv.DB.prepare(
      "SELECT type FROM events WHERE type LIKE 'app_%' AND user_id = (SELECT id FROM users WHERE email = ?) ORDER BY id",
    )
      .bind(email)
      .all();
    return results.map(({ type }) => type);
  };

  it('mails the owner if it is new or wider, and records each new scope and the withdrawal', async () => {
    const mailbox = createMailbox({}, signingEnv());
    const env = { ...mailbox.env, PUBLIC_URL: ISSUER };
    const email = `${crypto.randomUUID()}@test.com`;
    const registered = await send('/id/register', { json: { email, password: PASSWORD }, env });
    const browser = { env, cookie: sessionCookie(registered) ?? expect.fail(registered.text) };
    const told = () => mailbox.to(email).filter(({ subject }) => subject.includes('can now use'));
    const app = await addApp({ asksConsent: true });
    const agree = async (scope: string) => allow(browser, (await ask(app, { scope })).parameters);

    expect((await agree('openid')).text).toContain('code=');
    expect(told().map(({ subject }) => subject)).toEqual([`App ${app.id} can now use your Latchkey account`]);
    await agree('openid');
    expect(told()).toHaveLength(1);
    await agree('openid email');
    expect(told()).toHaveLength(2);
    expect(await appEventsOf(email)).toEqual(['app_allowed', 'app_allowed']);

    // The deployment's own apps do not ask for consent: they are recorded in the audit log only.
    expect((await open(await addApp(), browser)).answer.status).toBe(303);
    expect(told()).toHaveLength(2);
    for (const form of [{ app: app.id }, { app: app.id }])
      await send('/apps/withdraw', { form, env, origin: ISSUER, cookie: browser.cookie });
    expect(await appEventsOf(email)).toEqual(['app_allowed', 'app_allowed', 'app_allowed', 'app_withdrawn']);
  });
});
