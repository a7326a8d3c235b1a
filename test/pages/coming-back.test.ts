// `to=`: the addresses on other origins that sign-in may return to, and the spellings that must be rejected.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { addApp } from '../oidc/support-oidc.ts';
import { observe } from '../support/counting.ts';
import { signingEnv } from '../support/signing.ts';
import { type Answer, ORIGIN, send, testEnv } from '../support/worker.ts';
import { createBrowser, hiddenOf } from './support-factors.ts';
import {
  expectPage,
  goesTo,
  OWN_PAGE,
  open,
  PASSWORD,
  type Person,
  post,
  signInAgain,
  signUp,
} from './support-pages.ts';

/** An origin in ALLOWED_ORIGINS. */
const APP = 'https://app.example.com';
/** The origin of a registered app: that of REDIRECT in support-oidc.ts. */
const REGISTERED = 'https://app.example.org';

const env: Env = signingEnv({ ALLOWED_ORIGINS: `${APP} https://other.example.com:8443`, PUBLIC_URL: ORIGIN });

let person: Person;
beforeAll(async () => {
  person = await signUp();
  await addApp();
});

/** The target of an answer to the sign-in form: of its redirect, or of the page that continues to another origin. */
const leadsTo = (answer: Answer): string => {
  if (answer.status === 303) return answer.headers.get('Location') ?? '';
  const [, url = ''] = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(answer.text) ?? [];
  return url.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
};

const signInTo = (to: string, settings: Env = env): Promise<Answer> =>
  post('/sign-in', { identifier: person.email, password: PASSWORD, to }, null, { env: settings });

describe('sign-in', () => {
  it.each([
    ['a page of an allowed origin', `${APP}/orders?id=7&tab=a#top`],
    ['an allowed origin with a port', 'https://other.example.com:8443/x'],
    ['a page of a registered app', `${REGISTERED}/deep/page`],
    ['brackets and quotes of a query', `${APP}/?a[]=1&b='x'`],
  ])('returns to %s', async (_what, to) => {
    const answer = await signInTo(to);
    expectPage(answer, 200, 'Continue');
    expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(leadsTo(answer)).toBe(new URL(to).href);
    expect(answer.text).toContain(`<h1>Continue to ${new URL(to).host}</h1>`);
    expect(answer.headers.getSetCookie().join()).toContain('sessionid=');
  });

  it('returns to an origin without a path', async () => {
    expect(leadsTo(await signInTo(APP))).toBe(`${APP}/`);
    expect(leadsTo(await signInTo(REGISTERED))).toBe(`${REGISTERED}/`);
  });

  it('returns to a page of the service that is given with its origin', async () => {
    expect(leadsTo(await signInTo(`${ORIGIN}/devices`))).toBe('/devices');
    // A path that acts when it is opened is not a page.
    expect(leadsTo(await signInTo(`${ORIGIN}/api/v1/user/logout/`))).toBe('/');
  });

  it('returns to the origin of an app that spells out the default port, but to no other port', async () => {
    await addApp({ redirectUris: ['https://Spelled.example.net:443/cb', 'com.example.app:/cb'] });
    expect(leadsTo(await signInTo('https://spelled.example.net/x'))).toBe('https://spelled.example.net/x');
    expect(leadsTo(await signInTo('https://spelled.example.net:8443/x'))).toBe('/');
  });

  it('returns to an origin that an app has registered for sign-out only, but not to its neighbours', async () => {
    await addApp({
      redirectUris: ['com.example.app:/cb'],
      signOutUris: ['https://bye.example.net/signed-out', 'https://Late.example.net:443?x=1'],
    });
    for (const to of ['https://bye.example.net/x', 'https://late.example.net/x'])
      expect(leadsTo(await signInTo(to))).toBe(to);
    for (const to of [
      'http://bye.example.net/x',
      'https://bye.example.net:8443/x',
      'https://bye.example.net.evil.test/x',
      'https://late.example.net:8443/x',
      'https://ye.example.net/x',
    ])
      expect(leadsTo(await signInTo(to))).toBe('/');
  });

  it('returns to no app without signing keys', async () => {
    expect(leadsTo(await signInTo(`${REGISTERED}/`, { ...testEnv, ALLOWED_ORIGINS: APP }))).toBe('/');
    expect(leadsTo(await signInTo(`${APP}/`, { ...testEnv, ALLOWED_ORIGINS: APP }))).toBe(`${APP}/`);
  });
});

