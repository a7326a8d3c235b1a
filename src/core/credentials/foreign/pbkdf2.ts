// Hashes by plain PBKDF2: Django's, passlib's and the PHC strings of Node libraries.
import { equalBytes } from '../../secrets.ts';
import {
  decodeBase64,
  endsInPadding,
  hasParams,
  isSaltLength,
  MAX_SALT_BYTES,
  type Readable,
  type Reader,
  type Refusal,
  readCount,
  refuse,
  refuseCost,
  refuseDamaged,
  splitPhc,
  toBytes,
} from './reading.ts';

/** The production runtime throws above this; up to it, WebCrypto does the work at native speed. */
const MAX_NATIVE_ITERATIONS = 100_000;

interface Digest {
  name: string;
  keyBytes: number;
  /** The block of its HMAC: see `endsInPadding`. */
  blockBytes: number;
  /**
   * Most iterations that are done in software, so that a login takes about one to three seconds of CPU.
   * Measured in workerd on one slow core: SHA-256 0.8 s a million, SHA-1 1.9 s, SHA-512 3.8 s.
   */
  maxIterations: number;
}

const DIGESTS: Readonly<Record<string, Digest>> = {
  // Passlib's default is 131,000. Django counts as for SHA-256: 1,200,000 in 6.0, so some room is left.
  sha1: { name: 'SHA-1', keyBytes: 20, blockBytes: 64, maxIterations: 1_500_000 },
  // Django's default: 260,000 in 3.2, 600,000 in 4.2, 1,000,000 in 5.2, 1,200,000 in 6.0, and it goes on rising.
  sha256: { name: 'SHA-256', keyBytes: 32, blockBytes: 64, maxIterations: 2_000_000 },
  // OWASP asks for 210,000, passlib's default is 25,000; Django has none.
  sha512: { name: 'SHA-512', keyBytes: 64, blockBytes: 128, maxIterations: 500_000 },
};

/** Reads Django's, passlib's and the PHC form. */
export const readPbkdf2: Reader = (stored) => {
  if (stored.startsWith('pbkdf2_')) return readDjango(stored);
  return /^\$pbkdf2[-$]/.test(stored) ? readModular(stored) : null;
};

/**
 * `pbkdf2_sha256$<iterations>$<salt>$<hash>`: the salt is text, the hash is padded base64.
 *
 * @see https://docs.djangoproject.com/en/stable/topics/auth/passwords/
 */
const readDjango = (stored: string): Readable | Refusal => {
  const [, id = '', iterations, salt, hash] =
    /^pbkdf2_(sha1|sha256)\$(\d+)\$([\x20-\x23\x25-\x7e]+)\$([A-Za-z0-9+/]+=*)$/.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return refuseDamaged("one of Django's PBKDF2 hashes");
  return toReading(id, readCount(iterations), toBytes(salt), decodeBase64(hash, 'padded'));
};

/**
 * `$pbkdf2-sha256$<rounds>$<salt>$<hash>` of passlib, where `$pbkdf2$` is SHA-1 and `.` stands for base64's
 * `+`; and `$pbkdf2-sha256$i=<iterations>$<salt>$<hash>`, a PHC string.
 *
 * @see https://passlib.readthedocs.io/en/stable/lib/passlib.hash.pbkdf2_digest.html
 */
const readModular = (stored: string): Readable | Refusal => {
  const [, passlibId = 'sha1', rounds, passlibSalt, passlibHash] =
    /^\$pbkdf2(?:-(sha256|sha512))?\$(\d+)\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)$/.exec(stored) ?? [];
  if (passlibSalt !== undefined && passlibHash !== undefined)
    return toReading(passlibId, readCount(rounds), decodeAb64(passlibSalt), decodeAb64(passlibHash));

  const phc = splitPhc(stored);
  const [, phcId] = /^pbkdf2-(sha1|sha256|sha512)$/.exec(phc?.id ?? '') ?? [];
  if (!phc || phcId === undefined) return refuseDamaged('a PBKDF2 hash');
  if (phc.version !== null || !hasParams(phc, ['i']))
    return refuse('It is a PBKDF2 hash with other parameters than the number of iterations.');
  const [salt, key] = [decodeBase64(phc.salt, 'unpadded'), decodeBase64(phc.hash, 'unpadded')];
  return toReading(phcId, readCount(phc.params.get('i')), salt, key);
};

const decodeAb64 = (text: string): Uint8Array<ArrayBuffer> | null =>
  decodeBase64(text.replaceAll('.', '+'), 'unpadded');

const toReading = (
  id: string,
  iterations: number | null,
  salt: Uint8Array<ArrayBuffer> | null,
  key: Uint8Array<ArrayBuffer> | null,
): Readable | Refusal => {
  const digest = DIGESTS[id];
  // A longer key than the digest would double the work: no tool makes one for a password.
  if (!digest || iterations === null || !salt || key?.byteLength !== digest.keyBytes)
    return refuseDamaged('a PBKDF2 hash');
  if (!isSaltLength(salt.byteLength)) return refuse(`Its salt is not of 1 to ${MAX_SALT_BYTES} bytes.`);
  if (iterations > digest.maxIterations)
    return refuseCost(`${iterations} iterations of PBKDF2 with ${digest.name}`, String(digest.maxIterations));
  return {
    ok: true,
    algorithm: `pbkdf2-${id}`,
    async matches(password) {
      const bytes = toBytes(password);
      // Checked only now, so that the time shows nothing.
      return (
        equalBytes(await derive(digest, bytes, salt, iterations), key) &&
        !endsInPadding(bytes, digest.blockBytes)
      );
    },
  };
};

const derive = async (
  { name, keyBytes }: Digest,
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array> => {
  if (iterations <= MAX_NATIVE_ITERATIONS) {
    const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    const parameters = { name: 'PBKDF2', hash: name, salt, iterations };
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, keyBytes * 8));
  }
  // Each further iteration needs the result of the one before, and WebCrypto gives only the sum of all: one
  // long run cannot be made of several short ones.
  if (name === 'SHA-256') {
    const { derivePbkdf2Sha256 } = await import('./pbkdf2-sha256.ts');
    return derivePbkdf2Sha256(password, salt, iterations);
  }
  // The synchronous form: the other yields by a clock that stands still in production while code runs, and
  // takes twice as long.
  const { pbkdf2, sha1, sha512 } = await import('./lazy-pbkdf2.ts');
  const options = { c: iterations, dkLen: keyBytes };
  return pbkdf2(name === 'SHA-1' ? sha1 : sha512, password, salt, options);
};
