// Client metadata documents: the client id of an app is the address of a document, which the service fetches.
import * as oauth from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { createMailbox } from '../support/mail.ts';
import { ISSUER, signingEnv } from '../support/signing.ts';
import { type Answer, send } from '../support/worker.ts';
import { ask, decide as decideAt, goesOnTo, join, locationOf, type Person } from './support-oidc.ts';

const env = signingEnv({ CLIENT_METADATA_DOCUMENTS: 'true' });

let person: Person;
let asked: { url: string; init: RequestInit }[];
let documents: Map<string, () => Response | Promise<Response>>;

beforeEach(async () => {
  vi.useRealTimers();
  person = await join();
  asked = [];
  documents = new Map();
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init = {}) => {
    asked.push({ url: String(input), init });
    const answer = documents.get(String(input));
    if (!answer) throw new TypeError('Network connection lost.');
    return answer();
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

let made = 0;
const newHost = (): string => {
  made += 1;
  return `app${made}-${crypto.randomUUID().slice(0, 8)}.example.com`;
};

/** Publishes a document and returns its address. */
const publish = (
  changes: Readonly<Record<string, unknown>> = {},
  {
    headers = {},
    status = 200,
    url = `https://${newHost()}/client.json`,
  }: { headers?: Record<string, string>; status?: number; url?: string } = {},
): string => {
  const { host } = new URL(url);
  const fields = {
    client_id: url,
    client_name: 'My tool',
    redirect_uris: [`https://${host}/callback`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...changes,
  };
  documents.set(
    url,
    () =>
      new Response(JSON.stringify(fields), {
        status,
        headers: { 'Content-Type': 'application/json', ...headers },
      }),
  );
  return url;
};

const request = (id: string, more: Record<string, string> = {}) =>
  ask({ id, secret: null }, { redirect_uri: `https://${new URL(id).host}/callback`, ...more });

const open = (
  parameters: Record<string, string>,
  at: Env = env,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  send(`/oidc/authorize?${new URLSearchParams(parameters)}`, {
    env: at,
    origin: ISSUER,
    cookie: person.cookie,
    headers,
  });

const openApp = async (id: string, more: Record<string, string> = {}) =>
  open((await request(id, more)).parameters);

const token = (form: Record<string, string>) => send('/oidc/token', { form, env, origin: ISSUER });

const textOf = ({ text }: Answer): string => text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

describe('an app with a document', () => {
  it('signs people in, refreshes and revokes with a single fetch of the document', async () => {
    const id = publish();
    const all = await request(id);
    const page = await open(all.parameters);
    const { host } = new URL(id);
    expect(page.status).toBe(200);
    expect(textOf(page)).toContain(`Sign in to ${host}?`);
    expect(textOf(page)).toContain(
      `Nobody here has checked this app. All that is known is its address, ${host}.`,
    );
    expect(textOf(page)).toContain(`My tool (${host}) will know that it is you`);
    const allowed = await decideAt(person, 'allow', all, undefined, env);
    const callback = goesOnTo(allowed);
    expect(callback.origin + callback.pathname).toBe(`https://${host}/callback`);
    const answer = await token({
      grant_type: 'authorization_code',
      client_id: id,
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: `https://${host}/callback`,
      code_verifier: all.verifier,
    });
    const tokens = JSON.parse(answer.text);
    const refreshed = await token({
      grant_type: 'refresh_token',
      client_id: id,
      refresh_token: tokens.refresh_token,
    });
    expect([answer.status, refreshed.status]).toEqual([200, 200]);
    const userInfo = (access: string) =>
      send('/oidc/userinfo', { env, origin: ISSUER, headers: { Authorization: `Bearer ${access}` } });
    expect((await userInfo(JSON.parse(refreshed.text).access_token)).status).toBe(200);
    const apps = await send('/apps', { env, origin: ISSUER, cookie: person.cookie });
    expect(apps.text).toContain(`My tool (${host})`);
    // The consent is remembered, because the redirect address is on the host of the document.
    expect(locationOf(await openApp(id)).searchParams.get('code')).not.toBeNull();
    const revoked = await send('/oidc/revoke', {
      form: { client_id: id, token: tokens.access_token },
      env,
      origin: ISSUER,
    });
    expect([revoked.status, (await userInfo(tokens.access_token)).status]).toEqual([200, 401]);
    expect(asked.map(({ url }) => url)).toEqual([id]);
    expect(asked[0]?.init).toMatchObject({ redirect: 'manual', headers: { Accept: 'application/json' } });
    expect(asked[0]?.init.signal).toBeInstanceOf(AbortSignal);
  });

  it('appears in the mail to the owner by its host, not by its client_name', async () => {
    const id = publish({ client_name: 'Call 0800 1234 now' });
    const mailbox = createMailbox({}, env);
    await decideAt(person, 'allow', await request(id), undefined, mailbox.env);
    const { subject, text } = mailbox.last(person.email);
    expect(subject).toBe(`${new URL(id).host} can now use your Latchkey account`);
    expect(text).not.toContain('0800');
  });

  it('works only with CLIENT_METADATA_DOCUMENTS, as discovery says; otherwise it is unknown', async () => {
    const supported = async (at: Env) =>
      JSON.parse((await send('/.well-known/oauth-authorization-server', { env: at, origin: ISSUER })).text)
        .client_id_metadata_document_supported;
    expect([await supported(env), await supported(signingEnv())]).toEqual([true, false]);
    const { parameters } = await request(publish());
    const answer = await open(parameters, signingEnv());
    expect([answer.status, textOf(answer).includes('This app is not known here')]).toEqual([400, true]);
    expect(asked).toEqual([]);
    const form = { grant_type: 'refresh_token', client_id: publish(), refresh_token: 'x' };
    const refused = await send('/oidc/token', { form, env: signingEnv(), origin: ISSUER });
    expect(JSON.parse(refused.text).error).toBe('invalid_client');
  });

  it('must not send a client_secret, and its code is useless to another client_id', async () => {
    const id = publish();
    const all = await request(id);
    const callback = goesOnTo(await decideAt(person, 'allow', all, undefined, env));
    const form = {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: `https://${new URL(id).host}/callback`,
      code_verifier: all.verifier,
    };
    expect((await token({ ...form, client_id: id, client_secret: 'x' })).status).toBe(401);
    expect((await token({ ...form, client_id: publish() })).status).toBe(400);
    expect((await token({ ...form, client_id: `${id}#x` })).status).toBe(401);
    expect((await token({ ...form, client_id: id })).status).toBe(200);
  });

  it('needs consent each time, with a warning, if it redirects to the device or another host', async () => {
    for (const [registered, sent, words] of [
      ['http://127.0.0.1/cb', 'http://127.0.0.1:5000/cb', 'another program could pass for it'],
      ['http://localhost:1/cb', 'http://localhost:5000/cb', 'another program could pass for it'],
      ['https://other.example.org/cb', 'https://other.example.org/cb', 'You will go to other.example.org'],
    ] as const) {
      const id = publish({ redirect_uris: [registered] });
      const all = await request(id, { redirect_uri: sent });
      for (let i = 0; i < 2; i += 1) {
        const page = await open(all.parameters);
        expect([page.status, textOf(page).includes(words)]).toEqual([200, true]);
        expect(goesOnTo(await decideAt(person, 'allow', all, undefined, env)).href.startsWith(sent)).toBe(
          true,
        );
      }
      const silent = await openApp(id, { redirect_uri: sent, prompt: 'none' });
      expect(locationOf(silent).searchParams.get('error')).toBe('consent_required');
    }
  });

  it('redirects only to an address that is in its document, letter by letter', async () => {
    const id = publish();
    const { host } = new URL(id);
    for (const redirect of [
      `https://${host}/callback/`,
      `https://${host}/`,
      'https://evil.example.org/callback',
    ]) {
      const answer = await openApp(id, { redirect_uri: redirect });
      expect([answer.status, answer.headers.get('Location')]).toEqual([400, null]);
    }
  });
});

describe('the address of a document', () => {
  it.each([
    'http://app.example.com/client.json',
    'https://app.example.com',
    'https://app.example.com/',
    'https://app.example.com/a/../client.json',
    'https://app.example.com/./client.json',
    'https://app.example.com/%2e%2e/client.json',
    'https://app.example.com/client.json#x',
    'https://app.example.com/client.json#',
    'https://user@app.example.com/client.json',
    'https://user:secret@app.example.com/client.json',
    'https://app.example.com:443/client.json',
    'https://APP.example.com/client.json',
    'HTTPS://app.example.com/client.json',
    'https:app.example.com/client.json',
    'https:\\\\app.example.com\\client.json',
    'https://app.example.com\\client.json',
    'https://app.example.com/client .json',
    'https://bücher.example.com/client.json',
    'https://localhost/client.json',
    'http://localhost:3000/client.json',
    'https://127.0.0.1/client.json',
    'https://2130706433/client.json',
    'https://0x7f.1/client.json',
    'https://[::1]/client.json',
    'https://[::ffff:7f00:1]/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/client.json',
    'https://192.168.0.1/client.json',
    'https://8.8.8.8/client.json',
    'https://intranet/client.json',
    'https://printer.local/client.json',
    'https://metadata.google.internal/client.json',
    'https://app.example.com./client.json',
    `${ISSUER}/oidc/authorize`,
    `https://app.example.com/${'x'.repeat(300)}`,
  ])('must be a public https URL with a path: never fetches %s', async (id) => {
    const { parameters } = await ask(
      { id, secret: null },
      { redirect_uri: 'https://app.example.com/callback' },
    );
    const answer = await open(parameters);
    expect([answer.status, answer.headers.get('Location'), asked]).toEqual([400, null, []]);
    expect((await token({ grant_type: 'refresh_token', client_id: id, refresh_token: 'x' })).status).toBe(
      401,
    );
  });

  it('can be on localhost over http if the service itself runs on localhost', async () => {
    const url = 'http://localhost:3000/client.json';
    publish({ redirect_uris: ['http://localhost:3000/callback'] }, { url });
    const { parameters } = await ask(
      { id: url, secret: null },
      { redirect_uri: 'http://localhost:3000/callback' },
    );
    expect((await open(parameters, { ...env, PUBLIC_URL: 'http://localhost:8787' })).status).toBe(200);
    expect(asked.map((each) => each.url)).toEqual([url]);
  });
});

describe('the content of a document', () => {
  const bad = async (id: string, words: string, status = 400) => {
    const answer = await openApp(id);
    expect([answer.status, answer.headers.get('Location')]).toEqual([status, null]);
    expect(textOf(answer)).toContain(words);
  };

  it.each([
    [
      'with another client_id than its address',
      { client_id: 'https://app.example.com/other.json' },
      'client_id in the document',
    ],
    ['with a client_id in capitals', { client_id: 'HTTPS://X.EXAMPLE.COM/' }, 'client_id in the document'],
    ['without client_id', { client_id: undefined }, 'client_id in the document'],
    ['with client_secret', { client_secret: 'x' }, 'without a secret'],
    ['with client_secret_expires_at', { client_secret_expires_at: 0 }, 'without a secret'],
    [
      'with the auth method client_secret_basic',
      { token_endpoint_auth_method: 'client_secret_basic' },
      'auth_method none',
    ],
    [
      'with the auth method client_secret_post',
      { token_endpoint_auth_method: 'client_secret_post' },
      'auth_method none',
    ],
    [
      'with the auth method client_secret_jwt',
      { token_endpoint_auth_method: 'client_secret_jwt' },
      'auth_method none',
    ],
    [
      'with the auth method private_key_jwt',
      { token_endpoint_auth_method: 'private_key_jwt' },
      'auth_method none',
    ],
    ['with response_types other than code', { response_types: ['token'] }, 'code flow'],
    ['with grant_types other than authorization_code', { grant_types: ['client_credentials'] }, 'code flow'],
    ['without redirect_uris', { redirect_uris: undefined }, 'redirect_uris'],
    [
      'with redirect_uris of which none can be used',
      { redirect_uris: ['javascript:alert(1)', 'http://evil.example.org/', 7] },
      'redirect_uris',
    ],
    [
      'with redirect_uris as a string',
      { redirect_uris: 'https://app.example.com/callback' },
      'redirect_uris',
    ],
    ['with a number as client_name', { client_name: 7 }, 'client_name'],
    ['with a client_name of 61 characters', { client_name: 'x'.repeat(61) }, 'client_name'],
    ['with a bidirectional control character in client_name', { client_name: 'a\u202eb' }, 'client_name'],
  ] as [string, Record<string, unknown>, string][])('rejects a document %s', async (_, changes, words) => {
    await bad(publish(changes), words);
  });

  it.each([
    ['the scheme in capitals', (url: URL) => url.href.replace('https', 'HTTPS')],
    ['the host in capitals', (url: URL) => url.href.replace(url.host, url.host.toUpperCase())],
    ['the default port', (url: URL) => url.href.replace(url.host, `${url.host}:443`)],
    ['a dot at the end of the host', (url: URL) => url.href.replace(url.host, `${url.host}.`)],
    ['a percent-encoded path', (url: URL) => url.href.replace('client.json', '%63lient.json')],
    ['a dot segment', (url: URL) => url.href.replace('client.json', './client.json')],
    ['a slash at the end', (url: URL) => `${url.href}/`],
    ['an empty query', (url: URL) => `${url.href}?`],
    ['an empty fragment', (url: URL) => `${url.href}#`],
    ['a space in front', (url: URL) => ` ${url.href}`],
  ])('rejects a document whose client_id is its own address spelled with %s', async (_what, spell) => {
    const url = new URL(`https://${newHost()}/client.json`);
    const client_id = spell(url);
    expect(client_id).not.toBe(url.href);
    await bad(publish({ client_id }, { url: url.href }), 'client_id in the document');
    expect(asked.map((each) => each.url)).toEqual([url.href]);
    // The same document with its address letter by letter is accepted.
    expect((await openApp(publish({}, { url: url.href }))).status).toBe(200);
  });

  it.each([
    ['with status 201', { status: 201 }, 'status 200'],
    ['with status 404', { status: 404 }, 'status 200'],
    ['with status 500', { status: 500 }, 'status 200'],
    ['behind a redirect', { status: 302, headers: { Location: 'https://127.0.0.1/' } }, 'without a redirect'],
    ['sent as text/html', { headers: { 'Content-Type': 'text/html' } }, 'application/json'],
    ['sent as text/plain', { headers: { 'Content-Type': 'text/plain' } }, 'application/json'],
    ['sent as application/jsonx', { headers: { 'Content-Type': 'application/jsonx' } }, 'application/json'],
    ['larger than 5 KB', { headers: { 'X-Long': '1' } }, 'larger than 5 KB'],
  ] as [string, { status?: number; headers?: Record<string, string> }, string][])(
    'rejects a document %s',
    async (name, answer, words) => {
      const changes = name.startsWith('larger') ? { client_uri: 'x'.repeat(5_120) } : {};
      await bad(publish(changes, answer), words);
      expect(asked).toHaveLength(1);
    },
  );

  it.each(['', '[]', '"x"', 'null', '{', '<html>', '{"a":"\xff"}'])(
    'rejects a document that is not a JSON object: %j',
    async (body) => {
      const id = publish();
      const bytes = Uint8Array.from(body, (character) => character.charCodeAt(0));
      documents.set(id, () => new Response(bytes, { headers: { 'Content-Type': 'application/json' } }));
      await bad(id, 'no JSON object');
    },
  );

  it('stops reading an endless document after 5 KB', async () => {
    const id = publish();
    let pulled = 0;
    const stream = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulled += 1;
            controller.enqueue(new Uint8Array(1_024).fill(32));
          },
        },
        { highWaterMark: 0 },
      );
    documents.set(id, () => new Response(stream(), { headers: { 'Content-Type': 'application/json' } }));
    await bad(id, 'larger than 5 KB');
    expect(pulled).toBeLessThan(10);
  });

  it('answers 503 if the fetch fails, and caches neither that nor an invalid document', async () => {
    const id = publish();
    const right = documents.get(id);
    documents.delete(id);
    await bad(id, 'did not answer', 503);
    documents.set(id, () => new Response('{}', { headers: { 'Content-Type': 'application/json' } }));
    await bad(id, 'client_id in the document');
    if (right) documents.set(id, right);
    expect((await openApp(id)).status).toBe(200);
  });
});

describe('fetching a document', () => {
  it('accepts the type client-metadata+json, no name, unknown fields and extra unusable addresses', async () => {
    const id = publish(
      {
        client_name: undefined,
        logo_uri: 'https://127.0.0.1/logo.png',
        redirect_uris: ['cursor://x/cb', `https://app.example.com/callback`],
      },
      { headers: { 'Content-Type': 'application/client-metadata+json; charset=utf-8' } },
    );
    const page = await openApp(id, { redirect_uri: 'https://app.example.com/callback' });
    expect(textOf(page)).toContain(`${new URL(id).host} will know that it is you`);
    expect(page.text).not.toContain('logo');
    expect(asked).toHaveLength(1);
  });

  it.each([
    [{}, 3_600],
    [{ 'Cache-Control': 'max-age=600' }, 600],
    [{ 'Cache-Control': 'public, max-age=600', Age: '200' }, 400],
    [{ 'Cache-Control': 'max-age=1' }, 300],
    [{ 'Cache-Control': 'no-store' }, 300],
    [{ 'Cache-Control': 'no-cache, max-age=9000' }, 300],
    [{ 'Cache-Control': 'max-age=99999999' }, 86_400],
    [{ 'Cache-Control': 's-maxage=600' }, 3_600],
  ] as [Record<string, string>, number][])(
    'caches it as long as its headers say, between 300 and 86,400 seconds: %j',
    async (headers, seconds) => {
      const puts: unknown[] = [];
      const kv = new Proxy(env.SESSIONS, {
        get: (target, name) => {
          if (name === 'put')
            return async (key: string, value: string, options: unknown) => {
              if (key.startsWith('document:')) puts.push(options);
              await target.put(key, value, options as KVNamespacePutOptions);
            };
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
      const { parameters } = await request(publish({}, { headers }));
      expect((await open(parameters, { ...env, SESSIONS: kv })).status).toBe(200);
      expect(puts).toEqual([{ expirationTtl: seconds }]);
    },
  );

  it('repeats all checks when it comes from the cache', async () => {
    const id = publish();
    await openApp(id);
    // Write access to KV is not enough to replace an app's document by another one.
    const { keys } = await env.SESSIONS.list({ prefix: 'document:' });
    for (const { name } of keys)
      await env.SESSIONS.put(name, JSON.stringify({ client_id: 'https://x.example.com/c' }));
    expect((await openApp(id)).status).toBe(400);
    expect(asked).toHaveLength(1);
  });
});

describe('the flood guard of documents', () => {
  it('answers 429 without a fetch per client and per host, but lets cached documents pass', async () => {
    const keys: string[] = [];
    const limited = (refused: (key: string) => boolean): Env => ({
      ...env,
      REGISTRATION_LIMIT: {
        limit: async ({ key }: { key: string }) => {
          keys.push(key);
          return { success: !refused(key) };
        },
      },
    });
    const id = publish();
    const { parameters } = await request(id);
    const from = { 'CF-Connecting-IP': '192.0.2.7' };
    for (const part of ['document:192.0.2.7', `document-host:${new URL(id).host}`]) {
      const answer = await open(
        parameters,
        limited((key) => key === part),
        from,
      );
      expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '60']);
      expect(asked).toEqual([]);
    }
    expect(keys).toEqual(['document:192.0.2.7', 'document:192.0.2.7', `document-host:${new URL(id).host}`]);
    expect(
      (
        await open(
          parameters,
          limited(() => false),
          from,
        )
      ).status,
    ).toBe(200);
    // A cached document does not count against the limits.
    expect(
      (
        await open(
          parameters,
          limited(() => true),
          from,
        )
      ).status,
    ).toBe(200);
  });
});

it('issues tokens to oauth4webapi, which sends the client_id alone', async () => {
  const client: oauth.Client = { client_id: publish() };
  const server: oauth.AuthorizationServer = {
    issuer: ISSUER,
    token_endpoint: `${ISSUER}/oidc/token`,
    id_token_signing_alg_values_supported: ['ES256'],
  };
  const all = await request(client.client_id);
  const callback = goesOnTo(await decideAt(person, 'allow', all, undefined, env));
  const checked = oauth.validateAuthResponse(
    { ...server, authorization_response_iss_parameter_supported: true },
    client,
    callback,
    all.state,
  );
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    checked,
    all.parameters['redirect_uri'] ?? '',
    all.verifier,
    {
      [oauth.customFetch]: async (url: string, init: { body?: unknown }) => {
        const answer = await token(Object.fromEntries(new URLSearchParams(String(init.body))));
        expect(url).toBe(`${ISSUER}/oidc/token`);
        return new Response(answer.text, { status: answer.status, headers: answer.headers });
      },
    },
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: all.nonce,
  });
  expect(tokens.id_token).toBeDefined();
});
