// The settings, keys and claims of access tokens.

/** A private key of ES256, as a JSON Web Key. The coordinates and the private value are base64url. */
export interface SigningKey {
  kid: string;
  x: string;
  y: string;
  d: string;
}

/** The settings of a deployment. */
export interface AccessTokenSettings {
  /** `iss`: the public origin of the service. */
  issuer: string;
  /** The first one signs; all are published, and all verify. */
  keys: readonly [SigningKey, ...SigningKey[]];
  lifeSeconds: number;
  /** The possible audiences of a token. The first one is the default. */
  audiences: readonly [string, ...string[]];
  /** CLIENT_METADATA_DOCUMENTS: whether apps sign in that nobody has registered. */
  takesMetadataDocuments: boolean;
}

/** @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2 and RFC 8176 for `amr` */
export interface AccessClaims {
  iss: string;
  /** The account's public id: never given to another. */
  sub: string;
  aud: string;
  /** Seconds since the epoch. */
  exp: number;
  iat: number;
  jti: string;
  /** The id of the session. It identifies the session, but does not authenticate. */
  sid: string;
  email: string;
  email_verified: boolean;
  name: string;
  auth_time: number;
  amr: readonly string[];
}

/** An app that an account has consented to. */
export interface ConsentView {
  appId: string;
  /** The app's name when the user consented. */
  appName: string;
  /** Scopes, separated by spaces. */
  scope: string;
  createdAtMs: number;
}

/** @see https://www.rfc-editor.org/rfc/rfc7517#section-4 */
export interface PublicKey {
  kty: 'EC';
  crv: 'P-256';
  alg: 'ES256';
  use: 'sig';
  kid: string;
  x: string;
  y: string;
}
