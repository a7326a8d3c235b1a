// A passkey's answer as a browser sends it: JSON with base64url texts. Read strictly, never trusted.

/** Bytes of our own, as WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * `PublicKeyCredential.toJSON()` after `navigator.credentials.get()`. Fields that no check needs are ignored.
 * @see https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson
 */
export interface AssertionAnswer {
  id: string;
  rawId: string;
  type: string;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    signature: string;
    userHandle?: string | null | undefined;
  };
}

/**
 * The same after `navigator.credentials.create()`. The attestation object is not read: no attestation is requested, so
 * it says nothing that the authenticator data does not say.
 * @see https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson
 */
export interface RegistrationAnswer {
  id: string;
  rawId: string;
  type: string;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    /** SPKI, from `getPublicKey()`. */
    publicKey?: string | null | undefined;
    publicKeyAlgorithm?: number | undefined;
    transports?: readonly string[] | undefined;
  };
}

/** Why an answer is refused: the first check that fails, for the log and for tests. Never shown to strangers. */
export type Refusal =
  | 'malformed'
  | 'type'
  | 'challenge'
  | 'origin'
  | 'cross_origin'
  | 'rp_id'
  | 'user_presence'
  | 'user_verification'
  | 'backup_state'
  | 'backup_eligibility'
  | 'credential'
  | 'key'
  | 'user_handle'
  | 'signature';

export type Verdict<T> = { ok: true; value: T } | { ok: false; why: Refusal };

export const accept = <T>(value: T): Verdict<T> => ({ ok: true, value });
export const refuse = (why: Refusal): { ok: false; why: Refusal } => ({ ok: false, why });

const BASE64URL = { alphabet: 'base64url', omitPadding: true } as const;

/** Base64url without padding, as WebAuthn writes bytes. */
export const encodeBase64Url = (bytes: Uint8Array): string => bytes.toBase64(BASE64URL);

/** Strict base64url: null for padding, foreign characters and spare bits that no byte has. */
export const decodeBase64Url = (text: string): Bytes | null => {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
    return encodeBase64Url(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
};

/** The credential's id if the answer is for a public key and names one credential; null otherwise. */
export const readCredentialId = ({ id, rawId, type }: AssertionAnswer | RegistrationAnswer): Bytes | null =>
  type === 'public-key' && id === rawId && id !== '' ? decodeBase64Url(id) : null;
