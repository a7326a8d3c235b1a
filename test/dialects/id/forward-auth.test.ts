// GET /id/forward-auth: answers to a reverse proxy, redirects of browsers, and forged headers.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { type Answer, type Sent, send, testEnv, uniqueName } from '../../support/worker.ts';

const ID = 'https://id.example.com';
const APP = 'https://app.example.com';
const env: Env = {
  ...testEnv,
  PUBLIC_URL: ID,
  COOKIE_DOMAIN: 'example.com',
  ALLOWED_ORIGINS: 'https://id.example.com:8443 https://app.other.test',
};
const PASSWORD = 'four walls and a door';

const BROWSER = {
  Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'Sec-Fetch-Mode': 'navigate',
};
/** The headers that Caddy and Traefik send. */
const forwarded = (url: string, method = 'GET'): Record<string, string> => {
  const [, proto = '', host = '', uri = ''] = /^(\w+):\/\/([^/]*)(.*)$/s.exec(url) ?? [];
  return {
    'X-Forwarded-Proto': proto,
    'X-Forwarded-Host': host,
    'X-Forwarded-Uri': uri,
    'X-Forwarded-Method': method,
  };
};

const ask = (headers: Record<string, string> = {}, sent: Sent = {}, query = ''): Promise<Answer> =>
  send(`/id/forward-auth${query}`, { env, origin: ID, headers, ...sent });

/** The status, the Location and the code of the refusal, in one line. */
const outcome = ({ status, headers, text }: Answer): string => {
  const code: string = text === '' ? '' : JSON.parse(text).code;
  return [status, headers.get('Location') ?? '', code].filter((part) => part !== '').join(' ');
};
const signIn = (url: string): string => `${ID}/sign-in?to=${encodeURIComponent(url)}`;

interface Person {
  username: string;
  email: string;
  cookie: string;
}

const join = async (fields: Record<string, string | undefined> = {}): Promise<Person> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const answer = await send('/id/register', {
    json: { username, email, password: PASSWORD, name: 'Mary Jones', ...fields },
  });
  const [, cookie = ''] = /sessionid=([\w-]+)/.exec(answer.headers.getSetCookie().join()) ?? [];
  if (cookie === '') throw new Error(answer.text);
  return { username, email, cookie };
};
const set = (email: string, assignment: string) =>
  testEnv.DB.prepare(`UPDATE users SET ${assignment} WHERE email = ?`).bind(email).run();

let person: Person;
let admin: Person;
beforeAll(async () => {
  person = await join();
  admin = await join();
  await set(admin.email, 'is_admin = 1');
});

const remote = ({ headers }: Answer): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('remote-')));

