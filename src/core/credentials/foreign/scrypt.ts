// Hashes by scrypt: Django's, and the PHC strings of passlib and Node libraries.
import { equalBytes } from '../../secrets.ts';
import {
  decodeBase64,
  endsInPadding,
  hasParams,
  isSaltLength,
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

export interface ScryptCost {
  /** CPU and memory cost `N`, a power of two. */
  work: number;
  /** Block size `r`, in units of 128 bytes. */
  blockSize: number;
  /** Parallelism `p`: here, how often the work is done, one after the other. */
  parallelism: number;
}

/** Half of a Worker's 128 MB: passlib's default (N 2^16, r 8). OWASP's first choice (2^17, 8) needs all of it. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;
/** `N·r·p`: OWASP's costs up to 64 MiB all stay within; Django 5 asks for 655,360. 0.5 s on one slow core. */
const MAX_WORK = 2 ** 20;
/** Everyone uses 8, better-auth 16. Together with the next, it bounds what is spent around the main loop. */
const MAX_BLOCK_SIZE = 32;
/** OWASP's widest cost has 10. */
const MAX_PARALLELISM = 16;

/** scrypt takes the password as the key of HMAC-SHA256. */
const HMAC_BLOCK_BYTES = 64;

/** A shorter key is the beginning of a longer one: with any length allowed, a hash cut short would verify. */
const KEY_BYTES: readonly number[] = [32, 64];

/** Reads Django's and the PHC form. */
export const readScrypt: Reader = (stored) => {
  if (stored.startsWith('scrypt$')) return readDjango(stored);
  return stored.startsWith('$scrypt$') ? readScryptPhc(stored) : null;
};

/**
 * `scrypt$<work factor>$<salt>$<block size>$<parallelism>$<hash>`: the salt is text, the hash is padded base64.
 *
 * @see https://docs.djangoproject.com/en/stable/topics/auth/passwords/#using-scrypt-with-django
 */
const readDjango = (stored: string): Readable | Refusal => {
  const [, work, salt, blockSize, parallelism, hash] =
    /^scrypt\$(\d+)\$([\x20-\x23\x25-\x7e]+)\$(\d+)\$(\d+)\$([A-Za-z0-9+/]+=*)$/.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return refuseDamaged("one of Django's scrypt hashes");
  const cost = readCost(readCount(work), blockSize, parallelism);
  return toScrypt(cost, toBytes(salt), decodeBase64(hash, 'padded'));
};

/**
 * `$scrypt$ln=<log2 of the work factor>,r=<block size>,p=<parallelism>$<salt>$<hash>`.
 *
 * @see https://passlib.readthedocs.io/en/stable/lib/passlib.hash.scrypt.html
 */
const readScryptPhc = (stored: string): Readable | Refusal => {
  const phc = splitPhc(stored);
  if (!phc || phc.version !== null || !hasParams(phc, ['ln', 'r', 'p']))
    return refuseDamaged('a scrypt hash');
  const exponent = readCount(phc.params.get('ln'));
  const work = exponent === null ? null : 2 ** exponent;
  const cost = readCost(work, phc.params.get('r'), phc.params.get('p'));
  return toScrypt(cost, decodeBase64(phc.salt, 'unpadded'), decodeBase64(phc.hash, 'unpadded'));
};

/** The cost that a text asks for; null if one of its numbers is not valid. */
export const readCost = (
  work: number | null,
  blockSizeText: string | undefined,
  parallelismText: string | undefined,
): ScryptCost | null => {
  const [blockSize, parallelism] = [readCount(blockSizeText), readCount(parallelismText)];
  if (work === null || blockSize === null || parallelism === null) return null;
  return { work, blockSize, parallelism };
};

/** Why a cost is out of bounds; null if it is not. */
export const refuseScryptCost = ({ work, blockSize, parallelism }: ScryptCost): Refusal | null => {
  if (128 * work * blockSize > MAX_MEMORY_BYTES)
    return refuseCost('more memory for scrypt (128·N·r bytes)', `${MAX_MEMORY_BYTES / 2 ** 20} MiB`);
  if (!isPowerOfTwo(work)) return refuse('Its scrypt work factor is not a power of two.');
  if (blockSize > MAX_BLOCK_SIZE)
    return refuseCost(`a scrypt block size of ${blockSize}`, String(MAX_BLOCK_SIZE));
  if (parallelism > MAX_PARALLELISM)
    return refuseCost(`a scrypt parallelism of ${parallelism}`, String(MAX_PARALLELISM));
  if (work * blockSize * parallelism > MAX_WORK)
    return refuseCost(`${work * blockSize * parallelism} units of scrypt work (N·r·p)`, String(MAX_WORK));
  return null;
};

/** @param key of 32 or 64 bytes */
export const toScrypt = (
  cost: ScryptCost | null,
  salt: Uint8Array<ArrayBuffer> | null,
  key: Uint8Array<ArrayBuffer> | null,
): Readable | Refusal => {
  if (!cost || !salt || !key || !isSaltLength(salt.byteLength) || !KEY_BYTES.includes(key.byteLength))
    return refuseDamaged('a scrypt hash');
  const tooMuch = refuseScryptCost(cost);
  if (tooMuch) return tooMuch;
  const { work, blockSize, parallelism } = cost;
  return {
    ok: true,
    algorithm: 'scrypt',
    async matches(password) {
      const { scrypt } = await import('./lazy-scrypt.ts');
      const options = { N: work, r: blockSize, p: parallelism, dkLen: key.byteLength };
      // Synchronous, so that no two hashes of one isolate use their memory at the same time.
      const bytes = toBytes(password);
      return equalBytes(scrypt(bytes, salt, options), key) && !endsInPadding(bytes, HMAC_BLOCK_BYTES);
    },
  };
};

/** RFC 7914, section 2, asks for a power of two above 1. Beyond 2^31 the memory is long out of bounds. */
const isPowerOfTwo = (value: number): boolean => value > 1 && (value & (value - 1)) === 0;
