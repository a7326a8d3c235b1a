// What all pages have in common: methods, headers, errors as HTML, and who answers an unknown path.
import { describe, expect, it } from 'vitest';
import { breakD1 } from '../support/faults.ts';
import { send, testEnv } from '../support/worker.ts';
import {
  expectPage,
  goesTo,
  open,
  openDone,
  PASSWORD,
  PASSWORD_SCRIPT,
  post,
  SCRIPT,
  SCRIPT_POLICY,
  signUp,
} from './support-pages.ts';

const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('every page', () => {
  it('sends exactly these headers', async () => {
    const { headers } = await open('/sign-up');
    expect(Object.fromEntries(headers)).toEqual({
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; script-src 'self'",
      'content-type': 'text/html; charset=UTF-8',
      'referrer-policy': 'same-origin',
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
      vary: 'Origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('loads scripts only for passkeys and password fields', async () => {
    const signIn = await open('/sign-in');
    expect(signIn.headers.get('Content-Security-Policy')).toBe(SCRIPT_POLICY);
    expect(signIn.text).toContain(`${SCRIPT}${PASSWORD_SCRIPT}`);
    const signUpPage = await open('/sign-up');
    expect(signUpPage.text).toContain(PASSWORD_SCRIPT);
    expect(signUpPage.text).not.toContain(SCRIPT);
    const person = await signUp({ name: 'type="password"' });
    const overview = await open('/', person);
    expect(overview.text).not.toContain('<script');
    expect(overview.headers.get('Content-Security-Policy')).not.toContain('script-src');
  });

  it('shows SERVICE_NAME and ACCENT_COLOR', async () => {
    const settings = { ...testEnv, SERVICE_NAME: 'Acme & Co', ACCENT_COLOR: '#7a1fa2' };
    const page = await open('/sign-in', null, { env: settings });
    expect(page.text).toContain('<title>Sign in · Acme &amp; Co</title>');
    expect(page.text).toContain('<link rel="stylesheet" href="/accent.css?7a1fa2"/>');
    const sheet = await open('/accent.css', null, { env: settings });
    expect([sheet.status, sheet.headers.get('Content-Type'), sheet.headers.get('Cache-Control')]).toEqual([
      200,
      'text/css; charset=utf-8',
      'public, max-age=86400',
    ]);
    expect(sheet.text).toMatch(/^:root\{--accent:light-dark\(#7a1fa2, #[0-9a-f]{6}\);/);
    expectPage(await open('/accent.css'), 404, 'There is nothing here');
    expect((await open('/sign-in')).text).not.toContain('accent.css');
  });

  it('also answers with a trailing slash', async () => {
    const person = await signUp();
    expectPage(await open('/devices/', person), 200, 'Devices');
    expect(goesTo(await post('/devices/end/', { session: 'x' }, person))).toBe(
      '303 /devices done=session-gone',
    );
  });

  it('answers HEAD like GET, without the body', async () => {
    const { status, headers, text } = await open('/sign-in', null, { method: 'HEAD' });
    expect([status, headers.get('Content-Type'), text]).toEqual([200, 'text/html; charset=UTF-8', '']);
  });

  it.each([
    ['/', 'GET, HEAD, OPTIONS'],
    ['/sign-in', 'GET, POST, HEAD, OPTIONS'],
    ['/sign-out', 'POST, OPTIONS'],
    ['/devices/end', 'POST, OPTIONS'],
    ['/admin/users/1', 'GET, HEAD, OPTIONS'],
  ])('answers OPTIONS and 405 on %s with Allow: %s', async (path, allow) => {
    const options = await open(path, null, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('Allow'), options.text]).toEqual([204, allow, '']);
    const other = await open(path, null, { method: 'DELETE' });
    expectPage(other, 405, 'This cannot be done here');
    expect(other.headers.get('Allow')).toBe(allow);
  });

  it('shows no message for an unknown code in the cookie', async () => {
    const { text } = await openDone('/sign-in', '%3Cb%3Ehacked');
    expect(text).not.toContain('hacked');
    expect((await openDone('/sign-in', 'constructor')).text).not.toContain('notice');
  });
});

describe('an unknown path', () => {
  const NOT_FOUND = [404, 'application/json', '{"detail":"Not found."}'];

  it('answers 404 as a page for a browser and as JSON for other clients', async () => {
    expectPage(await send('/nothing', { headers: HTML }), 404, 'There is nothing here');
    for (const headers of [
      {},
      { Accept: '*/*' },
      { Accept: 'application/json' },
      { Accept: 'text/html;q=0' },
    ]) {
      const answer = await send('/nothing', { headers });
      expect([answer.status, answer.headers.get('Content-Type'), answer.text]).toEqual(NOT_FOUND);
    }
  });

  it('answers 404 below a page as a page for a browser and as JSON for other clients', async () => {
    expectPage(await send('/devices/nothing', { headers: HTML }), 404, 'There is nothing here');
    const answer = await send('/devices/nothing', { headers: { Accept: 'application/json' } });
    expect([answer.status, answer.headers.get('Content-Type'), answer.text]).toEqual(NOT_FOUND);
  });

  it.each([
    ['//api/user', '{"detail":"Not found."}'],
    ['//api/users/me/', '{"detail":"Not found."}'],
    ['///api/v1/user/login/', '{"status":"failed","desc":"unexpected error","error_code":104}'],
    ['//api/auth/login', '{"status":"fail","errors":{"main":{"msg":"Not found!"}}}'],
    ['//nothing', '{"detail":"Not found."}'],
  ])('answers 404 in the JSON of the intended dialect after a doubled slash: %s', async (path, text) => {
    for (const headers of [{}, { Accept: 'application/json, text/plain, */*' }]) {
      const answer = await send(path, { headers });
      expect([answer.status, answer.headers.get('Content-Type'), answer.text]).toEqual([
        404,
        'application/json',
        text,
      ]);
    }
  });

  it('answers 404 below a dialect as JSON, even for a browser', async () => {
    for (const path of ['/id/nothing', '/account/nothing', '/api/nothing', '/health'])
      expect((await send(path, { headers: HTML })).headers.get('Content-Type')).toMatch(/^application\//);
  });
});

describe('an error page', () => {
  it('answers 429 with Retry-After if the flood guard is full', async () => {
    const full = { limit: async () => ({ success: false }) };
    const env = { ...testEnv, LOGIN_LIMIT: full, REGISTRATION_LIMIT: full };
    for (const path of ['/sign-in', '/sign-up']) {
      const headers = { 'CF-Connecting-IP': '203.0.113.7' };
      const answer = await post(path, { identifier: 'x', password: PASSWORD }, null, { env, headers });
      expectPage(answer, 429, 'Too many tries');
      expect(answer.headers.get('Retry-After')).toBe('60');
      expectPage(
        await open(path, null, { env, headers }),
        200,
        path === '/sign-in' ? 'Sign in' : 'Create account',
      );
    }
  });

  it('answers 503 with Retry-After if D1 is down', async () => {
    const person = await signUp();
    const env = breakD1('before');
    const answer = await open('/devices', person, { env });
    expectPage(answer, 503, 'One moment, please');
    expect(answer.headers.get('Retry-After')).toBe('5');
    const form = { identifier: person.email, password: PASSWORD };
    expectPage(await post('/sign-in', form, null, { env }), 503, 'One moment, please');
  });

  it('answers 500 without the name of the setting if TOKEN_SECRET is missing', async () => {
    const { TOKEN_SECRET: _, ...env } = testEnv;
    const answer = await open('/sign-in', null, { env });
    expectPage(answer, 500, 'Something went wrong here');
    expect(answer.text).not.toContain('TOKEN_SECRET');
  });

  it('answers 400 if the body is not a form, and 413 if it is too large', async () => {
    expectPage(await open('/sign-in', null, { json: '{"identifier":' }), 400, 'This cannot be read');
    expectPage(
      await open('/sign-in', null, { json: 'text', headers: { 'Content-Type': 'text/plain' } }),
      400,
      'This cannot be read',
    );
    const long = { identifier: 'x'.repeat(70_000), password: PASSWORD };
    expectPage(await post('/sign-in', long), 413, 'The request is too large');
  });
});

describe('the stylesheet and the icon', () => {
  it('have the right content types as assets', async () => {
    const typeOf = async (path: string) => {
      const response = await testEnv.ASSETS.fetch(`https://assets.local${path}`);
      await response.arrayBuffer();
      return `${response.status} ${response.headers.get('Content-Type')}`;
    };
    expect(await typeOf('/style.css')).toMatch(/^200 text\/css/);
    expect(await typeOf('/icon.svg')).toBe('200 image/svg+xml');
  });
});
