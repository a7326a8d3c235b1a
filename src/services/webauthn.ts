// The other origins that may use the service's passkeys: browsers fetch this list before they allow it.
import * as z from 'zod/mini';
import { anyone } from '../http/auth/auth.ts';
import { relyingPartyOf } from '../http/auth/relying-party.ts';
import { named } from '../http/docs.ts';
import { endpoint } from '../http/endpoint.ts';
import { send } from '../http/respond.ts';

const origins = () => named('RelatedOrigins', z.strictObject({ origins: z.array(z.string()) }));

/** @see https://www.w3.org/TR/webauthn-3/#sctn-related-origins */
export const relatedOrigins = endpoint({
  method: 'GET',
  path: '/.well-known/webauthn',
  auth: anyone,
  handle: (c) => send(c, { status: 200, body: { origins: [...relyingPartyOf(c).origins] } }),
  docs: DOCS && {
    id: 'relatedOrigins',
    summary: 'Origins that may use the passkeys of the service',
    successes: [
      {
        status: 200,
        description: 'The service’s own origin first, then those of `RELATED_ORIGINS`.',
        schema: origins,
        example: { origins: ['https://accounts.example.com', 'https://accounts.example.de'] },
      },
    ],
  },
});
