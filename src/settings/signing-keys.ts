// Reads `SIGNING_KEYS`.

/** A private key of ES256, as a JSON Web Key. https://www.rfc-editor.org/rfc/rfc7518#section-6.2 */
export interface SigningKey {
  kid: string;
  /** The coordinates and the private value: 32 bytes each, base64url. */
  x: string;
  y: string;
  d: string;
}

/** 32 bytes in base64url. */
const P256_VALUE = /^[A-Za-z0-9_-]{43}$/;

/** A name that is safe in a header and in a file. `npm run keys` makes shorter ones. */
const KEY_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** A rotation needs three: the previous one, the one that signs, and the next. */
const MAX_KEYS = 8;

/**
 * Reads a JSON list of private keys, or the `{"keys": […]}` of RFC 7517 around it; null if it is neither, or holds
 * anything but keys of ES256 with names of their own.
 */
export const readSigningKeys = (text: string): readonly [SigningKey, ...SigningKey[]] | null => {
  const list = listOf(parse(text));
  if (!list || list.length > MAX_KEYS) return null;
  const [first, ...others] = list.map(readKey);
  if (!first || !others.every((key) => key !== null)) return null;
  const names = new Set([first, ...others].map(({ kid }) => kid));
  return names.size === list.length ? [first, ...others] : null;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const listOf = (value: unknown): readonly unknown[] | null => {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)
    ? value.keys
    : null;
};

const readKey = (value: unknown): SigningKey | null => {
  if (typeof value !== 'object' || value === null) return null;
  if (!('kty' in value && 'crv' in value && 'kid' in value && 'x' in value && 'y' in value && 'd' in value))
    return null;
  const { kty, crv, kid, x, y, d } = value;
  if (kty !== 'EC' || crv !== 'P-256' || typeof kid !== 'string' || !KEY_ID.test(kid)) return null;
  const isValue = (part: unknown): part is string => typeof part === 'string' && P256_VALUE.test(part);
  return isValue(x) && isValue(y) && isValue(d) ? { kid, x, y, d } : null;
};
