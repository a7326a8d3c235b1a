// JSON Web Signatures by ES256: signed with the first key, verified with any of them.
// @see https://www.rfc-editor.org/rfc/rfc7515 and RFC 7518, section 3.4
import type { PublicKey, SigningKey } from './model.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encode = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });

/** A signature is two values of 32 bytes. */
const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/;

/** Longer than any token issued here: emails and names are bounded. Longer texts are rejected unread. */
const MAX_TOKEN_CHARACTERS = 8192;

export const toPublicKey = ({ kid, x, y }: SigningKey): PublicKey => ({
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  use: 'sig',
  kid,
  x,
  y,
});

export interface Es256 {
  publicKeys: readonly PublicKey[];
  /** @param typ of the header: one kind of token must not pass for another (RFC 8725, section 3.11) */
  sign(typ: string, claims: object): Promise<string>;
  /**
   * The claims of a token that one of the keys signed; null for every other text. Checks no claim. The header must
   * equal ours byte by byte, so that a client chooses neither the algorithm nor the key.
   */
  verify(typ: string, token: string): Promise<Readonly<Record<string, unknown>> | null>;
}

/** Each key is imported once an isolate, when it is first used. */
export const createEs256 = (keys: readonly [SigningKey, ...SigningKey[]]): Es256 => {
  const imported = new Map<string, Promise<CryptoKey>>();
  const keyOf = (key: SigningKey, usage: 'sign' | 'verify'): Promise<CryptoKey> => {
    const name = `${usage} ${key.kid}`;
    const known =
      imported.get(name) ??
      crypto.subtle.importKey(
        'jwk',
        usage === 'sign' ? toPrivateKey(key) : toPublicKey(key),
        ALGORITHM,
        false,
        [usage],
      );
    imported.set(name, known);
    return known;
  };
  const headerOf = (typ: string, { kid }: SigningKey): string =>
    encode(utf8.encode(JSON.stringify({ alg: 'ES256', typ, kid })));

  return {
    publicKeys: keys.map(toPublicKey),

    async sign(typ, claims) {
      const [key] = keys;
      const signed = `${headerOf(typ, key)}.${encode(utf8.encode(JSON.stringify(claims)))}`;
      const signature = await crypto.subtle.sign(SIGNATURE, await keyOf(key, 'sign'), utf8.encode(signed));
      return `${signed}.${encode(new Uint8Array(signature))}`;
    },

    async verify(typ, token) {
      if (token.length > MAX_TOKEN_CHARACTERS || !FORM.test(token)) return null;
      const [header = '', payload = '', signature = ''] = token.split('.');
      const key = keys.find((each) => headerOf(typ, each) === header);
      const [signatureBytes, payloadBytes] = [decode(signature), decode(payload)];
      if (!key || !signatureBytes || !payloadBytes) return null;
      const isOurs = await crypto.subtle.verify(
        SIGNATURE,
        await keyOf(key, 'verify'),
        signatureBytes,
        utf8.encode(`${header}.${payload}`),
      );
      return isOurs ? readObject(payloadBytes) : null;
    },
  };
};

const toPrivateKey = ({ x, y, d }: SigningKey): JsonWebKey => ({ kty: 'EC', crv: 'P-256', x, y, d });

const decode = (text: string): Uint8Array<ArrayBuffer> | null => {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
    // Each signature has one text: a token with other padding bits is rejected.
    return encode(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readObject = (bytes: Uint8Array): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
};