describe('GET /id/forward-auth for a signed-in user', () => {
  it('answers 200 with all Remote-* headers and no body', async () => {
    const answer = await ask(forwarded(`${APP}/x`), { cookie: person.cookie });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(remote(answer)).toEqual({
      'remote-user': person.username,
      'remote-email': person.email,
      'remote-email-verified': 'false',
      'remote-name': 'Mary Jones',
      'remote-groups': 'users',
      'remote-sub': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });

  it('costs one KV get and one D1 query, like every authenticated read', async () => {
    const sent = { cookie: person.cookie, env, origin: ID, headers: forwarded(`${APP}/x`) };
    const { answer, operations } = await measure('/id/forward-auth', sent);
    expect(answer.status).toBe(200);
    expect(operations).toEqual({ ...NO_OPERATIONS, kvGets: 1, d1: 1 });
  });

  it('reports admins and verified addresses, and accepts a token instead of the cookie', async () => {
    await set(admin.email, 'email_verified_at = 1');
    const answer = await ask({}, { cookie: admin.cookie });
    expect(remote(answer)).toMatchObject({
      'remote-groups': 'admin,users',
      'remote-email-verified': 'true',
    });
    const login = await send('/id/login', {
      json: { identifier: person.email, password: PASSWORD, session: 'token' },
    });
    const { token }: { token: string } = JSON.parse(login.text);
    expect((await ask({ Authorization: `Bearer ${token}` })).status).toBe(200);
    expect(outcome(await ask({ Authorization: `Bearer ${token.slice(1)}` }))).toBe('401 credentials_invalid');
  });

  it('uses the cookie if the Authorization header belongs to the app', async () => {
    for (const Authorization of ['Bearer of-the-app', 'Basic YTpi', 'Token', 'Bearer a b'])
      expect((await ask({ Authorization, Cookie: `sessionid=${person.cookie}` })).status).toBe(200);
  });

  it('percent-encodes a name so that every server can read the header', async () => {
    const rows = [
      ['Zoë Jones', 'Zo%C3%AB Jones'],
      ['100% Ann', '100%25 Ann'],
      ['名前', '%E5%90%8D%E5%89%8D'],
      ['🙂 (“Al”)', '%F0%9F%99%82 (%E2%80%9CAl%E2%80%9D)'],
      ['a"b\\c,d;e', 'a"b\\c,d;e'],
    ] as const;
    for (const [name, value] of rows) {
      const { cookie } = await join({ name });
      const { headers } = await ask({}, { cookie });
      expect(headers.get('Remote-Name')).toBe(value);
      expect(decodeURIComponent(value)).toBe(name);
    }
  });

  it('encodes line breaks, so that a name cannot add a header', async () => {
    const { email, cookie } = await join();
    await testEnv.DB.prepare('UPDATE users SET name = ? WHERE email = ?')
      .bind('Ann\r\nRemote-Groups: admin\t\u2028\0', email)
      .run();
    const answer = await ask({}, { cookie });
    expect(remote(answer)).toMatchObject({
      'remote-name': 'Ann%0D%0ARemote-Groups: admin%09%E2%80%A8%00',
      'remote-groups': 'users',
    });
  });

  it('names a user without a username by the verified address, or else by the sub', async () => {
    const { email, cookie } = await join({ username: undefined });
    const before = remote(await ask({}, { cookie }));
    expect(before['remote-user']).toBe(before['remote-sub']);
    await set(email, 'email_verified_at = 1');
    expect(remote(await ask({}, { cookie }))['remote-user']).toBe(email);
  });

  it('sends every header even if it is empty, so that none of the client remains', async () => {
    const { email, cookie } = await join({ name: '' });
    await set(
      email,
      "name = '', username = NULL, username_key = NULL, email = id || '@no-email.invalid', email_key = id || '@no-email.invalid'",
    );
    const answer = await ask({}, { cookie });
    expect([answer.headers.get('Remote-Name'), answer.headers.get('Remote-Email')]).toEqual(['', '']);
    expect(Object.keys(remote(answer))).toHaveLength(6);
  });
});

describe('GET /id/forward-auth for a user who is not signed in', () => {
  const url = `${APP}/orders?id=7&q=a%20b`;

  it.each([
    ['no credentials', {}],
    ['an unknown cookie', { Cookie: `sessionid=${'A'.repeat(43)}` }],
    ['Basic credentials of the app', { Authorization: 'Basic YTpi' }],
  ])('redirects a browser to the sign-in page and back: %s', async (_what, headers) => {
    const answer = await ask({ ...BROWSER, ...forwarded(url), ...headers });
    expect(outcome(answer)).toBe(`303 ${signIn(url)}`);
    expect(remote(answer)).toEqual({});
  });

  it('answers 401 with Location to nginx, which passes on nothing else', async () => {
    const answer = await ask({ ...BROWSER, 'X-Original-URL': url });
    expect(outcome(answer)).toBe(`401 ${signIn(url)}`);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  it.each([
    ['a client that is not a browser', { Accept: '*/*' }],
    ['an empty Accept header', { Accept: '' }],
    ['fetch of a page', { Accept: 'text/html', 'Sec-Fetch-Mode': 'cors' }],
    ['an image', { Accept: 'image/*', 'Sec-Fetch-Mode': 'no-cors' }],
  ])('answers 401 without a redirect: %s', async (_what, headers) => {
    expect(outcome(await ask({ ...forwarded(url), ...headers }))).toBe('401 credentials_missing');
    expect(outcome(await ask({ 'X-Original-URL': url, ...headers }))).toBe('401 credentials_missing');
  });

  it('answers 401 if the proxy forwards no URL', async () => {
    expect(outcome(await ask(BROWSER))).toBe('401 credentials_missing');
  });

  it('answers 401, not an endless redirect, if the app would not get the cookie', async () => {
    expect(outcome(await ask({ ...BROWSER, ...forwarded('https://app.other.test/') }))).toBe(
      '401 credentials_missing',
    );
    // Another port of the same host gets the cookie.
    const port = `${ID}:8443/x`;
    expect(
      outcome(await ask({ ...BROWSER, ...forwarded(port) }, { env: { ...env, COOKIE_DOMAIN: '' } })),
    ).toBe(`303 ${signIn(port)}`);
  });

  it('redirects to PUBLIC_URL, whatever host the proxy passes on', async () => {
    const answer = await ask({ ...BROWSER, ...forwarded(url) }, { origin: APP });
    expect(outcome(answer)).toBe(`303 ${signIn(url)}`);
  });

  it('leads back to the front page of the app if the path is not valid in a URL', async () => {
    for (const uri of ['/a b', '/\\x', '/"x', `/${'a'.repeat(2_000)}`, '/<a>'])
      expect(outcome(await ask({ ...BROWSER, ...forwarded(`${APP}${uri}`) }))).toBe(
        `303 ${signIn(`${APP}/`)}`,
      );
  });

  it('leads back to the app from /sign-in', async () => {
    const { pathname, search } = new URL(signIn(url));
    const answer = await send(pathname + search, { env, origin: ID, cookie: person.cookie });
    expect(answer.headers.get('Location')).toBe(url);
  });
});

describe('GET /id/forward-auth for an untrusted app', () => {
  it.each([
    'https://evil.test/',
    'http://app.example.com/',
    'https://app.example.com.evil.test/',
    'https://evil-example.com/',
    'https://app.example.com@evil.test/',
    'https://user@app.example.com/',
    'https://app.example.com\\.evil.test/',
    'https://app.example.com, evil.test/',
    'https://APP.example.com/',
    'https://app.example.com:443/',
    'https://app.example.com./',
    'javascript://app.example.com/',
    'https,http://app.example.com/',
    'https:///x',
    '//app.example.com/',
    '',
  ])('answers 403 for %j, whether signed in or not', async (url) => {
    for (const headers of [forwarded(url), { 'X-Original-URL': url }]) {
      if (!url.includes('://') && !('X-Original-URL' in headers)) continue;
      const sent = { cookie: person.cookie, env, origin: ID, headers: { ...BROWSER, ...headers } };
      expect(outcome(await send('/id/forward-auth', sent))).toBe('403 forbidden');
      expect(outcome(await ask({ ...BROWSER, ...headers }))).toBe('403 forbidden');
    }
  });

  it('answers 403 if only one of two URL headers names a trusted app', async () => {
    const headers = { ...BROWSER, ...forwarded(`${APP}/`), 'X-Original-URL': 'https://evil.test/' };
    expect(outcome(await ask(headers))).toBe('403 forbidden');
  });
});

describe('requirements of GET /id/forward-auth', () => {
  const asPerson = { cookie: '' };
  beforeAll(() => {
    asPerson.cookie = person.cookie;
  });

  it('rejects users outside the group of ?group=, without a redirect', async () => {
    expect(outcome(await ask({}, asPerson, '?group=admin'))).toBe('403 forbidden');
    expect((await ask({}, asPerson, '?group=users')).status).toBe(200);
    expect((await ask({}, { cookie: admin.cookie }, '?group=admin')).status).toBe(200);
    // Signing in would not help: it would lead back here.
    expect(outcome(await ask({ ...BROWSER, ...forwarded(APP) }, asPerson, '?group=admin'))).toBe(
      '403 forbidden',
    );
  });

  it('removes the admin group without a factor if REQUIRE_ADMIN_FACTOR is set', async () => {
    const strict = { cookie: admin.cookie, env: { ...env, REQUIRE_ADMIN_FACTOR: 'true' } };
    expect(remote(await ask({}, strict))['remote-groups']).toBe('users');
    expect(outcome(await ask({}, strict, '?group=admin'))).toBe('403 forbidden');
  });

  it('requires a recent proof with ?recent=true, and redirects browsers to /confirm', async () => {
    const stale = await join();
    expect((await ask({}, { cookie: stale.cookie }, '?recent=true')).status).toBe(200);
    await testEnv.DB.prepare(
      'UPDATE sessions SET authenticated_at = 1 WHERE user_id = (SELECT id FROM users WHERE email = ?)',
    )
      .bind(stale.email)
      .run();
    const sent = { cookie: stale.cookie };
    const confirm = `${ID}/confirm?to=${encodeURIComponent(`${APP}/x`)}`;
    expect(outcome(await ask({}, sent, '?recent=true'))).toBe('403 reauthenticate');
    expect(outcome(await ask({ ...BROWSER, ...forwarded(`${APP}/x`) }, sent, '?recent=true'))).toBe(
      `303 ${confirm}`,
    );
    expect(outcome(await ask({ ...BROWSER, 'X-Original-URL': `${APP}/x` }, sent, '?recent=true'))).toBe(
      `401 ${confirm}`,
    );
    expect((await ask({}, sent)).status).toBe(200);
  });

  it.each(['?groups=admin', '?group=staff', '?group=', '?group=Admin', '?recent=1', '?recent', '?x'])(
    'answers 400 to everybody if the query is misspelt: %s',
    async (query) => {
      expect(outcome(await ask({}, { cookie: admin.cookie }, query))).toBe('400 invalid');
      expect(outcome(await ask({}, {}, query))).toBe('400 invalid');
    },
  );

  it('rejects a session of an app password, and an unverified address if REQUIRE_VERIFIED_EMAIL is set', async () => {
    const strict = {
      ...env,
      REQUIRE_VERIFIED_EMAIL: 'true',
      MAIL_FROM: 'a@example.com',
      MAIL_PROVIDER: 'resend',
      RESEND_API_KEY: 're_1234567890abcdef',
    };
    expect(outcome(await ask({}, { ...asPerson, env: strict }))).toBe('403 unverified_email');
    const other = await join();
    await testEnv.DB.prepare(
      'UPDATE sessions SET app_password_id = 1 WHERE user_id = (SELECT id FROM users WHERE email = ?)',
    )
      .bind(other.email)
      .run();
    expect(outcome(await ask({}, { cookie: other.cookie }))).toBe('403 reauthenticate');
  });
});

describe('GET /id/forward-auth for a page of another origin', () => {
  const forge = (method: string, headers: Record<string, string>) =>
    ask({ ...forwarded(`${APP}/x`, method), ...headers }, { cookie: person.cookie });
  const sibling = { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'same-site' };

  it('answers 403 cross_site to a change with the cookie', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'post', 'X'])
      expect(outcome(await forge(method, sibling))).toBe('403 cross_site');
    expect(outcome(await forge('POST', { Origin: ID, 'Sec-Fetch-Site': 'same-site' }))).toBe(
      '403 cross_site',
    );
    expect(outcome(await forge('POST', { Origin: 'null' }))).toBe('403 cross_site');
    const nginx = { 'X-Original-URL': `${APP}/x`, 'X-Original-Method': 'POST', ...sibling };
    expect(outcome(await ask(nginx, { cookie: person.cookie }))).toBe('403 cross_site');
  });

  it('allows reads, and changes from pages of the app itself and of ALLOWED_ORIGINS', async () => {
    expect((await forge('GET', sibling)).status).toBe(200);
    expect((await forge('POST', { Origin: APP, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
    expect((await forge('POST', { Origin: 'https://app.other.test' })).status).toBe(200);
    expect((await forge('POST', {})).status).toBe(200);
  });
});
