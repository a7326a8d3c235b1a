// The public keys of access tokens, as every library for JSON Web Tokens fetches them.
import * as z from 'zod/mini';
import { anyone } from '../http/auth/auth.ts';
import { named } from '../http/docs.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem, send } from '../http/respond.ts';

/**
 * How long clients may cache the keys. The next key is published a whole rotation before it signs, so a client that
 * caches for this long knows the key of every token.
 */
const CACHED_SECONDS = 300;

const coordinate = () => z.string().check(z.regex(/^[\w-]{43}$/));
const keys = () =>
  named(
    'PublicKeys',
    z.strictObject({
      keys: z.array(
        z.strictObject({
          kty: z.literal('EC'),
          crv: z.literal('P-256'),
          alg: z.literal('ES256'),
          use: z.literal('sig'),
          kid: z.string(),
          x: coordinate(),
          y: coordinate(),
        }),
      ),
    }),
    'A JSON Web Key Set: RFC 7517.',
  );

export const publicKeys = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  auth: anyone,
  handle: async (c) => {
    const tokens = await c.var.core.accessTokens();
    if (!tokens) return respondProblem(c, { reason: 'not_found' });
    const headers = {
      'Cache-Control': `public, max-age=${CACHED_SECONDS}`,
      // Public: pages of every origin may verify tokens.
      'Access-Control-Allow-Origin': '*',
    };
    return send(c, { status: 200, body: { keys: tokens.publicKeys.map((key) => ({ ...key })) }, headers });
  },
  docs: DOCS && {
    id: 'publicKeys',
    summary: 'The public keys of access tokens',
    successes: [
      {
        status: 200,
        description: 'All keys that verify tokens; the first one signs. May be cached for five minutes.',
        schema: keys,
        example: {
          keys: [
            {
              kty: 'EC',
              crv: 'P-256',
              alg: 'ES256',
              use: 'sig',
              kid: '2026-11-25',
              x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
              y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
            },
          ],
        },
      },
    ],
    refusals: [{ summary: 'the service signs no tokens', problem: { reason: 'not_found' } }],
  },
});
