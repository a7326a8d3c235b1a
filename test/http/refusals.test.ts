// A request that is rejected without I/O does not open the core.
import { describe, expect, it } from 'vitest';
import { DeferredCore } from '../../src/core/index.ts';
import { dialects } from '../../src/dialects/index.ts';
import { createApp } from '../../src/http/app.ts';
import { pages } from '../../src/pages/surface.ts';
import { services } from '../../src/services/index.ts';

const app = createApp({ dialects, services, pages });

const ask = async (method: string, path: string, init: { headers?: HeadersInit; body?: string } = {}) => {
  let opened = 0;
  const core = new DeferredCore(() => {
    opened += 1;
    throw new Error('The core was opened.');
  });
  const bindings = {
    provideServices: () => ({
      core,
      httpSettings: { allowedOrigins: new Set(), allowHttp: false, openTokenDialects: false } as never,
      withinRate: async () => true,
      commonPasswords: async () => new Set<string>(),
    }),
  };
  const { status } = await app.request(`https://latchkey.test${path}`, { method, ...init }, bindings);
  return { status, opened };
};

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('the core', () => {
  it.each([
    ['an unknown path', 404, ['GET', '/account/none']],
    ['a wrong method', 405, ['PUT', '/account/login']],
    ['no credentials', 401, ['GET', '/api/user']],
    [
      'an Authorization header without a token',
      401,
      ['GET', '/account/profile', { headers: { Authorization: 'Token' } }],
    ],
    [
      'an unsupported media type',
      415,
      ['POST', '/id/login', { body: 'hello', headers: { 'Content-Type': 'text/plain' } }],
    ],
    ['a body that is not JSON', 400, ['POST', '/id/login', { body: '{', headers: JSON_TYPE }]],
    ['a missing field', 400, ['POST', '/id/login', { body: '{}', headers: JSON_TYPE }]],
  ] as const)('stays closed for %s', async (_what, status, request) => {
    const [method, path, init] = request;
    expect(await ask(method, path, init)).toEqual({ status, opened: 0 });
  });

  it('opens for a well-formed token', async () => {
    const headers = { Authorization: `Token ${'a'.repeat(40)}` };
    expect((await ask('GET', '/account/profile', { headers })).opened).toBe(1);
  });
});
