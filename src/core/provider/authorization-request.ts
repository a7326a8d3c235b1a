// Reads and checks the authorization request of an app. Pure.
// @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest and RFC 9700

import type { App } from './apps.ts';
import type { DocumentFault } from './metadata-documents.ts';
import { isRegistered } from './redirects.ts';

/** The supported scopes. Others are not granted, as RFC 6749, section 3.3, allows. */
export const SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const;
export type Scope = (typeof SCOPES)[number];

/** The 43 characters of a SHA-256. https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
const CHALLENGE_FORM = /^[A-Za-z0-9_-]{43}$/;

/** Longer values are refused: they are stored, or sent back in a URL. */
const MAX_NONCE_CHARACTERS = 500;
const MAX_STATE_CHARACTERS = 2_000;

export interface AuthorizationRequest {
  app: App;
  redirectUri: string;
  scopes: readonly Scope[];
  state: string | null;
  nonce: string | null;
  codeChallenge: string;
  /** Show no page: answer with an error if the user would have to act. */
  isSilent: boolean;
  /** Require a new sign-in, even if somebody is signed in. */
  asksLogin: boolean;
  asksConsent: boolean;
  /** The sign-in must not be older. */
  maxAgeSeconds: number | null;
  /** Whether the app would rather have a sign-in by two factors: of `acr_values`, the first that is known here says so. */
  wantsTwoFactors: boolean;
  /** An ID token of the user that the app expects; null for any user. Not yet verified. */
  idTokenHint: string | null;
  /**
   * Seconds since the epoch: the sign-in must not be older. Our own parameter, for the return from signing in again. It
   * counts for a few minutes only, so writing it by hand gains no more than that, and the app learns the time of the
   * sign-in.
   */
  sinceSeconds: number | null;
  /** The audience of access tokens (RFC 8707); null for the service itself. */
  resource: string | null;
}

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 and OpenID Connect Core, section 3.1.2.6 */
export type AuthorizationErrorCode =
  | 'invalid_request'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'login_required'
  | 'interaction_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported';

/** Where an answer goes. */
export interface ReplyTo {
  redirectUri: string;
  state: string | null;
}

export type ReadRequest =
  | { ok: true; request: AuthorizationRequest }
  /** The app receives the error, through the browser. */
  | { ok: false; replyTo: ReplyTo; error: AuthorizationErrorCode; description: string }
  /** The browser is not redirected: the address is not registered for the app, or there is no such app. */
  | { ok: false; replyTo: null; problem: 'unknown_app' | 'unknown_redirect' }
  /** The client id is the address of a document, which describes no app that can be used here. */
  | { ok: false; replyTo: null; problem: 'document'; fault: DocumentFault };

/** The assurance of a sign-in: one factor or two. Our own values, as OpenID Connect Core allows. */
export const ACR_ONE_FACTOR = 'urn:latchkey:acr:1';
export const ACR_TWO_FACTORS = 'urn:latchkey:acr:2';

/** The parameters as they came, in order. A name that comes twice is refused. */
export type Parameters = readonly (readonly [name: string, value: string])[];

const valuesOf = (parameters: Parameters, name: string): string[] =>
  parameters.filter(([key]) => key === name).map(([, value]) => value);

/** The one value of a parameter; null if it was not sent, or sent empty. */
export const findValue = (parameters: Parameters, name: string): string | null =>
  valuesOf(parameters, name).find((value) => value !== '') ?? null;

/** The words of a list with spaces between them, which the ABNF of RFC 6749, appendix A, has for all of these. */
export const wordsOf = (list: string | null): string[] =>
  (list ?? '').split(' ').filter((word) => word !== '');

const hasTwice = (parameters: Parameters): boolean => {
  const names = parameters.map(([name]) => name).filter((name) => name !== 'resource');
  return new Set(names).size !== names.length;
};

const NOT_SUPPORTED = [
  ['request', 'request_not_supported'],
  ['request_uri', 'request_uri_not_supported'],
  ['registration', 'registration_not_supported'],
] as const;

/** What a request is read by, and `since`, which is our own. */
const READ: ReadonlySet<string> = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'acr_values',
  'resource',
  'since',
]);

const NOT_SUPPORTED_NAMES: ReadonlySet<string> = new Set(NOT_SUPPORTED.map(([name]) => name));

/**
 * The parameters that an address of our own may hold. What nothing reads stays out of it, above all `login_hint` and
 * `id_token_hint`: they tell an email, and logs keep addresses. Of what is refused anyway, the name is enough.
 */
