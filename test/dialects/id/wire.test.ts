// `id`: paths, methods, headers, and what is answered in trouble.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dialects } from '../../../src/dialects/index.ts';
import type { Env } from '../../../src/env.ts';
import { send, testEnv } from '../../support/worker.ts';
import { bearer, join, joinAdmin, namesOf, tokenFor, whole } from './support-id.ts';
import { notAllowed, refused } from './support-refusals.ts';

const SESSION = '/id/sessions/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const ALLOWED: Record<string, string> = {
  '/id/register': 'POST, OPTIONS',
  '/id/login': 'POST, OPTIONS',
  '/id/login/factor': 'POST, OPTIONS',
  '/id/login/passkey': 'POST, OPTIONS',
  '/id/login/passkey/options': 'POST, OPTIONS',
  '/id/reauthenticate': 'POST, OPTIONS',
  '/id/reauthenticate/options': 'POST, OPTIONS',
  '/id/factors': 'GET, HEAD, OPTIONS',
  '/id/factors/1': 'PATCH, DELETE, OPTIONS',
  '/id/factors/totp': 'POST, OPTIONS',
  '/id/factors/totp/confirm': 'POST, OPTIONS',
  '/id/factors/passkeys': 'POST, OPTIONS',
  '/id/factors/passkeys/options': 'POST, OPTIONS',
  '/id/factors/recovery-codes': 'POST, OPTIONS',
  '/id/app-passwords': 'GET, POST, HEAD, OPTIONS',
  '/id/app-passwords/1': 'DELETE, OPTIONS',
  '/id/logout': 'POST, OPTIONS',
  '/id/me': 'GET, PATCH, DELETE, HEAD, OPTIONS',
  '/id/me/password': 'PUT, OPTIONS',
  '/id/me/email': 'PUT, OPTIONS',
  '/id/me/username': 'PUT, OPTIONS',
  '/id/me/email/pending': 'DELETE, OPTIONS',
  '/id/email/verification': 'POST, OPTIONS',
  '/id/email/verification/confirm': 'POST, OPTIONS',
  '/id/email/change/confirm': 'POST, OPTIONS',
  '/id/email/change/undo': 'POST, OPTIONS',
  '/id/password/forgot': 'POST, OPTIONS',
  '/id/password/reset': 'POST, OPTIONS',
  '/id/token': 'POST, OPTIONS',
  '/id/sessions': 'GET, DELETE, HEAD, OPTIONS',
  [SESSION]: 'DELETE, OPTIONS',
  '/id/events': 'GET, HEAD, OPTIONS',
  '/id/export': 'GET, HEAD, OPTIONS',
  '/id/admin/accounts': 'GET, HEAD, OPTIONS',
  '/id/admin/accounts/1': 'GET, DELETE, HEAD, OPTIONS',
  '/id/admin/accounts/1/events': 'GET, HEAD, OPTIONS',
  '/id/admin/accounts/1/disable': 'POST, OPTIONS',
  '/id/admin/accounts/1/enable': 'POST, OPTIONS',
  '/id/admin/accounts/1/grant-admin': 'POST, OPTIONS',
  '/id/admin/accounts/1/revoke-admin': 'POST, OPTIONS',
  '/id/admin/accounts/1/verify-email': 'POST, OPTIONS',
  '/id/admin/accounts/1/send-reset': 'POST, OPTIONS',
  '/id/admin/accounts/1/send-verification': 'POST, OPTIONS',
  '/id/admin/accounts/1/sessions': 'GET, DELETE, HEAD, OPTIONS',
  '/id/admin/accounts/1/factors': 'DELETE, OPTIONS',
};
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const bothSpellings = Object.entries(ALLOWED).flatMap(([path, allow]) => [
  { path, allow },
  { path: `${path}/`, allow },
]);

let token = '';
beforeAll(async () => {
  token = await tokenFor(await join());
});

it('has the paths of this file, and no other', () => {
  const dialect = dialects.find(({ name }) => name === 'id');
  const routed = new Set(dialect?.endpoints.map(({ path }) => path));
  const expected = Object.keys(ALLOWED).map((path) =>
    `${path.slice('/id'.length)}`
      .replace(/^\/sessions\/.+/, '/sessions/:id')
      .replace(/(accounts|factors|app-passwords)\/1/, '$1/:id'),
  );
  expect([...routed].sort()).toEqual(expected.sort());
});

describe.each(bothSpellings)('$path', ({ path, allow }) => {
  const others = METHODS.filter((method) => !allow.split(', ').includes(method));

  it.each(others)('refuses %s before it asks who is there', async (method) => {
    for (const sent of [{ method }, { method, token }, { method, token: 'x' }]) {
      const answer = await send(path, sent);
      expect(whole(answer)).toBe(method === 'HEAD' ? '405' : notAllowed(method));
      expect(answer.headers.get('Allow')).toBe(allow);
    }
  });

  it('answers OPTIONS with its methods and nothing else', async () => {
    const answer = await send(path, { method: 'OPTIONS' });
    expect(whole(answer)).toBe('204');
    expect(answer.headers.get('Allow')).toBe(allow);
  });
});

