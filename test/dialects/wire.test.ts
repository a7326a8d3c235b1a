// HTTP rules of every dialect, from one table: paths and methods, HEAD, OPTIONS, unknown paths, internal errors.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dialects } from '../../src/dialects/index.ts';
import type { Env } from '../../src/env.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';
import { notAllowed, refused } from './id/support-refusals.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A well-formed session id of `id`. */
const SESSION = '0123456789abcdef'.repeat(4);

interface Wire {
  name: string;
  /** Every path with its `Allow` header. A parameter has a well-formed value. */
  allowed: Readonly<Record<string, string>>;
  /** Paths that do not exist, below the dialect's base path or similar to it. */
  unknown: readonly string[];
  notAllowed: (method: string) => string;
  notFound: string;
  broken: string;
}

const DRF = {
  notAllowed: (method: string) => `405 {"detail":"Method \\"${method}\\" not allowed."}`,
  notFound: '404 {"detail":"Not found."}',
  broken: '500 {"detail":"A server error occurred."}',
};

const envelope = (status: number): string =>
  `${status} {"status":"failed","desc":"unexpected error","error_code":104}`;

const main = (status: number, message: string): string =>
  `${status} {"status":"fail","errors":{"main":{"msg":"${message}"}}}`;

const GET = 'GET, HEAD, OPTIONS';
const POST = 'POST, OPTIONS';
const PUT = 'PUT, OPTIONS';
const DELETE = 'DELETE, OPTIONS';

const WIRES: readonly Wire[] = [
  {
    ...DRF,
    name: 'users',
    allowed: {
      '/api/users/register': POST,
      '/api/users/login': POST,
      '/api/users/me': 'GET, PATCH, HEAD, OPTIONS',
      '/api/users/change_password': POST,
      '/api/users/reset_password': 'GET, POST, HEAD, OPTIONS',
      '/api/users/logout': 'POST, GET, HEAD, OPTIONS',
    },
    unknown: ['', '/', '/none', '/login/x', '/me/1/', '/1', '/Login', '//me'].map(
      (path) => `/api/users${path}`,
    ),
  },
  {
    name: 'user-v1',
    allowed: { '/api/v1/user/register': POST, '/api/v1/user/login': POST, '/api/v1/user/logout': POST },
    unknown: ['', '/', '/none', '/login/x', '/me/', '/Login', '//login'].map((path) => `/api/v1/user${path}`),
    notAllowed: () => envelope(405),
    notFound: envelope(404),
    broken: envelope(500),
  },
  {
    ...DRF,
    name: 'conjugator',
    allowed: {
      '/api/register': POST,
      '/api/login': POST,
      '/api/user': 'GET, PUT, HEAD, OPTIONS',
      '/api/accounts/1': GET,
      '/api/admin/users': GET,
    },
    unknown: [
      ...['', '/', '/none', '/login/x', '/user/1', '/accounts', '/accounts/x/', '/accounts/-1'],
      ...['/accounts/1.5', '/admin', '/admin/users/1', '//user', '/User'],
    ].map((path) => `/api${path}`),
  },
  {
    ...DRF,
    name: 'account',
    allowed: {
      '/account/register': POST,
      '/account/login': POST,
      '/account/logout': POST,
      '/account/profile': GET,
      '/account/delete': POST,
      '/account/get_pictures': GET,
      '/account/set_picture': POST,
      // As the document spells it.
      '/acount/set_picture': POST,
    },
    unknown: [
      ...['', '/', '/none', '/login/x', '/Profile', '//profile'].map((path) => `/account${path}`),
      ...['', '/', '/profile', '/register', '/get_pictures'].map((path) => `/acount${path}`),
    ],
  },
  {
    name: 'auth',
    allowed: { '/api/auth/register': POST, '/api/auth/login': POST },
    unknown: ['', '/', '/none', '/login/x', '/Login', '/logout', '//login', '/user'].map(
      (path) => `/api/auth${path}`,
    ),
    notAllowed: () => main(405, 'Method not allowed!'),
    notFound: main(404, 'Not found!'),
    broken: main(500, 'Server error!'),
  },
  {
    name: 'id',
    allowed: {
      '/id/register': POST,
      '/id/login': POST,
      '/id/login/code': POST,
      '/id/login/factor': POST,
      '/id/login/passkey': POST,
      '/id/login/passkey/options': POST,
      '/id/reauthenticate': POST,
      '/id/reauthenticate/options': POST,
      '/id/factors': GET,
      '/id/factors/1': 'PATCH, DELETE, OPTIONS',
      '/id/factors/totp': POST,
      '/id/factors/totp/confirm': POST,
      '/id/factors/passkeys': POST,
      '/id/factors/passkeys/options': POST,
      '/id/factors/recovery-codes': POST,
      '/id/app-passwords': 'GET, POST, HEAD, OPTIONS',
      '/id/app-passwords/1': DELETE,
      '/id/logout': POST,
      '/id/me': 'GET, PATCH, DELETE, HEAD, OPTIONS',
      '/id/me/password': PUT,
      '/id/me/email': PUT,
      '/id/me/username': PUT,
      '/id/me/email/pending': DELETE,
      '/id/email/verification': POST,
      '/id/email/verification/confirm': POST,
      '/id/email/change/confirm': POST,
      '/id/email/change/undo': POST,
      '/id/password/forgot': POST,
      '/id/password/reset': POST,
      '/id/forward-auth': GET,
      '/id/token': POST,
      '/id/sessions': 'GET, DELETE, HEAD, OPTIONS',
      [`/id/sessions/${SESSION}`]: DELETE,
      '/id/events': GET,
      '/id/export': GET,
      '/id/admin/accounts': GET,
      '/id/admin/accounts/search': POST,
      '/id/admin/accounts/1': 'GET, DELETE, HEAD, OPTIONS',
      '/id/admin/accounts/1/events': GET,
      '/id/admin/accounts/1/disable': POST,
      '/id/admin/accounts/1/enable': POST,
      '/id/admin/accounts/1/grant-admin': POST,
      '/id/admin/accounts/1/revoke-admin': POST,
      '/id/admin/accounts/1/verify-email': POST,
      '/id/admin/accounts/1/send-reset': POST,
      '/id/admin/accounts/1/send-verification': POST,
      '/id/admin/accounts/1/sessions': 'GET, DELETE, HEAD, OPTIONS',
      '/id/admin/accounts/1/factors': DELETE,
    },
    unknown: [
      ...['', '/', '/none', '/ME', '//me', '/me/none', '/me/password/x', '/login/x', '/sessions/x'],
      ...[`/sessions/${SESSION}0`, '/admin', '/admin/accounts/x', '/admin/accounts/1/none'],
      ...['/admin/accounts/1/disable/x', '/admin/users', '/accounts', '/export.json'],
    ].map((path) => `/id${path}`),
    notAllowed,
    notFound: refused('not_found'),
    broken: refused('fault'),
  },
];

