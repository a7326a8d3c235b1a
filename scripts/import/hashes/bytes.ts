// Encodings of bytes in hash formats, for Node and the Worker's runtime.
import { decodeBase64 } from '../../../src/core/credentials/foreign/reading.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = new TextEncoder();
export const toBytes = (text: string): Bytes => new Uint8Array(utf8.encode(text));

/** Base64 without padding, as in PHC strings. */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes)).replace(/=+$/, '');

/** Decodes base64 with or without padding, in the standard or URL alphabet; null if it is invalid. */
export const fromBase64 = (text: string): Bytes | null => {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  return decodeBase64(standard, 'unpadded');
};

/** Passlib's base64, with `.` instead of `+`. */
export const fromAb64 = (text: string): Bytes | null => fromBase64(text.replaceAll('.', '+'));

export const fromHex = (text: string): Bytes | null =>
  /^(?:[0-9a-f]{2})+$/i.test(text)
    ? Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    : null;

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
