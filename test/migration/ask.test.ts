// Requests to the old service: the login of each of the five dialects, and the signed request.
import { describe, expect, it } from 'vitest';
import type { Fetch } from '../../src/migration/exchange.ts';
import type { MigrationSettings } from '../../src/migration/index.ts';
import { askOldService } from '../../src/migration/module.ts';
import { json, ORIGIN, send, uniqueName } from '../support/worker.ts';

const PASSWORD = 'sesame1234';
const SECRET = 'a secret of the old service, long enough';

interface Asked {
  url: string;
  init: RequestInit;
}

/** Asks with the given `fetch`. Returns the account, the requests and the warnings. */
const ask = async (
  settings: Partial<MigrationSettings>,
  login: { by: 'username' | 'email'; name: string; password: string },
  fetch: Fetch,
  nowMs = Date.now(),
) => {
  const asked: Asked[] = [];
  const warnings: string[] = [];
  const found = await askOldService(login, {
    settings: { url: ORIGIN, dialect: null, secret: SECRET, timeoutMs: 1000, perMinute: 100, ...settings },
    fetch: (url, init) => {
      asked.push({ url, init });
      return fetch(url, init);
    },
    nowMs: () => nowMs,
    warn: (message, cause) => warnings.push(`${message}: ${String(cause)}`),
  });
  return { found, asked, warnings };
};

/** Sends a request to the Worker of the tests, whose dialects play the old service. */
const toDialects: Fetch = async (url, { method = 'GET', headers, body }) => {
  const { status, text } = await send(url.slice(ORIGIN.length), {
    method,
    headers: Object.fromEntries(new Headers(headers)),
    ...(typeof body === 'string' && { json: body }),
  });
  return new Response(text, { status });
};

const answering =
  (body: unknown, status = 200): Fetch =>
  async () =>
    new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });

const NOTHING = {
  id: null,
  username: null,
  email: null,
  isEmailVerified: false,
  name: null,
  firstName: null,
  lastName: null,
  address: null,
  siteUrl: null,
  description: null,
};

interface Person {
  username: string;
  email: string;
}

interface Case {
  dialect: NonNullable<MigrationSettings['dialect']>;
  by: 'username' | 'email';
  register: (person: Person) => [path: string, fields: object];
  /** The fields of the account that the old service returns. */
  says: (person: Person) => object;
}

const dialects: Case[] = [
  {
    dialect: 'users',
    by: 'username',
    register: ({ username, email }) => ['/api/users/register/', { username, email, password: PASSWORD }],
    says: ({ username, email }) => ({
      id: expect.any(String),
      username,
      email,
      address: '',
      siteUrl: '',
      description: '',
    }),
  },
  {
    dialect: 'user-v1',
    by: 'username',
    register: ({ username, email }) => ['/api/v1/user/register/', { username, email, password: PASSWORD }],
    says: ({ username, email }) => ({ id: expect.any(String), username, email }),
  },
  {
    dialect: 'conjugator',
    by: 'email',
    register: ({ email }) => [
      '/api/register/',
      { first_name: 'Peter', last_name: 'Griffin', email, password: PASSWORD },
    ],
    says: ({ email }) => ({ id: expect.any(String), email, firstName: 'Peter', lastName: 'Griffin' }),
  },
  {
    dialect: 'account',
    by: 'username',
    register: ({ username, email }) => ['/account/register', { username, email, password: PASSWORD }],
    says: ({ username, email }) => ({ id: expect.any(String), username, email }),
  },
  {
    dialect: 'auth',
    by: 'email',
    register: ({ email }) => ['/api/auth/register/', { name: 'Kate Austen', email, password: PASSWORD }],
    says: ({ email }) => ({ id: expect.any(String), name: 'Kate Austen', email }),
  },
];

