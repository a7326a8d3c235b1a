// Public keys of passkeys: from the authenticator data to SPKI, the form in which they are stored and imported.
import type { Bytes } from './answer.ts';

/** The signature algorithms that are offered, by their COSE numbers, the first preferred. */
export const ALGORITHMS = { ES256: -7, EdDSA: -8, RS256: -257 } as const;

export type Algorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS];

export const isAlgorithm = (number: number): number is Algorithm =>
  Object.values(ALGORITHMS).some((algorithm) => algorithm === number);

export interface PublicKey {
  algorithm: Algorithm;
  spki: Bytes;
}

/** Shorter RSA keys can be broken; longer ones only cost time. https://www.rfc-editor.org/rfc/rfc8812#section-2 */
const RSA_MODULUS_BYTES = { min: 256, max: 512 } as const;

const P256_BYTES = 32;
/** @see https://www.rfc-editor.org/rfc/rfc8032#section-5.1.6 */
const ED25519_BYTES = 64;

/**
 * COSE keys must be in CTAP2's canonical CBOR, in which a key of one algorithm differs from the next in its numbers
 * only. So these are patterns, and no decoder is needed.
 * @see https://www.w3.org/TR/webauthn-3/#sctn-attested-credential-data
 */
const COSE = {
  // {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}
  es256: [Uint8Array.fromHex('a5010203262001215820'), Uint8Array.fromHex('225820')],
  // {1: 1, 3: -8, -1: 6, -2: bytes(32)}
  eddsa: Uint8Array.fromHex('a4010103272006215820'),
  // {1: 3, 3: -257, -1: bytes(n), -2: 65537}
  rs256: [Uint8Array.fromHex('a40103033901002059'), Uint8Array.fromHex('2143010001')],
} as const;

/** The beginnings of SPKI. @see https://www.rfc-editor.org/rfc/rfc5480 @see https://www.rfc-editor.org/rfc/rfc8410 */
const SPKI = {
  es256: Uint8Array.fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
  eddsa: Uint8Array.fromHex('302a300506032b6570032100'),
  // SEQUENCE { OID rsaEncryption, NULL }
  rsaAlgorithm: Uint8Array.fromHex('300d06092a864886f70d0101010500'),
} as const;

const concat = (...parts: readonly Uint8Array[]): Bytes =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, index) => bytes[index] === byte);

/**
 * Reads the key at the beginning of the bytes, and how many bytes it takes; null if its algorithm is not supported or
 * its form is not canonical.
 */
export const readCoseKey = (bytes: Bytes): { key: PublicKey; length: number } | null =>
  readEs256(bytes) ?? readEdDsa(bytes) ?? readRs256(bytes);

const readEs256 = (bytes: Bytes) => {
  const [head, middle] = COSE.es256;
  const xEnd = head.byteLength + P256_BYTES;
  const yStart = xEnd + middle.byteLength;
  const length = yStart + P256_BYTES;
  if (bytes.byteLength < length) return null;
  if (!startsWith(bytes, head) || !startsWith(bytes.subarray(xEnd), middle)) return null;
  const spki = concat(SPKI.es256, bytes.subarray(head.byteLength, xEnd), bytes.subarray(yStart, length));
  return { key: { algorithm: ALGORITHMS.ES256, spki }, length };
};

const readEdDsa = (bytes: Bytes) => {
  const length = COSE.eddsa.byteLength + 32;
  if (bytes.byteLength < length || !startsWith(bytes, COSE.eddsa)) return null;
  const spki = concat(SPKI.eddsa, bytes.subarray(COSE.eddsa.byteLength, length));
  return { key: { algorithm: ALGORITHMS.EdDSA, spki }, length };
};