export const withoutHints = (parameters: Parameters): Parameters =>
  parameters.flatMap(([name, value]) => {
    if (READ.has(name)) return [[name, value] as const];
    return NOT_SUPPORTED_NAMES.has(name) && value !== '' ? [[name, 'sent'] as const] : [];
  });

/**
 * Reads a request. Nothing is sent to an address before it is known to be the app's.
 * @param audiences whom tokens may be for
 */
export const readAuthorizationRequest = (
  parameters: Parameters,
  app: App | null,
  audiences: readonly string[],
): ReadRequest => {
  if (!app || valuesOf(parameters, 'client_id').length !== 1)
    return { ok: false, replyTo: null, problem: 'unknown_app' };
  const [redirectUri = '', ...more] = valuesOf(parameters, 'redirect_uri');
  if (more.length > 0 || !isRegistered(redirectUri, app.redirectUris))
    return { ok: false, replyTo: null, problem: 'unknown_redirect' };

  const state = findValue(parameters, 'state');
  const replyTo = {
    redirectUri,
    state: state !== null && state.length <= MAX_STATE_CHARACTERS ? state : null,
  };
  const refuse = (error: AuthorizationErrorCode, description: string): ReadRequest => ({
    ok: false,
    replyTo,
    error,
    description,
  });
  const value = (name: string) => findValue(parameters, name);

  if (hasTwice(parameters)) return refuse('invalid_request', 'A parameter came twice.');
  if (state !== replyTo.state) return refuse('invalid_request', 'state is too long.');
  for (const [name, error] of NOT_SUPPORTED)
    if (value(name) !== null) return refuse(error, `${name} is not supported.`);
  const responseType = value('response_type');
  if (responseType === null) return refuse('invalid_request', 'response_type is missing.');
  if (responseType !== 'code') return refuse('unsupported_response_type', 'response_type must be code.');
  if ((value('response_mode') ?? 'query') !== 'query')
    return refuse('invalid_request', 'response_mode must be query.');

  const codeChallenge = value('code_challenge');
  // PKCE is required, and `plain` is refused: an attacker who intercepts the code cannot redeem it.
  if (
    codeChallenge === null ||
    value('code_challenge_method') !== 'S256' ||
    !CHALLENGE_FORM.test(codeChallenge)
  )
    return refuse('invalid_request', 'code_challenge is required, with code_challenge_method S256.');

  const nonce = value('nonce');
  if (nonce !== null && nonce.length > MAX_NONCE_CHARACTERS)
    return refuse('invalid_request', 'nonce is too long.');

  const prompts = wordsOf(value('prompt'));
  if (prompts.includes('none') && prompts.length > 1)
    return refuse('invalid_request', 'prompt none stands alone.');

  const maxAge = value('max_age');
  if (maxAge !== null && !/^\d{1,9}$/.test(maxAge))
    return refuse('invalid_request', 'max_age is a number of seconds.');

  const since = value('since');
  if (since !== null && !/^\d{1,12}$/.test(since)) return refuse('invalid_request', 'since is not known.');

  const resources = valuesOf(parameters, 'resource').filter((each) => each !== '');
  const [resource = null] = resources;
  if (resources.length > 1 || (resource !== null && !audiences.includes(resource)))
    return refuse('invalid_target', 'resource is not known here.');

  const asked = wordsOf(value('scope'));
  const scopes = SCOPES.filter((scope) => asked.includes(scope));
  if (asked.length > 0 && scopes.length === 0)
    return refuse('invalid_scope', `scope is one or more of ${SCOPES.join(' ')}.`);

  const levels = wordsOf(value('acr_values'));
  return {
    ok: true,
    request: {
      app,
      ...replyTo,
      scopes,
      nonce,
      codeChallenge,
      isSilent: prompts.includes('none'),
      asksLogin: prompts.includes('login'),
      asksConsent: prompts.includes('consent'),
      maxAgeSeconds: maxAge === null ? null : Number(maxAge),
      wantsTwoFactors:
        levels.find((level) => level === ACR_ONE_FACTOR || level === ACR_TWO_FACTORS) === ACR_TWO_FACTORS,
      idTokenHint: value('id_token_hint'),
      sinceSeconds: since === null ? null : Number(since),
      resource,
    },
  };
};

/**
 * The URL to which the browser continues with an answer. `iss` identifies the issuer to the app.
 * @see https://www.rfc-editor.org/rfc/rfc9207
 */
export const answerUrl = (
  { redirectUri, state }: ReplyTo,
  issuer: string,
  answer: Readonly<Record<string, string>>,
): string => {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries({ ...answer, ...(state !== null && { state }), iss: issuer }))
    url.searchParams.set(name, value);
  return url.href;
};
