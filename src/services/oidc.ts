// The provider's endpoints for apps. The browser's, /oidc/authorize and /oidc/logout, are pages.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import type { AppCredentials, Provider } from '../core/index.ts';
import type { PublicAuth } from '../http/auth/auth.ts';
import { parseAuthorization } from '../http/auth/authorization.ts';
import type { AppEnv } from '../http/context.ts';
import { named } from '../http/docs.ts';
import { endpoint, type SurfaceDefinition } from '../http/endpoint.ts';
import {
  findParameter,
  hasTwice,
  type Parameters,
  problem,
  readAppCredentials,
  readForm,
} from '../http/oauth.ts';
import type { Json, Problem } from '../http/problem.ts';
import { respondProblem, send } from '../http/respond.ts';

/** Runs a handler that needs the provider; a deployment without SIGNING_KEYS has none. */
const withProvider =
  (handle: (c: Context<AppEnv>, provider: Provider) => Promise<Response>) => async (c: Context<AppEnv>) => {
    const provider = await c.var.core.provider();
    return provider ? handle(c, provider) : respondProblem(c, { reason: 'not_found' });
  };

/** The same for a handler that takes a form of parameters. */
const withForm = (handle: (c: Context<AppEnv>, provider: Provider, form: Parameters) => Promise<Response>) =>
  withProvider(async (c, provider) => {
    const form = await readForm(c);
    return form && !hasTwice(form) ? handle(c, provider, form) : respondProblem(c, invalidRequest);
  });

/** The same for what is about one token. */
const withToken = (
  handle: (
    provider: Provider,
    token: string,
    credentials: AppCredentials | null,
  ) => Promise<Readonly<Record<string, unknown>> | null>,
) =>
  withForm(async (c, provider, form) => {
    const token = findParameter(form, 'token');
    if (token === null) return respondProblem(c, noToken);
    const told = await handle(provider, token, credentialsOf(c, form));
    return told ? send(c, { status: 200, body: toJson(told) }) : respondProblem(c, invalidClient);
  });

const credentialsOf = (c: Context<AppEnv>, form: Parameters) =>
  readAppCredentials(c.req.header('Authorization'), form);

/** Claims are JSON: they were read from JSON, or consist of texts and numbers. */
const toJson = (value: Readonly<Record<string, unknown>>): Json => JSON.parse(JSON.stringify(value));

const invalidRequest: Problem = {
  reason: 'oauth',
  error: 'invalid_request',
  description: 'Send the parameters as a form, each once.',
};
const noToken: Problem = { reason: 'oauth', error: 'invalid_request', description: 'token is missing.' };
const invalidClient: Problem = {
  reason: 'oauth',
  error: 'invalid_client',
  description: 'There is no such app, or its secret is wrong.',
};
const invalidToken: Problem = {
  reason: 'oauth',
  error: 'invalid_token',
  description: 'The access token is wrong, expired, or its session has ended.',
};
const insufficientScope: Problem = {
  reason: 'oauth',
  error: 'insufficient_scope',
  description: 'The access token has not the scope openid.',
};
const missingToken: Problem = {
  reason: 'oauth',
  error: 'missing_token',
  description: 'Send the access token: Authorization: Bearer <token>.',
};
const invalidGrant: Problem = {
  reason: 'oauth',
  error: 'invalid_grant',
  description: 'The code is wrong, was used, or has expired.',
};

/**
 * Apps authenticate by what is in the request, and a browser adds nothing to it. There is no flood guard: it counts by
 * address, and an app sends the requests of all its users from one. A secret of 256 random bits is not guessed, and a
 * wrong token costs one query at most.
 */
const apps: PublicAuth = {
  via: 'none',
  csrf: { check: false, reason: 'No cookie counts here, and apps run on every origin.' },
};

const refusalSchema = () =>
  named('OAuthError', z.strictObject({ error: z.string(), error_description: z.string() }), 'RFC 6749.');
const off = { summary: 'the service signs no tokens', problem: { reason: 'not_found' } } as const;
const noForm = { summary: 'no form', problem: invalidRequest } as const;
const noApp = { summary: 'no such app, or a wrong secret', problem: invalidClient } as const;

const tokens = () =>
  named(
    'OidcTokens',
    z.strictObject({
      access_token: z.string(),
      token_type: z.literal('Bearer'),
      expires_in: z.int().check(z.minimum(1)),
      scope: z.exactOptional(z.string()),
      id_token: z.exactOptional(z.string()),
      refresh_token: z.exactOptional(z.string()),
    }),
  );