/** Each of these has been an open redirect in some sign-in page. */
const ATTACKS = [
  ['another host', 'https://evil.test/'],
  ['no scheme', '//app.example.com/'],
  ['no scheme, a foreign host', '//evil.test'],
  ['three slashes', '///evil.test'],
  ['one slash', 'https:/app.example.com/'],
  ['no slash', 'https:app.example.com/'],
  ['another scheme', 'http://app.example.com/'],
  ['a script', 'javascript:alert(1)//https://app.example.com/'],
  ['data', 'data:text/html,https://app.example.com/'],
  ['a scheme of an app', 'com.example.app:/cb'],
  ['ftp', 'ftp://app.example.com/'],
  ['blob', 'blob:https://app.example.com/x'],
  ['view-source', 'view-source:https://app.example.com/'],
  ['an upper-case scheme', 'HTTPS://app.example.com/'],
  ['an upper-case host', 'https://APP.example.com/'],
  ['a user name', 'https://app.example.com@evil.test/'],
  ['a user name before the right host', 'https://evil.test@app.example.com/'],
  ['a user name and a password', 'https://app.example.com:443@evil.test/'],
  ['an empty user name', 'https://@app.example.com/'],
  ['an encoded @', 'https://app.example.com%40evil.test/'],
  ['a backslash for the path', 'https://app.example.com\\@evil.test/'],
  ['backslashes for slashes', 'https:\\\\evil.test/'],
  ['a slash and a backslash', '/\\evil.test'],
  ['a backslash in the query', `${APP}/?\\`],
  ['a longer host', 'https://app.example.com.evil.test/'],
  ['the host as a label', 'https://app.example.com-evil.test/'],
  ['a subdomain', 'https://sub.app.example.com/'],
  ['the parent', 'https://example.com/'],
  ['a suffix of the host', 'https://evilapp.example.com/'],
  ['a dot at the end', 'https://app.example.com./'],
  ['another port', 'https://app.example.com:8443/'],
  ['the default port', 'https://app.example.com:443/'],
  ['a port with a zero', 'https://app.example.com:00443/'],
  ['an empty port', 'https://app.example.com:/'],
  ['Cyrillic а', 'https://аpp.example.com/'],
  ['its punycode', 'https://xn--pp-7kc.example.com/'],
  ['full-width letters', 'https://ａpp.example.com/'],
  ['an ideographic full stop', 'https://app。example.com/'],
  ['a full-width slash', 'https://app.example.com／.evil.test/'],
  ['a soft hyphen', 'https://app\u00ad.example.com/'],
  ['an encoded host', 'https://%61pp.example.com/'],
  ['an encoded dot', 'https://app%2eexample.com/'],
  ['a space in front', ' https://app.example.com/'],
  ['a tab in the scheme', 'ht\ttps://app.example.com/'],
  ['a line break in the host', 'https://app.exam\nple.com/'],
  ['a line break and a header', `${APP}/\r\nSet-Cookie: a=b`],
  ['a NUL', `${APP}/\u0000`],
  ['a space in the path', `${APP}/a b`],
  ['a quote, as for the attribute', `${APP}/"><script>alert(1)</script>`],
  ['letters beyond ASCII in the path', `${APP}/é`],
  ['more than 2,000 characters', `${APP}/${'a'.repeat(2_000)}`],
  ['nothing', ''],
] as const;

describe.each(ATTACKS)('to= with %s', (_what, to) => {
  it('leads to / after the form', async () => {
    expect(leadsTo(await signInTo(to))).toBe('/');
  });

  it('leads to / for a signed-in user', async () => {
    for (const page of ['/sign-in', '/sign-up', '/confirm'])
      expect(goesTo(await open(`${page}?to=${encodeURIComponent(to)}`, person, { env }))).toBe('303 /');
  });
});

it('uses the first of two values of to=', async () => {
  const page = await open('/sign-in?to=%2Fdevices&to=https%3A%2F%2Fevil.test', null, { env });
  expect(hiddenOf(page, 'to')).toBe('/devices');
});

it('decodes to= only once', async () => {
  const twice = encodeURIComponent(encodeURIComponent(`${APP}/`));
  expect(goesTo(await open(`/sign-in?to=${twice}`, person, { env }))).toBe('303 /');
});

it('checks at every step that the origin is still registered', async () => {
  const { id } = await addApp({ redirectUris: ['https://short.example.net/cb'] });
  const page = await open('/sign-in?to=https%3A%2F%2Fshort.example.net%2F', null, { env });
  expect(hiddenOf(page, 'to')).toBe('https://short.example.net/');
  await testEnv.DB.prepare('DELETE FROM apps WHERE id = ?').bind(id).run();
  expect(leadsTo(await signInTo('https://short.example.net/'))).toBe('/');
});

describe('a signed-in user', () => {
  const to = `${APP}/orders`;
  const path = `?to=${encodeURIComponent(to)}`;

  it.each(['/sign-in', '/sign-up'])('returns from %s at once', async (page) => {
    const answer = await open(page + path, person, { env, headers: { 'Sec-Fetch-Site': 'cross-site' } });
    expect(goesTo(answer)).toBe(`303 ${to}`);
    expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
  });

  it('returns by a page instead of a redirect after a form of the service', async () => {
    const answer = await open(`/sign-in${path}`, person, { env, headers: OWN_PAGE });
    expect([answer.status, leadsTo(answer)]).toEqual([200, to]);
  });
});

