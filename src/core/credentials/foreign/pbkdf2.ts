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

/** ASP.NET Identity's shortest. A shorter key could be met by chance. */
const MIN_KEY_BYTES = 16;

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
  if (stored.startsWith('pbkdf2:')) return readWerkzeug(stored);
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
  return toPbkdf2(id, readCount(iterations), toBytes(salt), decodeBase64(hash, 'padded'));
};

/**
 * `$pbkdf2-sha256$<rounds>$<salt>$<hash>` of passlib, where `$pbkdf2$` is SHA-1 and `.` stands for base64's
 * `+`; and `$pbkdf2-sha256$i=<iterations>[,l=<bytes of the hash>]$<salt>$<hash>`, a PHC string.
 *
 * @see https://passlib.readthedocs.io/en/stable/lib/passlib.hash.pbkdf2_digest.html
 */
const readModular = (stored: string): Readable | Refusal => {
  const [, passlibId = 'sha1', rounds, passlibSalt, passlibHash] =
    /^\$pbkdf2(?:-(sha256|sha512))?\$(\d+)\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)$/.exec(stored) ?? [];
  if (passlibSalt !== undefined && passlibHash !== undefined)
    return toPbkdf2(passlibId, readCount(rounds), decodeAb64(passlibSalt), decodeAb64(passlibHash));

  const phc = splitPhc(stored);
  const [, phcId] = /^pbkdf2-(sha1|sha256|sha512)$/.exec(phc?.id ?? '') ?? [];
  if (!phc || phcId === undefined) return refuseDamaged('a PBKDF2 hash');
  const hasLength = hasParams(phc, ['i', 'l']);
  if (phc.version !== null || !(hasLength || hasParams(phc, ['i'])))
    return refuse('It is a PBKDF2 hash with other parameters than iterations and key length.');
  const length = hasLength ? readCount(phc.params.get('l')) : null;
  if (hasLength && length === null) return refuseDamaged('a PBKDF2 hash');
  const [salt, key] = [decodeBase64(phc.salt, 'unpadded'), decodeBase64(phc.hash, 'unpadded')];
  return toPbkdf2(phcId, readCount(phc.params.get('i')), salt, key, length);
};

/**
 * The defaults of Werkzeug's releases: 0.9, 0.12, 0.15, 2.0, 2.3, 3.1. With SHA-256 all of them together are as much
 * work as the bound allows for one hash; the other digests, in software, were nobody's default for the last two.
 *
 * @see https://werkzeug.palletsprojects.com/en/stable/changes/
 */
const WERKZEUG_ITERATIONS = [1000, 50_000, 150_000, 260_000, 600_000, 1_000_000];
const WERKZEUG_ITERATIONS_OF_OTHERS = WERKZEUG_ITERATIONS.slice(0, 4);

/**
 * `pbkdf2:<digest>$<salt>$<key in hex>`, Werkzeug's form without a number of iterations: it means the default of the
 * release, which the text does not name, so all are tried, the cheapest first. The import translates the form with
 * a number.
 */
const readWerkzeug = (stored: string): Readable | Refusal => {
  const [, id = '', salt, hex = ''] =
    /^pbkdf2:(sha1|sha256|sha512)\$([\x21-\x23\x25-\x7e]+)\$((?:[0-9a-f]{2})+)$/.exec(stored) ?? [];
  if (salt === undefined) return refuseDamaged("one of Werkzeug's PBKDF2 hashes");
  const key = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const counts = id === 'sha256' ? WERKZEUG_ITERATIONS : WERKZEUG_ITERATIONS_OF_OTHERS;
  const readings = counts.map((iterations) => toPbkdf2(id, iterations, toBytes(salt), key));
  const refusal = readings.find((reading): reading is Refusal => !reading.ok);
  if (refusal) return refusal;
  return {
    ok: true,
    algorithm: `pbkdf2-${id}`,
    async matches(password) {
      for (const reading of readings)
        if (reading.ok && (await reading.matches?.(password)) === true) return true;
      return false;
    },
  };
};

const decodeAb64 = (text: string): Uint8Array<ArrayBuffer> | null =>
  decodeBase64(text.replaceAll('.', '+'), 'unpadded');

/**
 * @param id the digest: `sha1`, `sha256` or `sha512`
 * @param key the whole digest, or with `length` that many bytes of it
 * @param length what the text says of the key's length; null if it says nothing
 */
export const toPbkdf2 = (
  id: string,
  iterations: number | null,
  salt: Uint8Array<ArrayBuffer> | null,
  key: Uint8Array<ArrayBuffer> | null,
  length: number | null = null,
): Readable | Refusal => {
  const digest = DIGESTS[id];
  const keyBytes = length ?? digest?.keyBytes ?? 0;
  if (!digest || iterations === null || !salt || key?.byteLength !== keyBytes)
    return refuseDamaged('a PBKDF2 hash');
  // What is longer than the digest is further blocks, each of which costs as much as the first and adds nothing: the
  // import keeps the first alone. What is shorter must say so, or a hash cut short would verify.
  if (keyBytes < MIN_KEY_BYTES || keyBytes > digest.keyBytes)
    return refuse(`Its key is not of ${MIN_KEY_BYTES} to ${digest.keyBytes} bytes.`);
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
        equalBytes((await derive(digest, bytes, salt, iterations)).subarray(0, keyBytes), key) &&
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
  // The synchronous form: the other one yields by a clock that does not advance in production while code runs, and
  // takes twice as long.
  const { pbkdf2, sha1, sha512 } = await import('./lazy-pbkdf2.ts');
  const options = { c: iterations, dkLen: keyBytes };
  return pbkdf2(name === 'SHA-1' ? sha1 : sha512, password, salt, options);
};
