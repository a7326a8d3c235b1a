// Random tokens, SHA-256, HMAC keys and constant-time comparison.

const utf8 = new TextEncoder();

/** Bytes from the runtime's cryptographic generator; tests pass their own. */
export type Random = (byteCount: number) => Uint8Array<ArrayBuffer>;

export const cryptoRandom: Random = (byteCount) => crypto.getRandomValues(new Uint8Array(byteCount));

/** 256 random bits, base64url without padding: 43 characters. */
export const randomToken = (random: Random): string =>
  random(32).toBase64({ alphabet: 'base64url', omitPadding: true });

/** SHA-256 of a text's UTF-8, as 64 lower-case hex digits: the only form in which a token is stored. */
export const sha256Hex = async (text: string): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))).toHex();

/** 128 bits: enough that no two texts of any import collide. */
const DIGEST_CHARACTERS = 22;

/** The digest of a text in `imported_accounts`, for comparison only. scripts/import/rows.ts writes the same. */
export const digestOf = async (text: string): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)))
    .toBase64({ alphabet: 'base64url', omitPadding: true })
    .slice(0, DIGEST_CHARACTERS);

/** Compares two texts in a time that depends on their lengths alone. */
export const equalTexts = (left: string, right: string): boolean =>
  equalBytes(utf8.encode(left), utf8.encode(right));

/** Compares two byte strings in a time that depends on their lengths alone. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);

/**
 * The purposes of HMAC keys. The keys are independent, so that a signature has one purpose. The labels are part of the
 * keys.
 */
export type KeyPurpose =
  | 'jwt'
  | 'derived token'
  | 'device'
  | 'identifier'
  | 'challenge'
  | 'key name'
  | 'proof'
  | 'proof code'
  | 'authorization code'
  | 'refresh token';

/** The keys derived from `TOKEN_SECRET`, and from `TOKEN_SECRET_PREVIOUS` during a rotation. */
export interface Keyring {
  /** HMAC-SHA256 under the current secret. */
  sign(purpose: KeyPurpose, text: string): Promise<Uint8Array<ArrayBuffer>>;
  /** HMAC-SHA256 under each secret in force, the current one first. */
  signAll(purpose: KeyPurpose, text: string): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Whether this is the signature of a text under a secret in force. Constant time. */
  verify(purpose: KeyPurpose, text: string, signature: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Whether the previous secret is accepted too. */
  isRotating: boolean;
  /** AES-GCM keys under each secret in force, the current one first: for secrets that must be read again. */
  encryptionKeys(): Promise<CryptoKey[]>;
}

/**
 * Makes the keys; each is imported once and then kept. JWTs are signed with the secret itself, as in RFC 7515, so that a
 * service that shares the secret can verify them. Every other key is derived with HKDF.
 *
 * @param secrets the current secret first, then those that are still accepted
 * @see https://www.rfc-editor.org/rfc/rfc5869 HKDF
 */
export const createKeyring = (secrets: readonly [string, ...string[]]): Keyring => {
  const keys = new Map<string, Promise<CryptoKey>>();

  const importKey = async (purpose: KeyPurpose | 'encryption', secret: string): Promise<CryptoKey> => {
    const usages = ['sign', 'verify'];
    const bytes = utf8.encode(secret);
    if (purpose === 'jwt')
      return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, usages);
    const root = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
    const info = utf8.encode(`latchkey ${purpose}`);
    const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info };
    if (purpose === 'encryption')
      return crypto.subtle.deriveKey(hkdf, root, { name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
      ]);
    const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 };
    return crypto.subtle.deriveKey(hkdf, root, hmac, false, usages);
  };

  const keyOf = (purpose: KeyPurpose | 'encryption', index: number, secret: string): Promise<CryptoKey> => {
    const name = `${index} ${purpose}`;
    const known = keys.get(name);
    if (known) return known;
    const made = importKey(purpose, secret);
    keys.set(name, made);
    return made;
  };

  const signWith = async (purpose: KeyPurpose, index: number, secret: string, text: string) =>
    new Uint8Array(await crypto.subtle.sign('HMAC', await keyOf(purpose, index, secret), utf8.encode(text)));

  return {
    sign: (purpose, text) => signWith(purpose, 0, secrets[0], text),
    signAll: (purpose, text) =>
      Promise.all(secrets.map((secret, index) => signWith(purpose, index, secret, text))),
    async verify(purpose, text, signature) {
      for (const [index, secret] of secrets.entries()) {
        const key = await keyOf(purpose, index, secret);
        if (await crypto.subtle.verify('HMAC', key, signature, utf8.encode(text))) return true;
      }
      return false;
    },
    isRotating: secrets.length > 1,
    encryptionKeys: () => Promise.all(secrets.map((secret, index) => keyOf('encryption', index, secret))),
  };
};