describe('to= is kept', () => {
  const to = `${APP}/orders`;
  const query = `?to=${encodeURIComponent(to)}`;

  it('by the sign-in page, its links and its errors', async () => {
    const page = await open(`/sign-in${query}`, null, { env });
    expect(page.text.match(/name="to" value="https:\/\/app\.example\.com\/orders"/g)).toHaveLength(2);
    expect(page.text).toContain(`<a href="/sign-up${query}">`);
    const wrong = await post('/sign-in', { identifier: 'nobody', password: 'x', to }, null, { env });
    expect([wrong.status, hiddenOf(wrong, 'to')]).toEqual([401, to]);
    const empty = await post('/sign-in', { to }, null, { env });
    expect([empty.status, hiddenOf(empty, 'to')]).toEqual([400, to]);
  });

  it('by the sign-up page, its link, its errors and its redirect', async () => {
    const page = await open(`/sign-up${query}`, null, { env });
    expect(hiddenOf(page, 'to')).toBe(to);
    expect(page.text).toContain(`Have an account? <a href="/sign-in${query}">`);
    const email = `${person.username}.new@test.com`;
    const wrong = await post('/sign-up', { email, password: 'short', to }, null, { env });
    expect([wrong.status, hiddenOf(wrong, 'to')]).toEqual([400, to]);
    const made = await post('/sign-up', { email, password: PASSWORD, to }, null, { env });
    expect([made.status, leadsTo(made)]).toEqual([200, to]);
    expect(made.headers.getSetCookie().join()).not.toContain('done=');
  });

  it('by the pages of the mailed code', async () => {
    const mailing = {
      ...env,
      EMAIL_SIGN_IN: 'true',
      MAIL_FROM: 'Accounts <accounts@example.com>',
      MAIL_PROVIDER: 'resend',
      RESEND_API_KEY: 're_1234567890abcdef',
    };
    const signIn = await open(`/sign-in${query}`, null, { env: mailing });
    expect(signIn.text).toContain(`<a href="/sign-in/code${query}">`);
    const page = await open(`/sign-in/code${query}`, null, { env: mailing });
    expect([page.status, hiddenOf(page, 'to')]).toEqual([200, to]);
    const sent = await post('/sign-in/code', { identifier: 'nobody', to }, null, { env: mailing });
    expect([sent.status, hiddenOf(sent, 'to')]).toEqual([200, to]);
    const code = { identifier: 'nobody', code: '12345678', to };
    const wrong = await post('/sign-in/code/enter', code, null, { env: mailing });
    expect([wrong.status, hiddenOf(wrong, 'to')]).toEqual([400, to]);
  });

  it('by /confirm', async () => {
    expect(goesTo(await open(`/confirm${query}`, person, { env }))).toBe(`303 ${to}`);
    expect(goesTo(await open(`/confirm${query}`, null, { env }))).toBe(`303 /sign-in${query}`);
    const page = await open(`/confirm${query}&again=1`, person, { env });
    expect(hiddenOf(page, 'to')).toBe(to);
    // The confirmation gives the session a new token.
    const other = await signInAgain(person);
    const done = await post('/confirm', { password: PASSWORD, to }, other, { env });
    expect([done.status, leadsTo(done)]).toEqual([200, to]);
  });

  it('by a second step that took too long', async () => {
    const browser = createBrowser();
    const page = await browser.post('/sign-in/factor', { token: '', code: '123456', to });
    expect([page.status, hiddenOf(page, 'to')]).toEqual([401, to]);
  });
});

describe('GET /sign-in with to=', () => {
  const countFor = async (to: string): Promise<number> => {
    const { env: watched, operations } = observe(env);
    const path = `/sign-in?to=${encodeURIComponent(to)}`;
    expect((await send(path, { cookie: person.cookie, env: watched })).status).toBe(303);
    return operations.d1;
  };

  it('costs one extra D1 query for an origin outside ALLOWED_ORIGINS, none for other values', async () => {
    const withoutAny = await countFor('/');
    expect(await countFor('/devices')).toBe(withoutAny);
    expect(await countFor(`${APP}/`)).toBe(withoutAny);
    expect(await countFor('//evil.test')).toBe(withoutAny);
    expect([withoutAny, await countFor(`${REGISTERED}/`)]).toEqual([1, 2]);
    expect(await countFor('https://evil.test/')).toBe(withoutAny + 1);
  });

  it('costs no D1 query for an anonymous visitor', async () => {
    const { env: watched, operations } = observe(env);
    await send('/sign-in?to=https%3A%2F%2Fevil.test', { env: watched });
    expect(operations.d1).toBe(0);
  });
});
