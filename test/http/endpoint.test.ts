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

/** The names of the endpoints that a condition finds. There is at least one, so that no test passes over an empty list. */
const namesOf = (which: typeof all): string[] => {
  expect(which.length).toBeGreaterThan(0);
  return which.map(({ name }) => name);
};
const unsafeByCookie = all.filter(
  ({ each: { auth, method } }) =>
    method !== 'GET' && (auth.via === 'none' || auth.via.includes('cookie')) && !auth.csrf,
);
const decided = all.filter(({ each }) => each.auth.csrf);
const changing = all.filter(
  ({ each: { auth, method } }) => auth.via !== 'none' && (method !== 'GET' || auth.role === 'admin'),
);
const described = all.filter(({ surface }) => surface !== pages);

describe('every endpoint', () => {
  it('checks the origin if a foreign page could make a browser change something', () => {
    const checking = unsafeByCookie.filter(({ each }) => checksOrigin(each.method, each.auth));
    expect(namesOf(checking)).toEqual(namesOf(unsafeByCookie));
  });

  it('gives a reason if it differs from the default check of the origin', () => {
    const reasoned = decided.filter(({ each }) => (each.auth.csrf?.reason.length ?? 0) > 10);
    expect(namesOf(reasoned)).toEqual(namesOf(decided));
  });

  it('reads the primary of D1 if it changes something or is for admins', () => {
    const ofPrimary = changing.filter(
      ({ each }) => each.auth.via !== 'none' && each.auth.reads === 'primary',
    );
    expect(namesOf(ofPrimary)).toEqual(namesOf(changing));
  });

  it('has a description for OpenAPI, unless it is a page', () => {
    expect(namesOf(described.filter(({ each }) => each.docs))).toEqual(namesOf(described));
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