describe('a slash at the end', () => {
  it('changes nothing, and is never answered with a redirect', async () => {
    const admin = await joinAdmin();
    for (const path of [
      '/id/me',
      '/id/sessions',
      '/id/export',
      '/id/admin/accounts',
      `/id/admin/accounts/${admin.id}`,
    ]) {
      const [bare, slashed] = [await send(path, admin), await send(`${path}/`, admin)];
      expect(whole(slashed)).toBe(whole(bare));
      expect(bare.status).toBe(200);
    }
  });
});

describe('HEAD', () => {
  it.each(['/id/me', '/id/sessions', '/id/events?limit=1', '/id/export', '/id/admin/accounts?limit=1'])(
    'answers as GET does, without the body: %s',
    async (path) => {
      const { cookie } = await joinAdmin();
      const [head, get] = [await send(path, { method: 'HEAD', cookie }), await send(path, { cookie })];
      expect(whole(head)).toBe('200');
      for (const header of ['Link', 'Content-Disposition', 'Vary'])
        expect(head.headers.get(header)).toBe(get.headers.get(header));
      const anonymous = await send(path, { method: 'HEAD' });
      expect(whole(anonymous)).toBe('401');
      expect(anonymous.headers.get('WWW-Authenticate')).toBe('Bearer');
    },
  );
});

describe('an unknown path', () => {
  it.each([
    ...['/id', '/id/', '/id/none', '/id/ME', '/id//me', '/id/me/none', '/id/me/password/x', '/id/login/x'],
    ...['/id/sessions/x', `${SESSION}0`, '/id/admin', '/id/admin/accounts/x', '/id/admin/accounts/1/none'],
    ...['/id/admin/accounts/1/disable/x', '/id/admin/users', '/id/accounts', '/id/export.json'],
  ])('is not found, for whatever method and token: %s', async (path) => {
    for (const method of [...METHODS, 'OPTIONS'])
      expect(whole(await send(path, { method, token }))).toBe(
        method === 'HEAD' ? '404' : refused('not_found'),
      );
    expect(whole(await send(path))).toBe(refused('not_found'));
    expect(whole(await send(path, { headers: { Accept: 'text/html' } }))).toBe(refused('not_found'));
  });

  it('is not of `id` where it only begins like it', async () => {
    for (const path of ['/identity', '/idx/me', '/ID/me'])
      expect((await send(path)).headers.get('Content-Type')).toBe('application/json');
  });
});

describe('every answer', () => {
  it('has a request id of its own, whatever the client sends', async () => {
    const headers = { 'X-Request-Id': 'mine' };
    const answers = await Promise.all([1, 2, 3].map(() => send('/id/me', { token, headers })));
    const ids = new Set(answers.map((answer) => answer.headers.get('X-Request-Id')));
    expect(ids.size).toBe(3);
    expect(ids).not.toContain('mine');
  });

  it('forbids a browser to keep, guess, frame or run it', async () => {
    for (const sent of [{ token }, {}]) {
      const { headers } = await send('/id/me', sent);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('Strict-Transport-Security')).toBe('max-age=63072000; includeSubDomains');
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    }
  });

  it('sets no cookie that goes only over https where the request came over http', async () => {
    const member = await join();
    const { email, password } = member;
    const json = { identifier: email, password };
    const { headers } = await send('/id/login', { json, origin: 'http://127.0.0.1:8787' });
    expect(headers.getSetCookie()).toHaveLength(2);
    for (const line of headers.getSetCookie()) expect(line).not.toContain('Secure');
    expect(headers.get('Strict-Transport-Security')).toBeNull();
  });

  it('shows the addresses of pictures at the origin that was asked', async () => {
    const member = await join();
    const sent = { method: 'PATCH', cookie: member.cookie, json: { pictureId: 2 } };
    const { text } = await send('/id/me', { ...sent, origin: 'http://127.0.0.1:8787' });
    expect(text).toContain('"picture":"http://127.0.0.1:8787/pictures/2.svg"');
    expect(text).toContain(JSON.stringify(namesOf(member)).slice(0, -1));
  });
});

describe('trouble', () => {
  afterEach(() => vi.restoreAllMocks());

  const down: Env = {
    ...testEnv,
    DB: new Proxy(testEnv.DB, {
      get() {
        throw new Error('down');
      },
    }),
  };

  it.each([
    ['POST', '/id/register'],
    ['POST', '/id/login'],
    ['GET', '/id/me'],
    ['PUT', '/id/me/password'],
    ['GET', '/id/export'],
    ['GET', '/id/admin/accounts'],
    ['POST', '/id/admin/accounts/1/disable'],
  ])('lets nobody in while the database is down: %s %s', async (method, path) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const json = { identifier: 'a', email: 'a@test.com', password: 'a fine long one' };
    const body = method === 'GET' ? {} : { json };
    const answer = await send(path, { method, token, env: down, ...body });
    expect(whole(answer)).toBe(refused('unavailable'));
    expect(answer.headers.get('Retry-After')).toBe('5');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('answers what nobody expected with the request id that is in the log, and with nothing else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const answer = await send('/id/me', { ...bearer(token), env: { ...testEnv, TOKEN_SECRET: '' } });
    expect(whole(answer)).toBe(refused('fault'));
    expect(log.mock.calls.flat().join()).toContain(answer.headers.get('X-Request-Id') ?? 'none');
  });
});
