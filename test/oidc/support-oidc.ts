// Test helpers: an app that signs people in, with oauth4webapi as its library, and a browser with a session cookie.
import * as oauth from 'oauth4webapi';
import { expect } from 'vitest';
import { sha256Hex } from '../../src/core/secrets.ts';
import type { Env } from '../../src/env.ts';
import { ISSUER, signingEnv } from '../support/signing.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

export const PASSWORD = 'four walls and a door';
export const REDIRECT = 'https://app.example.org/callback';
export const SIGNED_OUT = 'https://app.example.org/bye';
export const SECRET = 'the secret of an app, long enough';

export const env: Env = signingEnv();

export interface TestApp {
  id: string;
  secret: string | null;
}

/** Registers an app, as `npm run admin -- client add` does. */
export const addApp = async ({
  secret = SECRET,
  asksConsent = false,
  redirectUris = [REDIRECT],
  signOutUris = [SIGNED_OUT],
}: {
  secret?: string | null;
  asksConsent?: boolean;
  redirectUris?: string[];
  signOutUris?: string[];
} = {}): Promise<TestApp> => {
  const id = uniqueName();
  await testEnv.DB.prepare(
    `INSERT INTO apps (id, name, secret_hash, redirect_uris, sign_out_uris, asks_consent, created_at)
      VALUES (?, ?, ?, ?, ?, ?, 1)`,
  )
    .bind(
      id,
      `App ${id}`,
      secret === null ? null : await sha256Hex(secret),
      JSON.stringify(redirectUris),
      JSON.stringify(signOutUris),
      asksConsent ? 1 : 0,
    )
    .run();
  return { id, secret };
};

export interface Person {
  id: number;
  email: string;
  username: string;
  cookie: string;
}

export const join = async (): Promise<Person> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const answer = await send('/id/register', {
    json: { username, email, password: PASSWORD, name: 'Mary Ann' },
  });
  const { id } = JSON.parse(answer.text).account;
  return { id, username, email, cookie: sessionCookie(answer) ?? expect.fail('no cookie') };
};

/** Answers the consent page. */
export const decide = (
  { id, cookie }: Person,
  decision: 'allow' | 'deny',
  { parameters }: Pick<Asked, 'parameters'>,
  account = String(id),
  at = env,
): Promise<Answer> => {
  const form = { request: String(new URLSearchParams(parameters)), account, decision };
  return send('/oidc/consent', { form, env: at, origin: ISSUER, cookie });
};

/** The address that the page after a form redirects to. */
export const goesOnTo = ({ text }: Answer): URL =>
  new URL(
    /http-equiv="refresh" content="0;url=([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ??
      expect.fail(text),
  );

/** The `fetch` of the library: the Worker answers its requests. */
const customFetch = async (url: string, init: { method?: string; headers?: unknown; body?: unknown }) => {
  const { pathname, search } = new URL(url);
  const answer = await send(pathname + search, {
    method: init.method ?? 'GET',
    headers: Object.fromEntries(new Headers(init.headers as HeadersInit)),
    ...(init.body === undefined || init.body === null ? {} : { raw: String(init.body) }),
    env,
    origin: ISSUER,
  } satisfies Sent);
  return new Response(answer.text === '' ? null : answer.text, {
    status: answer.status,
    headers: answer.headers,
  });
};
export const options = { [oauth.customFetch]: customFetch } as object;

let known: oauth.AuthorizationServer | null = null;
export const discover = async (): Promise<oauth.AuthorizationServer> => {
  known ??= await oauth.processDiscoveryResponse(
    new URL(ISSUER),
    await oauth.discoveryRequest(new URL(ISSUER), options),
  );
  return known;
};

export const clientOf = ({ id }: TestApp): oauth.Client => ({ client_id: id });
export const authOf = ({ secret }: TestApp): oauth.ClientAuth =>
  secret === null ? oauth.None() : oauth.ClientSecretBasic(secret);

export interface Asked {
  verifier: string;
  state: string;
  nonce: string;
  parameters: Record<string, string>;
}

/** The parameters of a request, and what the app keeps of it. */
export const ask = async (app: TestApp, more: Record<string, string> = {}): Promise<Asked> => {
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ];
  const parameters = {
    client_id: app.id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid profile email offline_access',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  };
  return { verifier, state, nonce, parameters };
};

/** Opens /oidc/authorize in a browser with this session cookie. */
export const open = (parameters: Record<string, string>, cookie?: string): Promise<Answer> =>
  send(`/oidc/authorize?${new URLSearchParams(parameters)}`, {
    env,
    origin: ISSUER,
    ...(cookie === undefined ? {} : { cookie }),
  });

/** The address that an answer redirects to. */
export const locationOf = ({ status, headers, text }: Answer): URL => {
  const location = headers.get('Location');
  if (status !== 303 || location === null) return expect.fail(`${status} ${text.slice(0, 500)}`);
  return new URL(location, ISSUER);
};

/** Signs in and returns the callback that the app receives. */
export const signIn = async (app: TestApp, { cookie }: Person, more: Record<string, string> = {}) => {
  const asked = await ask(app, more);
  return { asked, callback: locationOf(await open(asked.parameters, cookie)) };
};

/** Exchanges the code of a callback, as a library does. */
export const exchange = async (
  app: TestApp,
  { asked, callback }: { asked: Asked; callback: URL },
  changes: { verifier?: string; redirectUri?: string } = {},
): Promise<oauth.TokenEndpointResponse> => {
  const server = await discover();
  const checked = oauth.validateAuthResponse(server, clientOf(app), callback, asked.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    clientOf(app),
    authOf(app),
    checked,
    changes.redirectUri ?? REDIRECT,
    changes.verifier ?? asked.verifier,
    options,
  );
  return oauth.processAuthorizationCodeResponse(server, clientOf(app), response, {
    expectedNonce: asked.nonce,
    requireIdToken: true,
  });
};

export const refresh = async (app: TestApp, token: string): Promise<oauth.TokenEndpointResponse> => {
  const server = await discover();
  const response = await oauth.refreshTokenGrantRequest(server, clientOf(app), authOf(app), token, options);
  return oauth.processRefreshTokenResponse(server, clientOf(app), response);
};

export const userInfo = async (token: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const answer = await send('/oidc/userinfo', {
    env,
    origin: ISSUER,
    headers: { Authorization: `Bearer ${token}` },
  });
  return { status: answer.status, body: JSON.parse(answer.text) };
};