const token = endpoint({
  method: 'POST',
  path: '/token',
  auth: apps,
  handle: withForm(async (c, provider, form) => {
    const answer = await provider.exchange(form, credentialsOf(c, form));
    if (answer.ok) return send(c, { status: 200, body: answer.body });
    if (answer.error === 'invalid_client') return respondProblem(c, invalidClient);
    return respondProblem(c, { reason: 'oauth', error: answer.error, description: answer.description });
  }),
  docs: DOCS && {
    id: 'oidcToken',
    summary: 'Exchange a code or a refresh token for tokens',
    description:
      'A form: `grant_type=authorization_code` with `code`, `redirect_uri` and `code_verifier`, or ' +
      '`grant_type=refresh_token` with `refresh_token`. An app with a secret sends it by HTTP Basic or as ' +
      '`client_secret`; every other one sends its `client_id`.',
    successes: [
      {
        status: 200,
        description: 'The tokens. An ID token for the scope `openid`, a refresh token for `offline_access`.',
        schema: tokens,
        example: {
          access_token: 'eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl',
          token_type: 'Bearer',
          expires_in: 300,
          scope: 'openid email',
          id_token: 'eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl',
        },
      },
    ],
    refusals: [noForm, { summary: 'an invalid code', problem: invalidGrant }, noApp, off],
  },
});

const userInfoOf = withProvider(async (c, provider) => {
  const read = parseAuthorization(c.req.header('Authorization'), false);
  if (!read || !('token' in read)) return respondProblem(c, missingToken);
  const told = await provider.userInfo(read.token);
  if (told.ok) return send(c, { status: 200, body: toJson(told.claims) });
  return respondProblem(c, told.error === 'invalid_token' ? invalidToken : insufficientScope);
});

const userInfoDocs = (id: string) =>
  DOCS && {
    id,
    summary: 'The claims that the app may read',
    description:
      'With the access token: `Authorization: Bearer …`. The scopes decide which claims are included.',
    successes: [
      {
        status: 200,
        description: 'The claims.',
        schema: () => named('UserInfo', z.looseObject({ sub: z.string() })),
        example: { sub: 'd078dd371faef8e90f837bb16fa56f17', email: 'mary@example.com', email_verified: true },
      },
    ],
    refusals: [
      { summary: 'no token', problem: missingToken },
      { summary: 'an invalid token', problem: invalidToken },
      { summary: 'a token without the scope openid', problem: insufficientScope },
      off,
    ],
  };

const userInfo = endpoint({
  method: 'GET',
  path: '/userinfo',
  auth: apps,
  handle: userInfoOf,
  docs: userInfoDocs('oidcUserInfo'),
});
const userInfoByPost = endpoint({
  method: 'POST',
  path: '/userinfo',
  auth: apps,
  handle: userInfoOf,
  docs: userInfoDocs('oidcUserInfoByPost'),
});

const introspect = endpoint({
  method: 'POST',
  path: '/introspect',
  auth: apps,
  handle: withToken((provider, token, credentials) => provider.introspect(token, credentials)),
  docs: DOCS && {
    id: 'oidcIntrospect',
    summary: 'Whether a token of the app is valid',
    description:
      'A form with `token`. Only an app with a secret may ask, and only for its own tokens. RFC 7662.',
    successes: [
      {
        status: 200,
        description: '`active`, and the claims of an active token.',
        schema: () => named('Introspection', z.looseObject({ active: z.boolean() })),
        example: { active: false },
      },
    ],
    refusals: [noForm, noApp, off],
  },
});

const revoke = endpoint({
  method: 'POST',
  path: '/revoke',
  auth: apps,
  handle: withToken(async (provider, token, credentials) =>
    (await provider.revoke(token, credentials)) ? {} : null,
  ),
  docs: DOCS && {
    id: 'oidcRevoke',
    summary: 'Revoke a token of the app',
    description:
      'A form with `token`, a refresh token or an access token. Ends the grant with both. RFC 7009.',
    successes: [
      {
        status: 200,
        description: 'The token is not valid, or no longer.',
        schema: () => named('Revoked', z.strictObject({})),
        example: {},
      },
    ],
    refusals: [noForm, noApp, off],
  },
});

export const oidc: SurfaceDefinition = {
  name: 'oidc',
  basePath: '/oidc',
  endpoints: [token, userInfo, userInfoByPost, introspect, revoke],
  isOpenToAnyOrigin: true,
  problem,
  docs: DOCS && {
    title: 'oidc',
    description:
      'The OpenID Connect provider, for apps. Browsers go to `/oidc/authorize` and `/oidc/logout`.',
    hasSlash: false,
    refusalSchemas: () => [refusalSchema],
    code: 'error',
  },
};
