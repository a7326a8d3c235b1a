// `id`: short-lived tokens that other servers verify on their own.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { findPrincipal, type RequiredAuth } from '../../http/auth/auth.ts';
import * as field from '../../http/body/fields.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { FieldError, Problem } from '../../http/problem.ts';
import * as answers from './answers.ts';
import { toChange } from './auth.ts';
import * as examples from './examples.ts';
import { type Refusal, refuse, refuseError } from './refusal.ts';

/** Names of audiences are no longer: ACCESS_TOKEN_AUDIENCES. */
const audienceField = () => z.optional(field.lines(field.atMost(200), field.oneLine));

const unknownAudience = (value: unknown): FieldError => ({
  field: 'audience',
  code: 'not_a_choice',
  limit: null,
  value,
});

const noClientId: FieldError = { field: 'clientId', code: 'required', limit: null, value: undefined };

const invalidClient: Problem = {
  reason: 'oauth',
  error: 'invalid_client',
  description: 'There is no such app, or its secret is wrong.',
};
const invalidGrant: Problem = {
  reason: 'oauth',
  error: 'invalid_grant',
  description: 'The refresh token is wrong, was used, or its session has ended.',
};

/** A session, or the refresh token of an app in the body. */
const holder = { ...toChange, optional: true } satisfies RequiredAuth;

interface Sent {
  audience?: string | undefined;
  refreshToken?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
}

interface Issued {
  accessToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
  refreshToken?: string;
}

const issueBySession = async (c: Context<AppEnv>, { audience }: Sent): Promise<Issued | Refusal> => {
  const { core } = c.var;
  const principal = findPrincipal(c);
  if (!principal) return refuse(c, { reason: 'credentials', why: 'missing' });
  const tokens = await core.accessTokens();
  if (!tokens) return refuse(c, { reason: 'access_tokens_off' });
  const asked = audience ?? tokens.audiences[0];
  if (!tokens.audiences.includes(asked))
    return refuse(c, { reason: 'fields', errors: [unknownAudience(asked)] });
  const publicId = await core.accounts.ensurePublicId(principal.account);
  const issued = await tokens.issue(principal, publicId, asked);
  if (!issued.ok) return refuseError(c, issued.error);
  const { token, lifeSeconds } = issued.value;
  return { accessToken: token, tokenType: 'Bearer', expiresIn: lifeSeconds };
};

const issueToApp = async (
  c: Context<AppEnv>,
  refreshToken: string,
  { audience, clientId, clientSecret }: Sent,
): Promise<Issued | Refusal> => {
  const provider = await c.var.core.provider();
  if (!provider) return refuse(c, { reason: 'access_tokens_off' });
  if (clientId === undefined) return refuse(c, { reason: 'fields', errors: [noClientId] });
  const credentials = { id: clientId, secret: clientSecret ?? null };
  const answer = await provider.exchangeForServer(refreshToken, credentials, audience ?? null);
  if (answer.ok) {
    const { accessToken, lifeSeconds, refreshToken: next } = answer;
    return { accessToken, tokenType: 'Bearer', expiresIn: lifeSeconds, refreshToken: next };
  }
  if (answer.error === 'invalid_target')
    return refuse(c, { reason: 'fields', errors: [unknownAudience(audience)] });
  return refuse(c, answer.error === 'invalid_client' ? invalidClient : invalidGrant);
};

const issueToken = endpoint({
  method: 'POST',
  path: '/token',
  // The primary, because a token from an ended session would outlive it by minutes.
  auth: holder,
  body: {
    schema: z.object({
      audience: audienceField(),
      refreshToken: z.optional(field.identifier()),
      clientId: z.optional(field.identifier()),
      clientSecret: z.optional(field.identifier()),
    }),
    numbers: 'text',
  },
  handle: async (c) => {
    const sent = c.req.valid('json');
    const { refreshToken } = sent;
    // The refresh token counts if both are there: a browser adds the session without being asked.
    const issued =
      refreshToken === undefined ? await issueBySession(c, sent) : await issueToApp(c, refreshToken, sent);
    return issued instanceof Response ? issued : c.json(issued, 200);
  },
  docs: DOCS && {
    id: 'idToken',
    summary: 'A token that other servers check by themselves',
    description:
      'Signed by ES256; the keys are at `/.well-known/jwks.json`. `audience` is one of `ACCESS_TOKEN_AUDIENCES`, the first ' +
      'one if none is sent. The token is good for a few minutes, even if its session ends sooner.\n\n' +
      'An app that signed somebody in by OpenID Connect sends its `refreshToken`, its `clientId` and, if it has one, its ' +
      '`clientSecret` instead of a session. `audience` must be the `resource` that it named then, if it named one, and is that ' +
      'one if none is sent. The token has `client_id` and `scope`. The answer has the next refresh token: the one that was ' +
      'sent is used up.',
    sent: { audience: 'https://api.example.com' },
    successes: [
      { status: 200, description: 'The token.', schema: answers.accessToken, example: examples.accessToken },
    ],
    refusals: [
      {
        summary: 'neither a session nor a refresh token',
        problem: { reason: 'credentials', why: 'missing' },
      },
      { summary: 'no such app, or a wrong secret', problem: invalidClient },
      { summary: 'a refresh token that is not good', problem: invalidGrant },
      { summary: 'a refresh token without `clientId`', problem: { reason: 'fields', errors: [noClientId] } },
      { summary: 'the service signs no tokens', problem: { reason: 'access_tokens_off' } },
      {
        summary: 'an audience that the service does not know, or that the app may not ask for',
        problem: { reason: 'fields', errors: [unknownAudience(undefined)] },
      },
      { summary: 'not by a session of an app password', problem: { reason: 'reauthenticate' } },
      {
        summary: 'the address must be confirmed first (`REQUIRE_VERIFIED_EMAIL`)',
        problem: { reason: 'unverified_email' },
      },
    ],
  },
});

export const tokens = [issueToken] as const;
