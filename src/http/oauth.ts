// The wire format of the OpenID Connect provider: parameters in forms, credentials of apps, and refusals as in RFC
// 6749.
import type { Context } from 'hono';
import type { AppCredentials } from '../core/index.ts';
import { readBytes } from './body/body.ts';
import { readUrlEncoded } from './body/form.ts';
import type { AppEnv } from './context.ts';
import type { OAuthErrorCode, Problem, Reply } from './problem.ts';

/** The parameters as they came. A repeated name is there twice. */
export type Parameters = readonly (readonly [name: string, value: string])[];

/** The parameters of a form; null if the body is not a form, or too large. */
export const readForm = async (c: Context<AppEnv>): Promise<Parameters | null> => {
  const [mediaType = ''] = (c.req.header('Content-Type') ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return null;
  const bytes = await readBytes(c.req.raw);
  const entries = bytes && readUrlEncoded(bytes);
  return entries?.map(([name, value]) => [name, value ?? ''] as const) ?? null;
};

/** The parameters of the query. */
export const readQuery = (c: Context<AppEnv>): Parameters => [...new URL(c.req.url).searchParams];

export const hasTwice = (parameters: Parameters): boolean =>
  new Set(parameters.map(([name]) => name)).size !== parameters.length;

export const findParameter = (parameters: Parameters, name: string): string | null =>
  parameters.find(([key, value]) => key === name && value !== '')?.[1] ?? null;

/**
 * The credentials of an app: HTTP Basic or form fields, never both. Null if both, neither or malformed.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export const readAppCredentials = (
  authorization: string | undefined,
  parameters: Parameters,
): AppCredentials | null => {
  const inForm = {
    id: findParameter(parameters, 'client_id'),
    secret: findParameter(parameters, 'client_secret'),
  };
  if (authorization === undefined)
    return inForm.id === null ? null : { id: inForm.id, secret: inForm.secret };
  const basic = readBasic(authorization);
  if (!basic || inForm.secret !== null || (inForm.id !== null && inForm.id !== basic.id)) return null;
  return basic;
};

const readBasic = (authorization: string): AppCredentials | null => {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  if (encoded === undefined) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.fromBase64(encoded),
    );
    const colon = text.indexOf(':');
    if (colon < 1) return null;
    return { id: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) };
  } catch {
    return null;
  }
};

/** Both parts are form-encoded. */
const decodeForm = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const worded = (
  status: Reply['status'],
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({ status, headers, body: { error, error_description: description } });

/** The challenge of a 401, or of the 403 of a scope. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 and RFC 6750, section 3 */
const CHALLENGES: Partial<Record<OAuthErrorCode, string>> = {
  invalid_client: 'Basic realm="oidc"',
  invalid_token: 'Bearer error="invalid_token"',
  missing_token: 'Bearer',
  insufficient_scope: 'Bearer error="insufficient_scope", scope="openid"',
};

const oauthReply = (code: OAuthErrorCode, description: string): Reply => {
  const challenge = CHALLENGES[code];
  // If the request had no token, the header names no error code, as RFC 6750 requires.
  const error = code === 'missing_token' ? 'invalid_token' : code;
  return challenge === undefined
    ? worded(400, error, description)
    : worded(code === 'insufficient_scope' ? 403 : 401, error, description, {
        'WWW-Authenticate': challenge,
      });
};

/** Words every refusal. Pure and total, as for every dialect. */
export const problem = (refused: Problem): Reply => {
  switch (refused.reason) {
    case 'not_found':
    case 'access_tokens_off':
      return worded(404, 'not_found', 'Not found.');
    case 'method_not_allowed':
      return worded(405, 'invalid_request', `${refused.method} is not allowed for this path.`);
    case 'throttled':
      return worded(429, 'temporarily_unavailable', `Wait ${refused.retryAfterSeconds} seconds.`);
    case 'unavailable':
      return worded(503, 'temporarily_unavailable', 'The service cannot be reached at the moment.');
    case 'oauth':
      return oauthReply(refused.error, refused.description);
    case 'https_required':
      return worded(403, 'invalid_request', 'Use https.');
    case 'internal_error':
      return worded(500, 'server_error', 'Something went wrong here.');
    // The others do not arise here: no endpoint takes a session or a body of fields.
    default:
      return worded(400, 'invalid_request', 'The request cannot be read.');
  }
};