describe.each(dialects)('a question in the dialect $dialect', ({ dialect, by, register, says }) => {
  const person = () => {
    const username = uniqueName();
    return { username, email: `${username}@test.com` };
  };

  it('returns the account for the right password, and null for a wrong one or an unknown name', async () => {
    const ann = person();
    const [path, fields] = register(ann);
    expect((await send(path, { json: fields })).status).toBeLessThan(300);
    const settings = { dialect, secret: null };
    const login = { by, name: ann[by], password: PASSWORD };
    const { found, warnings } = await ask(settings, login, toDialects);
    expect(found).toEqual({ ...NOTHING, ...says(ann) });
    const wrong = await ask(settings, { ...login, password: 'sesame1235' }, toDialects);
    const unknown = await ask(settings, { ...login, name: person()[by] }, toDialects);
    expect([wrong.found, unknown.found]).toEqual([null, null]);
    expect([...warnings, ...wrong.warnings, ...unknown.warnings]).toEqual([]);
  });

  it.each([
    ['status 500', 500, '{"detail":"A server error occurred."}'],
    ['status 429', 429, '{}'],
    ['a redirect', 302, ''],
    ['an HTML page', 200, '<html>Maintenance</html>'],
    ['an empty response', 200, ''],
    ['a list', 200, '[]'],
    ['status 404', 404, '{"detail":"Not found."}'],
  ])('treats %s as a failure, not as a wrong password', async (_, status, text) => {
    const { found, warnings } = await ask(
      { dialect, secret: null },
      { by, name: person()[by], password: PASSWORD },
      answering(text, status),
    );
    expect(found).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/^the old service failed: It/)]);
  });

  it('follows no redirect, and sends the password in the body only', async () => {
    const { asked } = await ask(
      { dialect, secret: null, url: `${ORIGIN}/` },
      { by, name: person()[by], password: PASSWORD },
      answering('{}', 400),
    );
    expect(asked).toHaveLength(1);
    const [{ url, init } = { url: '', init: {} }] = asked;
    expect(init.redirect).toBe('manual');
    expect(url).not.toContain(PASSWORD);
    expect(url).not.toContain('//api');
    expect(JSON.stringify([...new Headers(init.headers)])).not.toContain(PASSWORD);
    expect(String(init.body)).toContain(PASSWORD);
  });
});

it.each(['conjugator', 'auth'] as const)(
  'does not ask %s about a username, because it has none',
  async (dialect) => {
    const login = { by: 'username', name: 'ann', password: PASSWORD } as const;
    const { found, asked } = await ask({ dialect, secret: null }, login, answering({}));
    expect([found, asked]).toEqual([null, []]);
  },
);

