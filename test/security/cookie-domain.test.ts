// COOKIE_DOMAIN: the session cookie is sent to every host of the domain, and pages of those hosts get no other access.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Env, Misconfigured, readSettings } from '../../src/env.ts';
import { measure } from '../support/counting.ts';
import { type Answer, type Sent, send, testEnv, uniqueName } from '../support/worker.ts';

const ID = 'https://id.example.com';
const APP = 'https://app.example.com';
const env: Env = { ...testEnv, PUBLIC_URL: ID, COOKIE_DOMAIN: 'example.com' };

const person = { email: `${uniqueName()}@test.com`, password: 'four walls and a door' };
const ask = (path: string, sent: Sent = {}): Promise<Answer> => send(path, { env, origin: ID, ...sent });

/** The Set-Cookie lines of the session cookie, without the token. */
const linesOf = ({ headers }: Answer): string[] =>
  headers
    .getSetCookie()
    .filter((line) => line.startsWith('sessionid='))
    .map((line) => line.replace(/^sessionid=[\w-]+/, 'sessionid=…'));

/** The token of the last Set-Cookie line, which is the one that a browser keeps. */
const tokenOf = ({ headers }: Answer): string =>
  headers
    .getSetCookie()
    .flatMap((line) => /^sessionid=([\w-]+);/.exec(line)?.[1] ?? [])
    .at(-1) ?? '';

/** The name and value of a cookie that the response sets. */
const pairOf = ({ headers }: Answer, name: string): string =>
  headers
    .getSetCookie()
    .map((line) => line.replace(/;.*/, ''))
    .find((pair) => pair.startsWith(`${name}=`)) ?? expect.fail(`The response sets no cookie ${name}.`);

const HOST_CLEARED = 'sessionid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax';
const DOMAIN_CLEARED = 'sessionid=; Max-Age=0; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax';
const SET = 'sessionid=…; Max-Age=1209600; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax';

let token = '';
let registered: Answer;
beforeAll(async () => {
  registered = await ask('/id/register', { json: person });
  token = tokenOf(registered);
});

describe('the session cookie', () => {
  it('covers the domain after a registration', () => {
    expect(linesOf(registered)).toEqual([HOST_CLEARED, SET]);
  });

  it.each([
    ['POST /id/login', '/id/login', { identifier: person.email, password: person.password }],
    ['the sign-in page', '/sign-in', { identifier: person.email, password: person.password }],
  ])(
    'covers the domain after a login by %s, and replaces the host-only cookie',
    async (_what, path, form) => {
      const answer = await ask(path, { form, headers: { Origin: ID } });
      expect(linesOf(answer)).toEqual([HOST_CLEARED, SET]);
    },
  );

  it('expires in its host-only and its domain form at logout', async () => {
    const login = await ask('/id/login', {
      json: { identifier: person.email, password: person.password },
    });
    const answer = await ask('/id/logout', { method: 'POST', cookie: tokenOf(login) });
    expect([answer.status, linesOf(answer)]).toEqual([204, [HOST_CLEARED, DOMAIN_CLEARED]]);
  });

  it('stays host-only on a host outside the domain, and without COOKIE_DOMAIN', async () => {
    const json = { identifier: person.email, password: person.password };
    const alone = 'sessionid=…; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Lax';
    expect(linesOf(await ask('/id/login', { json, origin: 'https://latchkey.workers.dev' }))).toEqual([
      alone,
    ]);
    expect(linesOf(await ask('/id/login', { json, origin: 'https://badexample.com' }))).toEqual([alone]);
    expect(linesOf(await ask('/id/login', { json, env: { ...testEnv, PUBLIC_URL: ID } }))).toEqual([alone]);
  });

  it('covers the domain, but the device, step and message cookies stay host-only', async () => {
    const form = { identifier: person.email, password: person.password };
    const login = await ask('/sign-in', { form, headers: { Origin: ID } });
    const message = await ask('/profile', {
      form: { name: 'Mary' },
      cookie: tokenOf(login),
      headers: { Origin: ID },
    });
    const next = await ask('/profile', {
      headers: { Cookie: `sessionid=${tokenOf(login)}; ${pairOf(message, 'done')}` },
    });
    const withFactor = { email: `${uniqueName()}@test.com`, password: person.password };
    await ask('/id/register', { json: withFactor });
    await testEnv.DB.prepare(
      `INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at)
       SELECT id, 'totp', 'app', 'x', 1, 1 FROM users WHERE email = ?`,
    )
      .bind(withFactor.email)
      .run();
    const step = await ask('/sign-in', {
      form: { identifier: withFactor.email, password: withFactor.password },
      headers: { Origin: ID },
    });
    const others = [login, message, next, step].map(({ headers }) =>
      headers.getSetCookie().filter((line) => !line.startsWith('sessionid=')),
    );
    expect(others.map((lines) => lines.map((line) => line.replace(/=.*/, '')))).toEqual([
      ['device'],
      ['done'],
      ['done'],
      ['login_step'],
    ]);
    for (const line of others.flat()) expect(line).not.toMatch(/;\s*Domain=/i);
  });

  it('works as the second of two, after an unknown one, but not as the third', async () => {
    const dead = 'A'.repeat(43);
    const both = { Cookie: `sessionid=${dead}; sessionid=${token}` };
    const { answer, operations } = await measure('/id/me', { headers: both, env, origin: ID });
    expect(answer.status).toBe(200);
    const alone = await measure('/id/me', { cookie: token, env, origin: ID });
    expect([alone.operations.d1, operations.d1]).toEqual([1, 2]);
    const three = { Cookie: `sessionid=${dead}; sessionid=${dead.toLowerCase()}; sessionid=${token}` };
    expect((await ask('/id/me', { headers: three })).status).toBe(401);
  });
});