const TYPES: Readonly<Record<string, string>> = { id: 'application/problem+json' };

let token = '';
let cookie = '';

beforeAll(async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: 'sesame1234' };
  const registered = await send('/account/register', { json: person });
  token = /"token":"([0-9a-f]{40})"/.exec(registered.text)?.[1] ?? expect.fail(registered.text);
  cookie = sessionCookie(await send('/api/users/login/', { json: person })) ?? expect.fail();
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Status and exact body of an answer, which has a request id and no cookie. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.getSetCookie()).toEqual([]);
  return `${status} ${text}`;
};

/** Without a credential, with an invalid one, and logged in by token and by cookie. */
const senders = (): Sent[] => [{}, { token: 'nonsense' }, { token }, { cookie }];

it('covers every dialect', () => {
  expect(new Set(WIRES.map(({ name }) => name))).toEqual(new Set(dialects.map(({ name }) => name)));
});

describe.each(WIRES)('$name', (wire) => {
  const paths = Object.entries(wire.allowed);
  const spellings = paths.flatMap(([path, allow]) => [
    { path, allow },
    { path: `${path}/`, allow },
  ]);

  it('has exactly the paths and methods of the table', () => {
    const written = paths.flatMap(([path, allow]) =>
      allow
        .split(', ')
        .filter((method) => method !== 'HEAD' && method !== 'OPTIONS')
        .map((method) => `${method} ${path.replace(SESSION, ':id').replace(/\/1(?=\/|$)/, '/:id')}`),
    );
    const built = dialects
      .filter(({ name }) => name === wire.name)
      .flatMap(({ basePath, endpoints }) =>
        endpoints.map(({ method, path }) => `${method} ${basePath}${path}`),
      );
    expect(written.sort()).toEqual(built.sort());
  });

  describe.each(spellings)('$path', ({ path, allow }) => {
    const others = METHODS.filter((method) => !allow.split(', ').includes(method));

    it.each(others)('answers 405 to %s from every client', async (method) => {
      for (const sender of senders()) {
        const answer = await send(path, { ...sender, method });
        expect(whole(answer)).toBe(method === 'HEAD' ? '405 ' : wire.notAllowed(method));
        expect(answer.headers.get('Allow')).toBe(allow);
      }
    });

    it('answers OPTIONS with 204, the `Allow` header and no body', async () => {
      const answer = await send(path, { method: 'OPTIONS' });
      expect(whole(answer)).toBe('204 ');
      expect(answer.headers.get('Allow')).toBe(allow);
    });
  });

  it.each(wire.unknown)('answers 404 at %s for every method and client', async (path) => {
    for (const method of [...METHODS, 'OPTIONS'])
      for (const sender of senders()) {
        const answer = await send(path, { ...sender, method });
        expect(whole(answer)).toBe(method === 'HEAD' ? '404 ' : wire.notFound);
        expect(answer.headers.get('Content-Type')).toBe(TYPES[wire.name] ?? 'application/json');
      }
    expect(whole(await send(path, { headers: { Accept: 'text/html' } }))).toBe(wire.notFound);
  });

  it.each(paths)(
    'answers an internal error at %s with the request id of the log and no details',
    async (path, allow) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const env: Env = { ...testEnv, TOKEN_SECRET: '' };
      const answer = await send(path, { method: allow.split(',')[0] ?? '', token, env });
      expect(whole(answer)).toBe(wire.broken);
      expect(answer.headers.has('Location')).toBe(false);
      expect(log.mock.calls.flat().join()).toContain(answer.headers.get('X-Request-Id'));
    },
  );
});

it.each(['/api/authx', '/identity', '/idx/me', '/ID/me', '/accounting', '/accounts/login'])(
  'answers 404 at %s, which only begins like a path of a dialect',
  async (path) => {
    for (const method of METHODS.filter((each) => each !== 'HEAD'))
      expect(whole(await send(path, { method, token }))).toBe(DRF.notFound);
  },
);