const readRs256 = (bytes: Bytes) => {
  const [head, tail] = COSE.rs256;
  if (!startsWith(bytes, head)) return null;
  const modulusStart = head.byteLength + 2;
  const modulusBytes = (bytes[head.byteLength] ?? 0) * 256 + (bytes[head.byteLength + 1] ?? 0);
  const modulusEnd = modulusStart + modulusBytes;
  const length = modulusEnd + tail.byteLength;
  const { min, max } = RSA_MODULUS_BYTES;
  if (modulusBytes < min || modulusBytes > max || bytes.byteLength < length) return null;
  const modulus = bytes.subarray(modulusStart, modulusEnd);
  if (modulus[0] === 0 || !startsWith(bytes.subarray(modulusEnd), tail)) return null;
  const exponent = der(0x02, bytes.subarray(length - 3, length));
  const rsaKey = der(0x30, concat(der(0x02, unsigned(modulus)), exponent));
  const spki = der(0x30, concat(SPKI.rsaAlgorithm, der(0x03, concat(Uint8Array.of(0), rsaKey))));
  return { key: { algorithm: ALGORITHMS.RS256, spki }, length };
};

/** DER's integers are signed. */
const unsigned = (number: Bytes): Bytes =>
  (number[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), number) : number;

/** One DER value of at most 65,535 bytes. */
const der = (tag: number, content: Bytes): Bytes => {
  const { byteLength } = content;
  if (byteLength < 0x80) return concat(Uint8Array.of(tag, byteLength), content);
  if (byteLength < 0x100) return concat(Uint8Array.of(tag, 0x81, byteLength), content);
  return concat(Uint8Array.of(tag, 0x82, byteLength >> 8, byteLength & 0xff), content);
};

const IMPORT = {
  [ALGORITHMS.ES256]: { name: 'ECDSA', namedCurve: 'P-256' },
  [ALGORITHMS.EdDSA]: { name: 'Ed25519' },
  [ALGORITHMS.RS256]: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const;

/** The key for WebCrypto; null if it is not valid, for example a point off the curve. */
export const importPublicKey = async ({ algorithm, spki }: PublicKey): Promise<CryptoKey | null> => {
  try {
    return await crypto.subtle.importKey('spki', spki, IMPORT[algorithm], false, ['verify']);
  } catch {
    return null;
  }
};

/** Whether the key made this signature over the data. False for a signature that cannot be read. */
export const verifySignature = async (
  publicKey: PublicKey,
  signature: Bytes,
  data: Bytes,
): Promise<boolean> => {
  const { algorithm } = publicKey;
  const key = await importPublicKey(publicKey);
  const raw = algorithm === ALGORITHMS.ES256 ? rawEcdsaSignature(signature) : signature;
  // workerd throws at an Ed25519 signature of another length.
  const isReadable = raw !== null && (algorithm !== ALGORITHMS.EdDSA || raw.byteLength === ED25519_BYTES);
  if (!key || !isReadable) return false;
  const parameters = algorithm === ALGORITHMS.ES256 ? { name: 'ECDSA', hash: 'SHA-256' } : IMPORT[algorithm];
  return crypto.subtle.verify(parameters, key, raw, data);
};

/**
 * WebAuthn's ECDSA signatures are DER, SEQUENCE { INTEGER r, INTEGER s }; WebCrypto takes r and s of 32 bytes each.
 * Null for anything but the one DER form of two positive numbers.
 * @see https://www.w3.org/TR/webauthn-3/#sctn-signature-attestation-types
 */
const rawEcdsaSignature = (signature: Bytes): Bytes | null => {
  if (signature[0] !== 0x30 || signature[1] !== signature.byteLength - 2) return null;
  const r = readInteger(signature, 2);
  const s = r && readInteger(signature, r.end);
  if (!r || !s || s.end !== signature.byteLength) return null;
  const raw = new Uint8Array(2 * P256_BYTES);
  raw.set(r.number, P256_BYTES - r.number.byteLength);
  raw.set(s.number, 2 * P256_BYTES - s.number.byteLength);
  return raw;
};

/** A positive integer of at most 32 bytes in its shortest form, without the zero that keeps it positive. */
const readInteger = (bytes: Bytes, at: number): { number: Bytes; end: number } | null => {
  const length = bytes[at + 1] ?? 0;
  const end = at + 2 + length;
  if (bytes[at] !== 0x02 || length === 0 || length > P256_BYTES + 1 || end > bytes.byteLength) return null;
  const content = bytes.subarray(at + 2, end);
  const [first = 0, second = 0] = content;
  if (first >= 0x80) return null;
  if (first !== 0) return length > P256_BYTES ? null : { number: content, end };
  // A zero is needed only in front of a number that would be negative without it.
  return length > 1 && second >= 0x80 ? { number: content.subarray(1), end } : null;
};
