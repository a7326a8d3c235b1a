// What can be refused, as data, and a whole answer as a value. A dialect words one as the other.
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

/** A whole answer, as a value that a test can compare. */
export interface Reply {
  status: ContentfulStatusCode;
  body: Json;
  headers?: Readonly<Record<string, string>>;
  /** The reason phrase, where a document asks for another than the usual one. */
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

/** What a field takes, if that is more than any text. */
export type FieldKind = 'email' | 'url';

export interface FieldError {
  field: string;
  code: FieldErrorCode;
  limit: number | null;
  /** What was sent, as it was sent; undefined where the field was not sent. */
  value: unknown;
  /** Set if what was sent is of another type than the field's. */
  kind?: FieldKind;
}

/** What a JSON body was where an object was asked for. */
export type JsonType = 'null' | 'boolean' | 'integer' | 'decimal' | 'string' | 'array';

/** Everything that can be refused: by the wire, by the fields, by the core. */
export type Problem =
  | { reason: 'not_found' }
  | { reason: 'method_not_allowed'; method: string }
  | { reason: 'credentials'; why: 'missing' | 'invalid' | 'empty' | 'spaces' }
  | { reason: 'forbidden' }
  | { reason: 'cross_site' }
  /** The browser would not keep the session cookie: its page is of another site, and the cookie is `SameSite=Lax`. */
  | { reason: 'cookie_blocked' }
  /** Plain http, at a name that is not of this machine. */
  | { reason: 'https_required' }
  | { reason: 'unsupported_media_type'; mediaType: string }
  | { reason: 'too_large' }
  | { reason: 'malformed'; format: 'json' | 'form' }
  | { reason: 'not_an_object'; got: JsonType }
  | { reason: 'fields'; errors: readonly FieldError[] }
  | { reason: 'unavailable'; retryAfterSeconds: number }
  | { reason: 'internal_error' }
  /** The session is live, and its owner proved too long ago, or by too little, to be the one who asks. */
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
  | InvalidProof
  | UnverifiedEmail
  | (Taken & { errors: readonly FieldError[] })
  /** `email` is that field as it was sent. */
  | (WrongCredentials & { email: unknown });

/** Where a problem arose: the path below the dialect's, without a trailing slash, and the service's origin. */
export interface Place {
  path: string;
  origin: string;
}
