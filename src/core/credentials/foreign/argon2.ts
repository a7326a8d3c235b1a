// Hashes by Argon2id and Argon2i: PHC strings, as PHP, argon2-cffi and Node write them, and Django's.
import { equalBytes, sha256Hex } from '../../secrets.ts';
import {
  decodeBase64,
  hasParams,
  MAX_SALT_BYTES,
  type Reader,
  readCount,
  refuse,
  refuseCost,
  refuseDamaged,
  splitPhc,
  toBytes,
} from './reading.ts';

/**
 * Django's default, 100 MiB: the most of all defaults, and the most that leaves a Worker, with its 128 MB, room
 * for itself. PHP's and argon2-cffi's is 64 MiB.
 */
const MAX_MEMORY_KIB = 102_400;
/** Memory × passes: PHP's default, 64 MiB four times. Every other default is below. 1.2 s on one slow core. */
const MAX_WORK_KIB = 262_144;
/** Django's default is 8. It costs nothing here, where lanes are filled one after the other. */
const MAX_LANES = 16;
/** RFC 9106, section 3.1: at least 8 KiB a lane. */
const MIN_KIB_PER_LANE = 8;
/** What libargon2 takes at least. */
const MIN_SALT_BYTES = 8;
/** argon2-cffi made 16 bytes until 2021. A shorter key could match by chance. */
const MIN_KEY_BYTES = 16;
/** Twice what any tool makes today. */
const MAX_KEY_BYTES = 64;
/** 19 is 1.3, of RFC 9106; 16 is 1.0, which a string without a version means. */
const VERSIONS: Readonly<Record<string, number>> = { 16: 0x10, 19: 0x13 };

const isSaltLength = (bytes: number): boolean => bytes >= MIN_SALT_BYTES && bytes <= MAX_SALT_BYTES;
const isKeyLength = (bytes: number): boolean => bytes >= MIN_KEY_BYTES && bytes <= MAX_KEY_BYTES;

/**
 * `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`, in Django after the word `argon2`. After
 * `argon2_sha256` it is of the password's SHA-256 in hex, as Meteor hashes it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9106
 */
export const readArgon2: Reader = (stored) => {
  const [prefix = ''] = /^argon2(?:_sha256)?(?=\$argon2)/.exec(stored) ?? [];
  const text = stored.slice(prefix.length);
  const digests = prefix === 'argon2_sha256';
  const [, algorithm] = /^\$(argon2id|argon2i)\$/.exec(text) ?? [];
  if (algorithm === undefined) return null;
  const phc = splitPhc(text);
  if (!phc) return refuseDamaged('an Argon2 hash');
  if (!hasParams(phc, ['m', 't', 'p']))
    return refuse('It is an Argon2 hash with other parameters than memory, passes and lanes.');
  const version = VERSIONS[phc.version ?? '16'];
  const [memoryKib, passes, lanes] = ['m', 't', 'p'].map((name) => readCount(phc.params.get(name)));
  const [salt, key] = [decodeBase64(phc.salt, 'unpadded'), decodeBase64(phc.hash, 'unpadded')];
  if (version === undefined || !memoryKib || !passes || !lanes || !salt || !key)
    return refuseDamaged('an Argon2 hash');
  if (!isSaltLength(salt.byteLength) || !isKeyLength(key.byteLength)) return refuseDamaged('an Argon2 hash');
  if (lanes > MAX_LANES) return refuseCost(`${lanes} lanes of Argon2`, String(MAX_LANES));
  if (memoryKib < MIN_KIB_PER_LANE * lanes)
    return refuse(`It gives ${lanes} lanes of Argon2 only ${memoryKib} KiB of memory, less than 8 each.`);
  if (memoryKib > MAX_MEMORY_KIB)
    return refuseCost(`${memoryKib} KiB of memory for Argon2`, `${MAX_MEMORY_KIB} KiB`);
  if (memoryKib * passes > MAX_WORK_KIB)
    return refuseCost(
      `${passes} passes of Argon2 over ${memoryKib} KiB`,
      `${MAX_WORK_KIB} KiB in all passes`,
    );
  return {
    ok: true,
    algorithm: digests ? `${algorithm}-sha256` : algorithm,
    async matches(password) {
      const { argon2i, argon2id } = await import('./lazy-argon2.ts');
      const derive = algorithm === 'argon2i' ? argon2i : argon2id;
      const options = { m: memoryKib, t: passes, p: lanes, version, dkLen: key.byteLength };
      const input = toBytes(digests ? await sha256Hex(password) : password);
      // Synchronous, so that no two hashes of one isolate use their memory at the same time.
      return equalBytes(derive(input, salt, options), key);
    },
  };
};
