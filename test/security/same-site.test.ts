// The same-site check: logins, registrations and changes by cookie must come from the own origin or an allowed one.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import {
  type Answer,
  ORIGIN,
  type Sent,
  send,
  sessionCookie,
  testEnv,
  uniqueName,
} from '../support/worker.ts';

const FOREIGN = 'https://evil.example';
const ALLOWED = 'https://app.example.com';
const env: Env = { ...testEnv, ALLOWED_ORIGINS: `https://other.example.com, ${ALLOWED}` };

const CSRF = '{"detail":"CSRF Failed: cross-site request."}';
/** The text says what to do. */
const COOKIE_BLOCKED =
  '{"detail":"The browser would drop the session cookie: the page is of another site. Use one host name for both (localhost and 127.0.0.1 are two)."}';
const NOT_ALLOWED = '{"status":"failed","desc":"operation not allowed","error_code":112}';
const FORBIDDEN = '{"status":"fail","errors":{"main":{"msg":"Forbidden!"}}}';

interface Person {
  username: string;
  email: string;
  password: string;
}

const someone = (): Person => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: 'sesame1234' };
};

const count = async (sql: string, parameter: string | number): Promise<number> =>
  (await testEnv.DB.prepare(sql).bind(parameter).first<number>('n')) ?? expect.fail(sql);
const accountsOf = ({ email }: Person) => count('SELECT count(*) AS n FROM users WHERE email = ?', email);
const OF_USER = 'user_id = (SELECT id FROM users WHERE email = ?)';
const loginsOf = ({ email }: Person) =>
  count(`SELECT count(*) AS n FROM events WHERE type = 'login' AND ${OF_USER}`, email);
const logoutsOf = ({ email }: Person) =>
  count(`SELECT count(*) AS n FROM events WHERE type = 'logout' AND ${OF_USER}`, email);
const addressesOf = ({ email }: Person) =>
  count("SELECT count(*) AS n FROM users WHERE email = ? AND address = 'a new address'", email);

interface Endpoint {
  name: string;
  path: string;
  method: string;
  /** The body of a rejection. */
  text: string;
  /** The status of a success. */
  status: number;
  /** Creates what the request needs. */
  prepare: (person: Person) => Promise<Sent>;
  /** How often the endpoint has done its work. */
  done: (person: Person) => Promise<number>;
}

const register = (path: string, text: string, status = 200): Endpoint => ({
  name: `POST ${path}`,
  path,
  method: 'POST',
  text,
  status,
  prepare: async (person) => ({ json: { ...person, name: 'A', first_name: 'A', last_name: 'B' } }),
  done: accountsOf,
});

const logIn = (path: string, text: string): Endpoint => ({
  name: `POST ${path}`,
  path,
  method: 'POST',
  text,
  status: 200,
  prepare: async (person) => {
    await send('/api/v1/user/register/', { json: person });
    const { email, password } = person;
    return { json: path === '/api/auth/login/' ? { email, password } : { username: email, password } };
  },
  done: loginsOf,
});

const withCookie = (method: string, path: string, text: string, json?: unknown): Endpoint => ({
  name: `${method} ${path}`,
  path,
  method,
  text,
  status: 200,
  prepare: async (person) => {
    const registered = await send('/api/users/register/', { json: person });
    const cookie = sessionCookie(registered) ?? expect.fail(registered.text);
    return json === undefined ? { cookie } : { cookie, json };
  },
  done: method === 'PATCH' ? addressesOf : logoutsOf,
});

const endpoints: Endpoint[] = [
  register('/api/users/register/', CSRF),
  logIn('/api/users/login/', CSRF),
  withCookie('POST', '/api/users/logout/', CSRF),
  withCookie('GET', '/api/users/logout/', CSRF),
  withCookie('PATCH', '/api/users/me/', CSRF, { address: 'a new address' }),
  register('/api/v1/user/register/', NOT_ALLOWED),
  logIn('/api/v1/user/login/', NOT_ALLOWED),
  withCookie('POST', '/api/v1/user/logout/', NOT_ALLOWED),
  register('/api/register/', CSRF, 201),
  logIn('/api/login/', CSRF),
  register('/account/register', CSRF),
  logIn('/account/login', CSRF),
  register('/api/auth/register/', FORBIDDEN),
  logIn('/api/auth/login/', FORBIDDEN),
];

