// Known attacks on OAuth and OpenID Connect providers, most of them from RFC 9700.
import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { canBeRedirectUri, isRegistered } from '../../src/core/provider/redirects.ts';
import { ISSUER } from '../support/signing.ts';
import { send, testEnv } from '../support/worker.ts';
import {
  addApp,
  ask,
  env,
  exchange,
  join,
  locationOf,
  open,
  type Person,
  REDIRECT,
  refresh,
  SECRET,
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

const token = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  send('/oidc/token', { form, headers, env, origin: ISSUER });
const basic = ({ id }: TestApp, secret = SECRET) => ({ Authorization: `Basic ${btoa(`${id}:${secret}`)}` });

const codeForm = async (more: Record<string, string> = {}) => {
  const { asked, callback } = await signIn(app, person);
  const code = callback.searchParams.get('code') ?? expect.fail(callback.href);
  return {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: asked.verifier,
    ...more,
  };
};

describe('redirect_uri', () => {
  it.each([
    'https://app.example.org/callback/',
    'https://app.example.org/callback?x=1',
    'https://app.example.org/callback#x',
    'https://app.example.org/Callback',
    'https://app.example.org:444/callback',
    'http://app.example.org/callback',
    'https://app.example.org.evil.example/callback',
    'https://app.example.org@evil.example/callback',
    'https://evil.example/callback',
    'https://app.example.org/callback/../evil',
    'https://app.example.org\\@evil.example/callback',
    '//evil.example',
    'javascript:alert(1)',
    '',
  ])('must equal the registered address: answers 400 without a redirect for %j', async (redirect) => {
    const { parameters } = await ask(app, { redirect_uri: redirect });
    const answer = await open(parameters, person.cookie);
    expect([answer.status, answer.headers.get('Location')]).toEqual([400, null]);
    expect(answer.text).not.toContain('http-equiv');
  });

  it('must not be sent twice', async () => {
    const { parameters } = await ask(app);
    const query = `${new URLSearchParams(parameters)}&redirect_uri=https%3A%2F%2Fevil.example`;
    const answer = await send(`/oidc/authorize?${query}`, { env, origin: ISSUER, cookie: person.cookie });
    expect([answer.status, answer.headers.get('Location')]).toEqual([400, null]);
  });

  it('must match the registered one except for the port of a loopback address', () => {
    const registered = ['http://127.0.0.1/cb', 'http://[::1]:1/cb', 'com.example.app:/cb'];
    for (const uri of [
      'http://127.0.0.1:49152/cb',
      'http://127.0.0.1/cb',
      'http://[::1]:5/cb',
      'com.example.app:/cb',
    ])
      expect([uri, isRegistered(uri, registered)]).toEqual([uri, true]);
    for (const uri of [
      'http://127.0.0.1:49152/cb2',
      'https://127.0.0.1:49152/cb',
      'http://localhost:49152/cb',
      'http://127.0.0.1.evil.example:49152/cb',
      'http://127.0.0.1:49152/cb?x=1',
      'http://127.0.0.1:49152/cb#x',
      'http://a@127.0.0.1:49152/cb',
      'com.example.app:/cb2',
    ])
      expect([uri, isRegistered(uri, registered)]).toEqual([uri, false]);
  });

  it('can be registered with https, a loopback host or a private scheme only', () => {
    for (const uri of [
      'https://a.example/cb',
      'http://localhost:3000/cb',
      'http://127.0.0.1/cb',
      'org.example.app:/cb',
    ])
      expect([uri, canBeRedirectUri(uri)]).toEqual([uri, true]);
    for (const uri of [
      'http://a.example/cb',
      'javascript:alert(1)',
      'data:text/html,x',
      'myapp:/cb',
      'https://a.example/#x',
      'https://a:b@a.example/',
      'https://a.example/\\b',
      'a.example',
    ])
      expect([uri, canBeRedirectUri(uri)]).toEqual([uri, false]);
  });
});

describe('PKCE', () => {
  it.each([
    ['a missing challenge', { code_challenge: '' }],
    ['a missing method', { code_challenge_method: '' }],
    ['the method plain', { code_challenge_method: 'plain' }],
    ['a malformed challenge', { code_challenge: 'short' }],
  ] as [string, Record<string, string>][])('cannot be skipped: rejects %s', async (_, changes) => {
    const { callback } = await signIn(app, person, changes);
    expect([callback.searchParams.get('error'), callback.searchParams.get('code')]).toEqual([
      'invalid_request',
      null,
    ]);
  });

  it('voids the code at an attempt with a wrong verifier', async () => {
    const form = await codeForm();
    const wrong = await token({ ...form, code_verifier: 'x'.repeat(43) }, basic(app));
    expect([wrong.status, JSON.parse(wrong.text).error]).toEqual([400, 'invalid_grant']);
    expect((await token(form, basic(app))).status).toBe(400);
  });
});

describe('a code', () => {
  it('ends the tokens of its first use if it is used a second time', async () => {
    const form = await codeForm();
    const first = JSON.parse((await token(form, basic(app))).text);
    expect((await userInfo(first.access_token)).status).toBe(200);
    expect((await token(form, basic(app))).status).toBe(400);
    expect((await userInfo(first.access_token)).status).toBe(401);
    await expect(refresh(app, first.refresh_token)).rejects.toThrow();
  });

  it('can be redeemed by at most one of 24 concurrent requests', async () => {
    const form = await codeForm();
    const answers = await Promise.all(Array.from({ length: 24 }, () => token(form, basic(app))));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it('cannot be redeemed by another app', async () => {
    const other = await addApp();
    expect((await token(await codeForm(), basic(other))).status).toBe(400);
  });

  it('cannot be redeemed with another redirect_uri than that of its request', async () => {
    const answer = await token(await codeForm({ redirect_uri: 'https://app.example.org/other' }), basic(app));
    expect(JSON.parse(answer.text).error).toBe('invalid_grant');
  });

  it('expires after 60 seconds', async () => {
    // Time stands still from here, however slow the machine is.
    vi.setSystemTime(Date.now());
    const [early, late] = [await codeForm(), await codeForm()];
    vi.setSystemTime(Date.now() + 59_000);
    expect((await token(early, basic(app))).status).toBe(200);
    vi.setSystemTime(Date.now() + 2_000);
    expect((await token(late, basic(app))).status).toBe(400);
  });

  it('cannot be guessed or built from the grant id in a copy of D1', async () => {
    const form = await codeForm();
    const [id = ''] = form.code.split('.');
    expect(
      await testEnv.DB.prepare('SELECT id FROM app_grants WHERE id = ?').bind(id).first(),
    ).not.toBeNull();
    for (const code of [id, `${id}.`, `${id}.${'A'.repeat(43)}`, 'x', ''])
      expect((await token({ ...form, code }, basic(app))).status).toBe(400);
    expect((await token(form, basic(app))).status).toBe(200);
  });

  it('cannot be redeemed after the session has ended', async () => {
    const form = await codeForm();
    await send('/id/logout', { method: 'POST', cookie: person.cookie });
    expect((await token(form, basic(app))).status).toBe(400);
  });

  it('cannot be redeemed for a disabled account, and is void if the account is enabled again', async () => {
    const form = await codeForm();
    const setDisabled = (at: number | null) =>
      testEnv.DB.prepare('UPDATE users SET disabled_at = ? WHERE id = ?').bind(at, person.id).run();
    await setDisabled(1);
    const refused = await token(form, basic(app));
    expect([refused.status, JSON.parse(refused.text).error]).toEqual([400, 'invalid_grant']);
    await setDisabled(null);
    expect((await token(form, basic(app))).status).toBe(400);
    // A code that was not sent while the account was disabled is still valid.
    expect((await token(await codeForm(), basic(app))).status).toBe(200);
  });
});

describe('an app', () => {
  it.each([
    ['no secret', () => ({})],
    ['a wrong secret', () => basic(app, 'another secret')],
    ['an unknown id', () => basic({ id: 'nobody', secret: null })],
  ] as [string, () => Record<string, string>][])('gets 401 invalid_client with %s', async (_, headers) => {
    const answer = await token({ ...(await codeForm()), client_id: app.id }, headers());
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([401, 'invalid_client']);
    expect(answer.headers.get('WWW-Authenticate')).toContain('Basic');
  });

  it('must not authenticate in two ways at once', async () => {
    const answer = await token({ ...(await codeForm()), client_secret: SECRET }, basic(app));
    expect(JSON.parse(answer.text).error).toBe('invalid_client');
  });

  it('signs people in by PKCE alone if it has no secret, and must not send one', async () => {
    app = await addApp({ secret: null });
    const form = { ...(await codeForm()), client_id: app.id };
    expect((await token({ ...form, client_secret: 'anything' })).status).toBe(401);
    expect((await token(form)).status).toBe(200);
  });

  it('must send a form, with each parameter once and a supported grant_type', async () => {
    const form = await codeForm();
    const json = await send('/oidc/token', { json: form, headers: basic(app), env, origin: ISSUER });
    expect([json.status, JSON.parse(json.text).error]).toEqual([400, 'invalid_request']);
    const twice = await send('/oidc/token', {
      raw: `${new URLSearchParams(form)}&code=${form.code}`,
      headers: { ...basic(app), 'Content-Type': 'application/x-www-form-urlencoded' },
      env,
      origin: ISSUER,
    });
    expect(JSON.parse(twice.text).error).toBe('invalid_request');
    for (const grant_type of ['password', 'client_credentials', 'implicit'])
      expect(JSON.parse((await token({ ...form, grant_type }, basic(app))).text).error).toBe(
        'unsupported_grant_type',
      );
  });

  it.each([
    ['response_type', 'token', 'unsupported_response_type'],
    ['response_type', 'code id_token', 'unsupported_response_type'],
    ['response_mode', 'fragment', 'invalid_request'],
    ['request', 'x', 'request_not_supported'],
    ['request_uri', 'https://evil.example', 'request_uri_not_supported'],
    ['prompt', 'none login', 'invalid_request'],
    ['max_age', '-1', 'invalid_request'],
    ['resource', 'https://evil.example', 'invalid_target'],
    ['nonce', 'x'.repeat(501), 'invalid_request'],
  ])('gets an error at its callback for %s=%s', async (name, value, error) => {
    const { callback, asked } = await signIn(app, person, { [name]: value });
    expect(callback.origin + callback.pathname).toBe(REDIRECT);
    expect(Object.fromEntries(callback.searchParams)).toMatchObject({
      error,
      state: asked.state,
      iss: ISSUER,
    });
  });

  it.each(['scope', 'state', 'nonce', 'code_challenge'])(
    'is told that no request has %s twice',
    async (name) => {
      const { parameters } = await ask(app, {});
      const query = `${new URLSearchParams(parameters)}&${name}=openid`;
      const answer = await send(`/oidc/authorize?${query}`, { env, cookie: person.cookie });
      const callback = new URL(answer.headers.get('Location') ?? expect.fail(answer.text));
      expect(callback.origin + callback.pathname).toBe(REDIRECT);
      expect([callback.searchParams.get('error'), callback.searchParams.get('code')]).toEqual([
        'invalid_request',
        null,
      ]);
    },
  );

  it('gets iss with the code, which tells the answers of two providers apart', async () => {
    const { callback } = await signIn(app, person);
    expect(callback.searchParams.get('iss')).toBe(ISSUER);
  });
});

describe('a refresh token', () => {
  const tokens = async () => exchange(app, await signIn(app, person));

  it('works again for ten seconds with the same successor, in case an answer was lost', async () => {
    vi.setSystemTime(Date.now());
    const { refresh_token: first = '' } = await tokens();
    const lost = await refresh(app, first);
    vi.setSystemTime(Date.now() + 9_000);
    const again = await refresh(app, first);
    expect(again.refresh_token).toBe(lost.refresh_token);
    expect((await userInfo((await refresh(app, again.refresh_token ?? '')).access_token)).status).toBe(200);
  });

  it('ends every token of the sign-in if it is used again later', async () => {
    vi.setSystemTime(Date.now());
    const { refresh_token: first = '' } = await tokens();
    const second = await refresh(app, first);
    vi.setSystemTime(Date.now() + 11_000);
    await expect(refresh(app, first)).rejects.toThrow();
    await expect(refresh(app, second.refresh_token ?? '')).rejects.toThrow();
    expect((await userInfo(second.access_token)).status).toBe(401);
  });

  it('ends every token of the sign-in at once if it is two rotations old', async () => {
    const { refresh_token: first = '' } = await tokens();
    const second = await refresh(app, first);
    const third = await refresh(app, second.refresh_token ?? '');
    await expect(refresh(app, first)).rejects.toThrow();
    await expect(refresh(app, third.refresh_token ?? '')).rejects.toThrow();
  });

  it('fails but ends nothing if another app sends it or its number is wrong', async () => {
    const { refresh_token: mine = '', access_token: access } = await tokens();
    await expect(refresh(await addApp(), mine)).rejects.toThrow();
    await expect(refresh(app, mine.replace(/\.0\./, '.1.'))).rejects.toThrow();
    expect((await userInfo(access)).status).toBe(200);
    await refresh(app, mine);
  });

  it('cannot be guessed or built from the grant id in a copy of D1, and a guess ends nothing', async () => {
    const { refresh_token: mine = '' } = await tokens();
    const [id = ''] = mine.split('.');
    for (const guess of [`${id}.0.${'A'.repeat(43)}`, `${id}.0`, id, 'x'])
      await expect(refresh(app, guess)).rejects.toThrow();
    await refresh(app, mine);
  });

  it('never outlives the session', async () => {
    const { refresh_token: first = '' } = await tokens();
    vi.setSystemTime(Date.now() + 15 * 86_400_000);
    const form = { grant_type: 'refresh_token', refresh_token: first };
    const answer = await token(form, basic(app));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_grant' }),
    ]);
  });
});

describe('an access token', () => {
  it('issued to an app fails at /id; ID tokens and the own tokens of an account fail at userinfo', async () => {
    const { access_token: access, id_token: id = '' } = await exchange(app, await signIn(app, person));
    const headers = { Authorization: `Bearer ${access}` };
    expect((await send('/id/me', { headers, env })).status).toBe(401);
    expect((await userInfo(id)).status).toBe(401);
    const own = JSON.parse((await send('/id/token', { method: 'POST', cookie: person.cookie, env })).text);
    expect((await userInfo(own.accessToken)).status).toBe(401);
  });

  it('expires after five minutes even if its session and grant continue', async () => {
    vi.setSystemTime(Date.now());
    const { access_token: access, refresh_token: next = '' } = await exchange(app, await signIn(app, person));
    vi.setSystemTime(Date.now() + 299_000);
    expect((await userInfo(access)).status).toBe(200);
    vi.setSystemTime(Date.now() + 1_000);
    expect((await userInfo(access)).status).toBe(401);
    expect((await userInfo((await refresh(app, next)).access_token)).status).toBe(200);
  });

  it('fails at a service with another PUBLIC_URL, even with the same keys and data', async () => {
    const { access_token: access } = await exchange(app, await signIn(app, person));
    const ask = (from: typeof env) =>
      send('/oidc/userinfo', { env: from, headers: { Authorization: `Bearer ${access}` } });
    expect((await ask(env)).status).toBe(200);
    const other = { ...env, PUBLIC_URL: 'https://other.example.com' };
    expect((await ask(other)).status).toBe(401);
    const introspect = async (from: typeof env) => {
      const form = { token: access, client_id: app.id, client_secret: app.secret ?? '' };
      return JSON.parse((await send('/oidc/introspect', { form, env: from, origin: ISSUER })).text).active;
    };
    expect([await introspect(env), await introspect(other)]).toEqual([true, false]);
  });

  it('has the requested resource as its audience', async () => {
    const { asked, callback } = await signIn(app, person, { resource: 'https://api.example.com' });
    const { access_token: access } = await exchange(app, { asked, callback });
    expect(decodeJwt(access)).toMatchObject({ aud: 'https://api.example.com', client_id: app.id });
  });
});

describe('a page of another site', () => {
  const foreign = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
  const countGrants = () =>
    testEnv.DB.prepare('SELECT count(*) AS n FROM app_grants WHERE user_id = ?').bind(person.id).first('n');

  it('cannot frame /oidc/authorize, which redirects to the registered origin only', async () => {
    const { parameters } = await ask(app);
    const answer = await open(parameters, person.cookie);
    expect(answer.headers.get('X-Frame-Options')).toBe('DENY');
    expect(locationOf(answer).origin).toBe('https://app.example.org');
  });

  it('gets no code by a form to /oidc/authorize or /oidc/consent, even with the cookie', async () => {
    app = await addApp({ asksConsent: true });
    const { parameters } = await ask(app);
    const sent = { env, origin: ISSUER, cookie: person.cookie, headers: foreign };
    const asked = await send('/oidc/authorize', { ...sent, form: parameters });
    expect([locationOf(asked).origin, locationOf(asked).pathname]).toEqual([ISSUER, '/oidc/authorize']);
    expect(locationOf(asked).searchParams.get('code')).toBeNull();
    // The address that it redirects to shows the consent page and decides nothing.
    const page = await open(Object.fromEntries(locationOf(asked).searchParams), person.cookie);
    expect([page.status, page.text.includes('value="allow"')]).toEqual([200, true]);
    const form = {
      request: String(new URLSearchParams(parameters)),
      account: String(person.id),
      decision: 'allow',
    };
    expect((await send('/oidc/consent', { ...sent, form })).status).toBe(403);
    expect(await countGrants()).toBe(0);
    // The same form from the consent page creates the grant.
    await send('/oidc/consent', { ...sent, form, headers: { 'Sec-Fetch-Site': 'same-origin' } });
    expect(await countGrants()).toBe(1);
  });

  it('gets no code by a form to /oidc/authorize for an app that needs no consent', async () => {
    const { parameters } = await ask(app);
    const sent = { env, origin: ISSUER, cookie: person.cookie, headers: foreign };
    const asked = await send('/oidc/authorize', { ...sent, form: parameters });
    expect(locationOf(asked).origin + locationOf(asked).pathname).toBe(`${ISSUER}/oidc/authorize`);
    expect(await countGrants()).toBe(0);
  });
});
