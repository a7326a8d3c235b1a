// The OAuth client of the Model Context Protocol's SDK. It is not registered: its client id is the address of a document.
import { auth, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { verify } from '../../package/verify.ts';
import type { Env } from '../../src/env.ts';
import { ISSUER, signingEnv } from '../support/signing.ts';
import { send } from '../support/worker.ts';
import { decide, goesOnTo, join, locationOf, type Person } from './support-oidc.ts';

const SERVER = 'https://tools.example.com/mcp';
const DOCUMENT = 'https://assistant.example.org/client.json';
const CALLBACK = 'https://assistant.example.org/callback';

let env: Env;
let person: Person;
/** The tokens that the client stores. */
let tokens: OAuthTokens | undefined;
let sentTo: URL | null;
/** Paths of the service that the client requested, and addresses that the service fetched. */
let asked: string[];
let fetched: string[];

const describeItself = {
  client_name: 'An assistant',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

beforeEach(async () => {
  env = signingEnv({ CLIENT_METADATA_DOCUMENTS: 'true', ACCESS_TOKEN_AUDIENCES: [SERVER] });
  person = await join();
  [tokens, sentTo, asked, fetched] = [undefined, null, [], []];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    fetched.push(String(input));
    return Response.json({ ...describeItself, client_id: DOCUMENT });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The network as the client sees it: the service, and an MCP server that names it. */
const fetchFn = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
  const { origin, pathname, search } = new URL(url);
  if (origin === ISSUER) {
    asked.push(pathname);
    const answer = await send(pathname + search, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.body ? { raw: String(init.body) } : {}),
      env,
      origin,
    });
    return new Response(answer.text, { status: answer.status, headers: answer.headers });
  }
  return pathname === '/.well-known/oauth-protected-resource/mcp'
    ? Response.json({ resource: SERVER, authorization_servers: [ISSUER] })
    : new Response(null, { status: 404 });
};

const createClient = (clientMetadataUrl: string | undefined): OAuthClientProvider => {
  let verifier = '';
  let known: OAuthClientInformationMixed | undefined;
  return {
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    redirectUrl: CALLBACK,
    clientMetadata: { ...describeItself, scope: 'openid email offline_access' },
    clientInformation: () => known,
    saveClientInformation: (information) => {
      known = information;
    },
    tokens: () => tokens,
    saveTokens: (saved) => {
      tokens = saved;
    },
    redirectToAuthorization: (url) => {
      sentTo = url;
    },
    saveCodeVerifier: (saved) => {
      verifier = saved;
    },
    codeVerifier: () => verifier,
  };
};

it('signs a person in by document, gets a token for the MCP server only, and refreshes it', async () => {
  const client = createClient(DOCUMENT);
  expect(await auth(client, { serverUrl: SERVER, fetchFn })).toBe('REDIRECT');
  const url = new URL(sentTo ?? expect.fail('no address'));
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: DOCUMENT,
    resource: SERVER,
    code_challenge_method: 'S256',
  });

  const parameters = Object.fromEntries(url.searchParams);
  const page = await send(url.pathname + url.search, { env, origin: ISSUER, cookie: person.cookie });
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('assistant.example.org')]);
  const allowed = await decide(person, 'allow', { parameters }, undefined, env);
  const authorizationCode = goesOnTo(allowed).searchParams.get('code') ?? expect.fail('no code');
  expect(await auth(client, { serverUrl: SERVER, authorizationCode, fetchFn })).toBe('AUTHORIZED');

  const keys = `${ISSUER}/.well-known/jwks.json`;
  const check = async (audience: string) =>
    verify(tokens?.access_token ?? '', keys, { audience, acceptApps: true, fetch: fetchFn });
  expect(await check(SERVER)).toMatchObject({ aud: SERVER, client_id: DOCUMENT, email: person.email });
  await expect(check('https://other.example.com/mcp')).rejects.toMatchObject({ code: 'audience' });

  const before = tokens?.refresh_token;
  expect(await auth(client, { serverUrl: SERVER, fetchFn })).toBe('AUTHORIZED');
  expect(tokens?.refresh_token).not.toBe(before);
  expect(fetched).toEqual([DOCUMENT]);
  expect(asked[0]).toBe('/.well-known/oauth-authorization-server');

  await send('/id/logout', { method: 'POST', cookie: person.cookie });
  const form = {
    grant_type: 'refresh_token',
    refresh_token: tokens?.refresh_token ?? '',
    client_id: DOCUMENT,
  };
  const ended = await send('/oidc/token', { form, env, origin: ISSUER });
  expect([ended.status, JSON.parse(ended.text).error]).toEqual([400, 'invalid_grant']);
});

it('fails without CLIENT_METADATA_DOCUMENTS: the service has no dynamic registration', async () => {
  env = signingEnv({ ACCESS_TOKEN_AUDIENCES: [SERVER] });
  await expect(auth(createClient(DOCUMENT), { serverUrl: SERVER, fetchFn })).rejects.toThrow('registration');
  expect([sentTo, fetched]).toEqual([null, []]);
});

it('fails if the client has no document', async () => {
  await expect(auth(createClient(undefined), { serverUrl: SERVER, fetchFn })).rejects.toThrow('registration');
});

it('gets no code before the person has consented', async () => {
  await auth(createClient(DOCUMENT), { serverUrl: SERVER, fetchFn });
  const url = new URL(sentTo ?? expect.fail('no address'));
  const parameters = Object.fromEntries(url.searchParams);
  const denied = await decide(person, 'deny', { parameters }, undefined, env);
  expect(goesOnTo(denied).searchParams.get('error')).toBe('access_denied');
  url.searchParams.set('prompt', 'none');
  const silent = await send(url.pathname + url.search, { env, origin: ISSUER, cookie: person.cookie });
  expect(locationOf(silent).searchParams.get('error')).toBe('consent_required');
});
