// The discovery documents: the provider's endpoints and what it supports.
// @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata and RFC 8414
import * as z from 'zod/mini';
import type { Provider } from '../core/index.ts';
import { anyone } from '../http/auth/auth.ts';
import { named } from '../http/docs.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem, send } from '../http/respond.ts';

/** How long clients may cache it: the document changes with the version of the service. */
const CACHED_SECONDS = 300;

const metadataOf = ({
  issuer,
  takesMetadataDocuments,
}: Pick<Provider, 'issuer' | 'takesMetadataDocuments'>) => ({
  issuer,
  authorization_endpoint: `${issuer}/oidc/authorize`,
  token_endpoint: `${issuer}/oidc/token`,
  userinfo_endpoint: `${issuer}/oidc/userinfo`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  revocation_endpoint: `${issuer}/oidc/revoke`,
  introspection_endpoint: `${issuer}/oidc/introspect`,
  end_session_endpoint: `${issuer}/oidc/logout`,
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  acr_values_supported: ['urn:latchkey:acr:1', 'urn:latchkey:acr:2'],
  prompt_values_supported: ['none', 'login', 'consent'],
  claims_supported: [
    'sub',
    'auth_time',
    'amr',
    'acr',
    'email',
    'email_verified',
    'name',
    'given_name',
    'family_name',
    'preferred_username',
    'locale',
    'updated_at',
  ],
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
  claims_parameter_supported: false,
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: takesMetadataDocuments,
  backchannel_logout_supported: true,
  backchannel_logout_session_supported: true,
});

const metadata = () =>
  named('ProviderMetadata', z.looseObject({ issuer: z.string() }), 'OpenID Connect Discovery and RFC 8414.');

const describe = (path: string, id: string) =>
  endpoint({
    method: 'GET',
    path,
    auth: anyone,
    handle: async (c) => {
      const provider = await c.var.core.provider();
      if (!provider) return respondProblem(c, { reason: 'not_found' });
      const headers = {
        'Cache-Control': `public, max-age=${CACHED_SECONDS}`,
        'Access-Control-Allow-Origin': '*',
      };
      return send(c, { status: 200, body: metadataOf(provider), headers });
    },
    docs: DOCS && {
      id,
      summary: 'The endpoints for apps, and what they support',
      successes: [
        {
          status: 200,
          description: 'May be cached for five minutes.',
          schema: metadata,
          example: metadataOf({ issuer: 'https://id.example.com', takesMetadataDocuments: false }),
        },
      ],
      refusals: [{ summary: 'the service signs no tokens', problem: { reason: 'not_found' } }],
    },
  });

/** The second path is for libraries that support OAuth only. */
export const discovery = [
  describe('/.well-known/openid-configuration', 'openidConfiguration'),
  describe('/.well-known/oauth-authorization-server', 'oauthMetadata'),
];
