// Encrypts what is stored and must be read again: the secrets of generators of codes and of webhooks. AES-256-GCM, under
// a key that HKDF derives from TOKEN_SECRET, so that a copy of D1 alone gives no codes and signs no messages.
import { PLAIN_PREFIX } from './formats.ts';
import type { Keyring, Random } from './secrets.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** 96 bits, as GCM is defined for. https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf 8.2 */
const IV_BYTES = 12;
/** Of an HMAC: enough to tell two keys apart. */
const KEY_NAME_BYTES = 4;

const utf8 = new TextEncoder();

const encodeBase64Url = (bytes: Bytes): string =>
  bytes.toBase64({ alphabet: 'base64url', omitPadding: true });

const decodeBase64Url = (text: string): Bytes | null => {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
    return encodeBase64Url(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
};

/** What was decrypted. `isCurrent` is false while it is still encrypted under the secret before. */
export interface Unsealed {
  bytes: Bytes;
  isCurrent: boolean;
}

export interface Sealing {
  /**
   * Encrypts; the text is `<name of the key>.<IV>.<ciphertext>`.
   * @param context what it belongs to: instead of another it cannot be decrypted
   */
  seal(bytes: Bytes, context: string): Promise<string>;
  /** Decrypts under any secret in force; null if none of them fits, or the text was changed or moved. */
  unseal(sealed: string, context: string): Promise<Unsealed | null>;
  /** What a text begins with that is encrypted under the current secret. */
  currentPrefix(): Promise<string>;
}

export const createSealing = (keyring: Keyring, random: Random): Sealing => {
  const keyNames = async (): Promise<string[]> => {
    const names = await keyring.signAll('key name', 'encryption');
    return names.map((name) => name.subarray(0, KEY_NAME_BYTES).toHex());
  };

  const currentName = async (): Promise<string> => {
    const [name] = await keyNames();
    if (name === undefined) throw new Error('There is no secret to encrypt with.');
    return name;
  };

  const parameters = (iv: Bytes, context: string) => ({
    name: 'AES-GCM',
    iv,
    additionalData: utf8.encode(context),
  });

  return {
    async seal(bytes, context) {
      const [key] = await keyring.encryptionKeys();
      if (!key) throw new Error('There is no secret to encrypt with.');
      const iv = random(IV_BYTES);
      const encrypted = await crypto.subtle.encrypt(parameters(iv, context), key, bytes);
      return `${await currentName()}.${encodeBase64Url(iv)}.${encodeBase64Url(new Uint8Array(encrypted))}`;
    },

    async unseal(sealed, context) {
      if (sealed.startsWith(PLAIN_PREFIX)) {
        const bytes = decodeBase64Url(sealed.slice(PLAIN_PREFIX.length));
        return bytes && { bytes, isCurrent: false };
      }
      const [name = '', ivText = '', encryptedText = ''] = sealed.split('.');
      const [iv, encrypted] = [decodeBase64Url(ivText), decodeBase64Url(encryptedText)];
      const index = (await keyNames()).indexOf(name);
      const key = (await keyring.encryptionKeys())[index];
      if (!key || !encrypted || iv?.byteLength !== IV_BYTES) return null;
      try {
        const bytes = await crypto.subtle.decrypt(parameters(iv, context), key, encrypted);
        return { bytes: new Uint8Array(bytes), isCurrent: index === 0 };
      } catch {
        return null;
      }
    },

    currentPrefix: async () => `${await currentName()}.`,
  };
};
