// `id`: short-lived tokens that other servers verify on their own.
import * as z from 'zod/mini';
import * as field from '../../http/body/fields.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { FieldError } from '../../http/problem.ts';
import * as answers from './answers.ts';
import { toChange } from './auth.ts';
import * as examples from './examples.ts';
import { refuse, refuseError } from './refusal.ts';

/** Names of audiences are no longer: ACCESS_TOKEN_AUDIENCES. */
const audienceField = () => z.optional(field.lines(field.atMost(200), field.oneLine));

const unknownAudience = (value: unknown): FieldError => ({
  field: 'audience',
  code: 'not_a_choice',
  limit: null,
  value,
});

const issueToken = endpoint({
  method: 'POST',
  path: '/token',
  // The primary, because a token from an ended session would outlive it by minutes.
  auth: toChange,
  body: { schema: z.object({ audience: audienceField() }), numbers: 'text' },
  handle: async (c) => {
    const { core, principal } = c.var;
    const tokens = await core.accessTokens();
    if (!tokens) return refuse(c, { reason: 'access_tokens_off' });
    const { audience = tokens.audiences[0] } = c.req.valid('json');
    if (!tokens.audiences.includes(audience))
      return refuse(c, { reason: 'fields', errors: [unknownAudience(audience)] });
    const publicId = await core.accounts.ensurePublicId(principal.account);
    const issued = await tokens.issue(principal, publicId, audience);
    if (!issued.ok) return refuseError(c, issued.error);
    const { token, lifeSeconds } = issued.value;
    return c.json({ accessToken: token, tokenType: 'Bearer', expiresIn: lifeSeconds } as const, 200);
  },
  docs: DOCS && {
    id: 'idToken',
    summary: 'A token that other servers check by themselves',
    description:
      'Signed by ES256; the keys are at `/.well-known/jwks.json`. `audience` is one of `ACCESS_TOKEN_AUDIENCES`, the first ' +
      'one if none is sent. The token is good for a few minutes, even if its session ends sooner.',
    sent: { audience: 'https://api.example.com' },
    successes: [
      { status: 200, description: 'The token.', schema: answers.accessToken, example: examples.accessToken },
    ],
    refusals: [
      { summary: 'the service signs no tokens', problem: { reason: 'access_tokens_off' } },
      {
        summary: 'an audience that the service does not know',
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