describe('the signed request', () => {
  const login = { by: 'email', name: 'Ann@Example.com', password: PASSWORD } as const;
  const NOW_MS = 1_700_000_000_999;

  it('consists of one POST with the name as typed, signed over id, time and body', async () => {
    const { asked } = await ask(
      { url: 'https://old.example.com/check?a=b' },
      login,
      answering('', 401),
      NOW_MS,
    );
    const [{ url, init } = { url: '', init: {} }] = asked;
    expect([asked.length, url, init.method]).toEqual([1, 'https://old.example.com/check?a=b', 'POST']);
    const body = String(init.body);
    expect(JSON.parse(body)).toEqual({ identifier: 'Ann@Example.com', password: PASSWORD });
    const headers = new Headers(init.headers);
    expect(headers.get('Content-Type')).toBe('application/json');
    expect(headers.get('webhook-timestamp')).toBe('1700000000');
    const key = await crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode(SECRET),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    const [version, signature = ''] = headers.get('webhook-signature')?.split(',') ?? [];
    const signed = new TextEncoder().encode(`${headers.get('webhook-id')}.1700000000.${body}`);
    expect(version).toBe('v1');
    expect(await crypto.subtle.verify('HMAC', key, Uint8Array.fromBase64(signature), signed)).toBe(true);
  });

  it('has the signature of Standard Webhooks for a whsec_ secret', async () => {
    // The example of the libraries that the specification publishes.
    const { signRequest } = await import('../../src/migration/signature.ts');
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const headers = await signRequest(secret, '{"test": 2432232314}', 1_614_265_330_000);
    const key = await crypto.subtle.importKey(
      'raw',
      Uint8Array.fromBase64('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const signed = new TextEncoder().encode(`${headers['webhook-id']}.1614265330.{"test": 2432232314}`);
    const expected = new Uint8Array(await crypto.subtle.sign('HMAC', key, signed)).toBase64();
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
  });

  it('reads the account from the response', async () => {
    const { found } = await ask(
      {},
      login,
      answering({
        id: 'a1b2',
        username: 'ann',
        email: 'ann@example.com',
        email_verified: true,
        name: 'Ann Lee',
        first_name: 'Ann',
        last_name: 'Lee',
      }),
    );
    expect(found).toEqual({
      ...NOTHING,
      id: 'a1b2',
      username: 'ann',
      email: 'ann@example.com',
      isEmailVerified: true,
      name: 'Ann Lee',
      firstName: 'Ann',
      lastName: 'Lee',
    });
    const notProven = await ask({}, login, answering({ email: 'ann@example.com', email_verified: 'true' }));
    expect(notProven.found?.isEmailVerified).toBe(false);
  });

  it.each([401, 403, 404])('treats status %s as a wrong password', async (status) => {
    const { found, warnings } = await ask({}, login, answering('{}', status));
    expect([found, warnings]).toEqual([null, []]);
  });

  it.each([
    [200, '{}', 'Its answer with status 200 is not one of a login.'],
    [204, null, 'Its answer with status 204 is not one of a login.'],
    [400, '{}', 'Its answer with status 400 is not one of a login.'],
    [200, `{"email":"${'a'.repeat(70_000)}"}`, 'It sent more than 65536 bytes.'],
    [307, null, 'It answered with status 307.'],
    [503, '{}', 'It answered with status 503.'],
  ])('treats status %s with the body %.20s as a failure', async (status, text, reason) => {
    const { found, warnings } = await ask({}, login, async () => new Response(text, { status }));
    expect(found).toBeNull();
    expect(warnings).toEqual([`the old service failed: ${reason}`]);
  });

  it('aborts if the response or its body does not arrive within the timeout', async () => {
    let signal: AbortSignal | null | undefined;
    const silent = await ask({ timeoutMs: 20 }, login, (_, init) => {
      signal = init.signal;
      return new Promise(() => undefined);
    });
    expect(silent.found).toBeNull();
    expect(silent.warnings).toEqual(['the old service failed: It did not answer within 20 ms.']);
    expect(signal?.aborted).toBe(true);
    const endless = await ask(
      { timeoutMs: 20 },
      login,
      async () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })),
    );
    expect(endless.found).toBeNull();
    expect(endless.warnings).toEqual(silent.warnings);
  });

  it('logs neither the password nor the name if the network fails', async () => {
    const { found, warnings } = await ask({}, login, () =>
      Promise.reject(new TypeError(`cannot reach ${JSON.stringify(login)}`)),
    );
    expect([found, warnings]).toEqual([null, ['the old service failed: TypeError']]);
  });

  it('stops after three failures in a row', async () => {
    const settings = { url: ORIGIN, dialect: null, secret: SECRET, timeoutMs: 1000, perMinute: 100 };
    let asked = 0;
    const options = {
      settings,
      fetch: async () => {
        asked += 1;
        return new Response('', { status: 500 });
      },
      nowMs: () => 1_700_000_000_000,
      warn: () => undefined,
    };
    for (let count = 0; count < 30; count += 1) expect(await askOldService(login, options)).toBeNull();
    expect(asked).toBe(3);
  });
});

it('reports a failure if the old service rejects the token that it issued', async () => {
  const username = uniqueName();
  const registered = await send('/account/register', {
    json: { username, email: `${username}@test.com`, password: PASSWORD },
  });
  expect(json(registered)).toMatchObject({ success: true });
  const spoiled: Fetch = async (url, init) =>
    url.endsWith('/profile')
      ? new Response('{"detail":"Invalid token."}', { status: 401 })
      : toDialects(url, init);
  const { found, warnings } = await ask(
    { dialect: 'account', secret: null },
    { by: 'username', name: username, password: PASSWORD },
    spoiled,
  );
  expect(found).toBeNull();
  expect(warnings).toEqual(['the old service failed: Its answer with status 401 is not one of a login.']);
});
