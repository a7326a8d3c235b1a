// Writes hashes from their parts, in formats that the Worker supports.
import { type Bytes, toBase64 } from './bytes.ts';

const DIGEST_BYTES: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/**
 * A PBKDF2 hash as a PHC string. If the key is longer than the digest, only the first block is kept: each further block
 * costs the same again and adds no security. A shorter key is written with its length.
 *
 * @param digest `sha1`, `sha256` or `sha512`; null is returned for others
 */
export const pbkdf2Form = (
  digest: string,
  iterations: number | string,
  salt: Bytes | null,
  key: Bytes | null,
): string | null => {
  const digestBytes = DIGEST_BYTES[digest];
  if (digestBytes === undefined || !salt || !key) return null;
  const length = key.byteLength < digestBytes ? `,l=${key.byteLength}` : '';
  const block = key.subarray(0, digestBytes);
  return `$pbkdf2-${digest}$i=${iterations}${length}$${toBase64(salt)}$${toBase64(block)}`;
};

/** @param work `N`, a power of two */
export const scryptForm = (
  work: number,
  blockSize: number | string,
  parallelism: number | string,
  salt: Bytes | null,
  key: Bytes | null,
): string | null =>
  Number.isInteger(Math.log2(work)) && salt && key
    ? `$scrypt$ln=${Math.log2(work)},r=${blockSize},p=${parallelism}$${toBase64(salt)}$${toBase64(key)}`
    : null;

/** The four hash parameters of a project, as the settings of Firebase Authentication show them. */
export interface FirebaseParameters {
  signerKey: string;
  saltSeparator: string;
  rounds: number;
  memoryCost: number;
}

const padded = (text: string): string => {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, '=');
};

/** A Firebase hash with the parameters of its project, in the format of Supabase. */
export const firebaseForm = (parameters: FirebaseParameters, salt: string, hash: string): string => {
  const { signerKey, saltSeparator, rounds, memoryCost } = parameters;
  const cost = `v=1,n=${memoryCost},r=${rounds},p=1`;
  return `$fbscrypt$${cost},ss=${padded(saltSeparator)},sk=${padded(signerKey)}$${padded(salt)}$${padded(hash)}`;
};
