// `id`: trailing slashes, HEAD, headers, and a database that is down. For every dialect: ../wire.test.ts.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { send, testEnv } from '../../support/worker.ts';
import { join, joinAdmin, namesOf, tokenFor, whole } from './support-id.ts';
import { refused } from './support-refusals.ts';

let token = '';
beforeAll(async () => {
  token = await tokenFor(await join());
});

describe('a trailing slash', () => {
  it('changes nothing, and causes no redirect', async () => {
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
    'answers like GET, without the body: %s',
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

describe('every answer', () => {
  it('has a new X-Request-Id, whatever the client sends', async () => {
    const headers = { 'X-Request-Id': 'mine' };
    const answers = await Promise.all([1, 2, 3].map(() => send('/id/me', { token, headers })));
    const ids = new Set(answers.map((answer) => answer.headers.get('X-Request-Id')));
    expect(ids.size).toBe(3);
    expect(ids).not.toContain('mine');
  });

  it('carries the security headers', async () => {
    for (const sent of [{ token }, {}]) {
      const { headers } = await send('/id/me', sent);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('Strict-Transport-Security')).toBe('max-age=63072000; includeSubDomains');
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    }
  });

  it('sets cookies without Secure if the request came over http', async () => {
    const member = await join();
    const { email, password } = member;
    const json = { identifier: email, password };
    const { headers } = await send('/id/login', { json, origin: 'http://127.0.0.1:8787' });
    expect(headers.getSetCookie()).toHaveLength(2);
    for (const line of headers.getSetCookie()) expect(line).not.toContain('Secure');
    expect(headers.get('Strict-Transport-Security')).toBeNull();
  });

  it('shows picture URLs at the origin of the request', async () => {
    const member = await join();
    const sent = { method: 'PATCH', cookie: member.cookie, json: { pictureId: 2 } };
    const { text } = await send('/id/me', { ...sent, origin: 'http://127.0.0.1:8787' });
    expect(text).toContain('"picture":"http://127.0.0.1:8787/pictures/2.svg"');
    expect(text).toContain(JSON.stringify(namesOf(member)).slice(0, -1));
  });
});

describe('a database that is down', () => {
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
  ])('makes %s %s answer 503 with Retry-After, and set no cookie', async (method, path) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const json = { identifier: 'a', email: 'a@test.com', password: 'a fine long one' };
    const body = method === 'GET' ? {} : { json };
    const answer = await send(path, { method, token, env: down, ...body });
    expect(whole(answer)).toBe(refused('unavailable'));
    expect(answer.headers.get('Retry-After')).toBe('5');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });
});
