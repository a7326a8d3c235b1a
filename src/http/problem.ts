// Refusals and replies as values. A dialect turns a `Problem` into a `Reply`.
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type {
  FactorRefused,
  InvalidProof,
  LastAdmin,
  Taken,
  Throttled,
  UnverifiedEmail,
  WrongCredentials,
} from '../core/index.ts';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A whole response, as a value that a test can compare. */
export interface Reply {
  status: ContentfulStatusCode;
  body: Json;
  headers?: Readonly<Record<string, string>>;
  /** The reason phrase, if a document requires another than the usual one. */
  statusText?: string;
}

/** What can be wrong with one field. `limit` is in the unit that the code names. */
export type FieldErrorCode =
  | 'required'
  | 'null'
  | 'blank'
  | 'not_text'
  | 'nul'
  | 'too_many_characters'
  | 'too_few_characters'
  | 'too_many_bytes'
  | 'not_email'
  | 'not_username'
  | 'weak_password'
  | 'common_password'
  | 'resembling_password'
  | 'not_url'
  | 'taken'
  | 'not_a_choice';

/** The kind of a field that takes more specific values than text. */
export type FieldKind = 'email' | 'url';

export interface FieldError {
  field: string;
  code: FieldErrorCode;
  limit: number | null;
  /** The value as sent; undefined if the field was not sent. */
  value: unknown;
  /** Set if the value is of another type than the field's. */
  kind?: FieldKind;
}

/** The type of a JSON body that is no object. */
export type JsonType = 'null' | 'boolean' | 'integer' | 'decimal' | 'string' | 'array';

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'missing_token';

/** Everything that can be refused, by the HTTP layer, the fields or the core. */
export type Problem =
  | { reason: 'not_found' }
  | { reason: 'method_not_allowed'; method: string }
  | { reason: 'credentials'; why: 'missing' | 'invalid' | 'empty' | 'spaces' }
  | { reason: 'forbidden' }
  | { reason: 'cross_site' }
  /** The browser would drop the session cookie: the page is of another site, and the cookie is `SameSite=Lax`. */
  | { reason: 'cookie_blocked' }
  /** Plain http, at a name that is not loopback. */
  | { reason: 'https_required' }
  | { reason: 'unsupported_media_type'; mediaType: string }
  | { reason: 'too_large' }
  | { reason: 'malformed'; format: 'json' | 'form' }
  | { reason: 'not_an_object'; got: JsonType }
  | { reason: 'fields'; errors: readonly FieldError[] }
  | { reason: 'unavailable'; retryAfterSeconds: number }
  | { reason: 'internal_error' }
  /** The session is live, but its owner authenticated too long ago, or with too little. */
  | { reason: 'reauthenticate' }
  /** Admins of this deployment need a second factor. */
  | { reason: 'factor_required' }
  | Throttled
  | LastAdmin
  | FactorRefused
  /** This deployment sends no mail. */
  | { reason: 'mail_off' }
  /** This deployment signs no tokens for other servers. */
  | { reason: 'access_tokens_off' }
  /** The error codes of RFC 6749 and RFC 6750. */
  | { reason: 'oauth'; error: OAuthErrorCode; description: string }
  | InvalidProof
  | UnverifiedEmail
  | (Taken & { errors: readonly FieldError[] })
  /** `email` is that field as it was sent. */
  | (WrongCredentials & { email: unknown });

/** Where a problem arose: the path below the dialect's base path, without a trailing slash, and the service's origin. */
export interface Place {
  path: string;
  origin: string;
}