/** Headers that a browser sends for a page of an unknown origin. */
const foreign: [string, Record<string, string>][] = [
  ['Sec-Fetch-Site: cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
  ['Sec-Fetch-Site: Cross-Site', { 'Sec-Fetch-Site': 'Cross-Site' }],
  ['cross-site and a foreign origin', { 'Sec-Fetch-Site': 'cross-site', Origin: FOREIGN }],
  ['cross-site and the origin null', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }],
  ['same-site and a sibling origin', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.latchkey.test' }],
  ['same-site and the origin null', { 'Sec-Fetch-Site': 'same-site', Origin: 'null' }],
  ['only a foreign origin', { Origin: FOREIGN }],
  ['only the origin null', { Origin: 'null' }],
  ['the own host with another scheme', { Origin: 'http://latchkey.test' }],
  ['the own host at another port', { Origin: `${ORIGIN}:8443` }],
  ['an origin that starts with the own origin', { Origin: `${ORIGIN}.evil.example` }],
  ['a host that ends with the own host', { Origin: 'https://evil-latchkey.test' }],
  ['an origin that starts with an allowed origin', { Origin: `${ALLOWED}.evil.example` }],
  ['an allowed host with another scheme', { Origin: 'http://app.example.com' }],
];

/** Headers of the own pages, of allowed origins, and of clients that are not browsers. */
const familiar: [string, Record<string, string>][] = [
  ['neither header, as from curl', {}],
  ['Sec-Fetch-Site: same-origin', { 'Sec-Fetch-Site': 'same-origin' }],
  ['same-origin and the own origin', { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }],
  ['Sec-Fetch-Site: none, as from the address bar', { 'Sec-Fetch-Site': 'none' }],
  ['only the own origin', { Origin: ORIGIN }],
  ['only an allowed origin', { Origin: ALLOWED }],
  ['same-site and an allowed origin', { Origin: ALLOWED, 'Sec-Fetch-Site': 'same-site' }],
  ['only the other allowed origin', { Origin: 'https://other.example.com' }],
];

/** Endpoints that set the `SameSite=Lax` session cookie, and their answer to an allowed page of another site. */
const BLOCKED: Readonly<Record<string, string>> = {
  '/api/users/register/': COOKIE_BLOCKED,
  '/api/users/login/': COOKIE_BLOCKED,
  '/api/v1/user/login/':
    '{"status":"failed","desc":"operation not allowed: use one host name for page and service (localhost and 127.0.0.1 are two)","error_code":112}',
};

const expectRefused = (answer: Answer, text: string): void => {
  expect([answer.status, answer.text]).toEqual([403, text]);
  expect(answer.headers.get('Content-Type')).toBe('application/json');
  expect(answer.headers.getSetCookie()).toEqual([]);
};

describe.each(endpoints)('$name', ({ path, method, text, status, prepare, done }) => {
  it.each(foreign)('rejects %s with 403 and does nothing', async (_what, headers) => {
    const person = someone();
    const sent = await prepare(person);
    const before = await done(person);
    expectRefused(await send(path, { ...sent, method, headers, env }), text);
    expect(await done(person)).toBe(before);
    if (sent.cookie !== undefined)
      expect((await send('/api/users/me/', { cookie: sent.cookie })).status).toBe(200);
  });

  it.each(familiar)('accepts %s', async (_what, headers) => {
    const person = someone();
    const sent = await prepare(person);
    const before = await done(person);
    const answer = await send(path, { ...sent, method, headers, env });
    expect([answer.status, answer.text]).toEqual([status, expect.not.stringMatching(/CSRF|failed|fail"/)]);
    expect(await done(person)).toBe(before + 1);
  });

  it('accepts an allowed origin of another site, unless the browser would drop its cookie', async () => {
    const person = someone();
    const sent = await prepare(person);
    const before = await done(person);
    const headers = { Origin: ALLOWED, 'Sec-Fetch-Site': 'cross-site' };
    const answer = await send(path, { ...sent, method, headers, env });
    const blocked = BLOCKED[path];
    if (blocked !== undefined) expectRefused(answer, blocked);
    else expect(answer.status).toBe(status);
    expect(await done(person)).toBe(blocked === undefined ? before + 1 : before);
  });

  it('rejects an origin with 403 if only another deployment allows it', async () => {
    const person = someone();
    const sent = await prepare(person);
    expectRefused(await send(path, { ...sent, method, headers: { Origin: ALLOWED } }), text);
  });
});

// A browser sends Origin with every POST, but not for an image or a link.
it.each(['GET', 'HEAD'])(
  'answers 403 to %s /api/users/logout/ for an image on a page of a sibling host',
  async (method) => {
    const person = someone();
    const cookie = sessionCookie(await send('/api/users/register/', { json: person })) ?? expect.fail();
    const headers = { 'Sec-Fetch-Site': 'same-site' };
    const answer = await send('/api/users/logout/', { method, cookie, headers, env });
    expectRefused(answer, method === 'HEAD' ? '' : CSRF);
    expect(await logoutsOf(person)).toBe(0);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  },
);
