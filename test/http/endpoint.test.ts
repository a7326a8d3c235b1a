// The defaults of an endpoint: when the origin of a request is checked, and when the primary of D1 is read.

import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { dialects } from '../../src/dialects/index.ts';
import { type Auth, anyone, checksOrigin } from '../../src/http/auth/auth.ts';
import type { AppEnv } from '../../src/http/context.ts';
import { endpoint, type Method, type SurfaceDefinition } from '../../src/http/endpoint.ts';
import { mount } from '../../src/http/mount.ts';
import { createSurfaceResolver } from '../../src/http/resolve-surface.ts';
import { pages } from '../../src/pages/surface.ts';
import { services } from '../../src/services/index.ts';

const FOREIGN = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', Cookie: 'sessionid=x' };
const METHODS: Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** An app with one endpoint, for which every session cookie is valid. */
const appWith = (method: Method, auth: Auth) => {
  const surface: SurfaceDefinition = {
    name: 'new',
    basePath: '/new',
    endpoints: [endpoint({ method, path: '/thing', auth, handle: (c) => c.text('done') })],
    problem: ({ reason }) => ({ status: 403, body: reason }),
  };
  const resolve = createSurfaceResolver({ dialects: [surface], services: [surface], pages });
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set('surface', resolve('/new/thing', c.req.path, undefined));
    c.set('httpSettings', { allowedOrigins: new Set(), openTokenDialects: false } as never);
    const principal = { account: { isAdmin: false }, extended: false };
    c.set('core', { sessions: { authenticate: async () => principal } } as never);
    await next();
  });
  mount(app, [surface]);
  return async (headers: Record<string, string>) =>
    (await app.request('https://latchkey.test/new/thing', { method, headers })).text();
};

describe.each(METHODS)('the default CSRF check of a new %s endpoint', (method) => {
  it.each(['primary', 'nearest'] as const)(
    'rejects a cross-site request with a cookie, unless it is a GET (reads: %s)',
    async (reads) => {
      const ask = appWith(method, { via: ['token', 'cookie'], reads });
      expect(await ask(FOREIGN)).toBe(method === 'GET' ? 'done' : '"cross_site"');
      expect(await ask({ Cookie: 'sessionid=x' })).toBe('done');
      expect(await ask({ ...FOREIGN, Authorization: 'Token x' })).toBe('done');
    },
  );

  it('applies to endpoints without authentication, because they may log the browser in', async () => {
    const ask = appWith(method, anyone);
    expect(await ask(FOREIGN)).toBe(method === 'GET' ? 'done' : '"cross_site"');
    expect(await ask({})).toBe('done');
  });

  it('can be switched on or off with a reason', async () => {
    const reason = 'For this test.';
    const checked = appWith(method, { via: 'none', csrf: { check: true, reason } });
    const unchecked = appWith(method, { via: 'none', csrf: { check: false, reason } });
    expect([await checked(FOREIGN), await unchecked(FOREIGN)]).toEqual(['"cross_site"', 'done']);
  });
});

const all = [...dialects, ...services, pages].flatMap((surface) =>
  surface.endpoints.map((each) => ({ name: `${surface.name} ${each.method} ${each.path}`, surface, each })),
);

describe.each(all)('$name', ({ surface, each }) => {
  it('checks the origin if a foreign page could make a browser change something', () => {
    const { auth, method } = each;
    const byCookie = auth.via === 'none' || auth.via.includes('cookie');
    if (method !== 'GET' && byCookie && !auth.csrf) expect(checksOrigin(method, auth)).toBe(true);
    if (auth.csrf) expect(auth.csrf.reason.length).toBeGreaterThan(10);
  });

  it('reads the primary of D1 if it changes something or is for admins', () => {
    const { auth, method } = each;
    if (auth.via !== 'none' && (method !== 'GET' || auth.role === 'admin'))
      expect(auth.reads).toBe('primary');
  });

  it('has a description for OpenAPI, unless it is a page', () => {
    if (surface !== pages) expect(each.docs).toBeTruthy();
  });
});

it('refuses to mount a duplicate endpoint or an undescribed path parameter', () => {
  const thing = endpoint({ method: 'GET', path: '/thing', auth: anyone, handle: (c) => c.text('') });
  const problem = () => ({ status: 403, body: '' }) as const;
  const surface = { name: 'new', basePath: '/new', problem } as const;
  expect(() => mount(new Hono(), [{ ...surface, endpoints: [thing, thing] }])).toThrow('mounted twice');
  expect(() => mount(new Hono(), [{ ...surface, endpoints: [{ ...thing, path: '/:id' }] }])).toThrow(
    'not described in params',
  );
});