describe('a page of a sibling host', () => {
  const sibling = { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'same-site' };

  it.each([
    ['/id/logout', {}],
    ['/sign-out', {}],
    ['/api/users/me/', { name: 'x' }],
    ['/id/login', { identifier: person.email, password: person.password }],
  ])('cannot change anything with the cookie at %s', async (path, json) => {
    const answer = await ask(path, {
      method: path.endsWith('/me/') ? 'PATCH' : 'POST',
      json,
      cookie: token,
      headers: sibling,
    });
    expect([answer.status, linesOf(answer)]).toEqual([403, []]);
    expect((await ask('/id/me', { cookie: token })).status).toBe(200);
  });

  it('cannot read a response, unless ALLOWED_ORIGINS names it', async () => {
    const read = await ask('/id/me', { cookie: token, headers: sibling });
    expect(read.headers.get('Access-Control-Allow-Origin')).toBeNull();
    const named = { ...env, ALLOWED_ORIGINS: APP };
    const allowed = await ask('/id/me', { cookie: token, headers: { Origin: APP }, env: named });
    expect(allowed.headers.get('Access-Control-Allow-Origin')).toBe(APP);
  });
});

describe('GET /sign-in with a destination in `to`', () => {
  const to = (url: string) => `/sign-in?to=${encodeURIComponent(url)}`;

  it('redirects to every https host of the domain, and extends a host-only cookie to the domain', async () => {
    for (const url of [`${APP}/x`, 'https://deep.app.example.com:8443/', 'https://example.com/']) {
      const answer = await ask(to(url), { cookie: token });
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, url]);
      expect(linesOf(answer)).toEqual([HOST_CLEARED, SET]);
      expect(tokenOf(answer)).toBe(token);
    }
  });

  it.each([
    'http://app.example.com/',
    'https://badexample.com/',
    'https://example.com.evil.test/',
    'https://com/',
  ])('does not redirect to %s', async (url) => {
    const answer = await ask(to(url), { cookie: token });
    expect([answer.headers.get('Location'), linesOf(answer)]).toEqual(['/', []]);
  });
});

describe('the setting COOKIE_DOMAIN', () => {
  const refusal = (COOKIE_DOMAIN: string, PUBLIC_URL = ID): string | null => {
    try {
      readSettings({ ...testEnv, COOKIE_DOMAIN, PUBLIC_URL });
      return null;
    } catch (error) {
      if (error instanceof Misconfigured) return error.message;
      throw error;
    }
  };

  it.each([
    ['example.com', ID],
    ['id.example.com', ID],
    ['latchkey.localhost', 'http://id.latchkey.localhost:8787'],
    ['', ID],
  ])('accepts %j if PUBLIC_URL is %s', (domain, url) => {
    expect(refusal(domain, url)).toBeNull();
  });

  it.each([
    'com',
    'localhost',
    '.example.com',
    'example.com.',
    'https://example.com',
    'example.com:443',
    'Example.com',
    '127.0.0.1',
    '10.0.0.1',
    '[::1]',
    'workers.dev',
    'pages.dev',
    'bücher.example',
    '-a.example',
    'a..example',
    'example.com; Path=/x',
  ])('rejects %j', (domain) => {
    expect(refusal(domain)).toContain(
      'COOKIE_DOMAIN must be a domain of your own with at least two labels, such as example.com, not',
    );
  });

  it.each([
    ['other.com', ID],
    ['app.example.com', ID],
    ['ample.com', ID],
    ['example.com', ''],
  ])('rejects %j if PUBLIC_URL is %j', (domain, url) => {
    expect(refusal(domain, url)).toBe('COOKIE_DOMAIN must be the host of PUBLIC_URL, or a parent of it.');
  });
});
