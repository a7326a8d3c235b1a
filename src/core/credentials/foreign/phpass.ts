// Hashes by phpass, PHP's portable hashes: WordPress before 6.8 and phpBB 3 with MD5, Drupal 7 with SHA-512.
import { equalTexts } from '../../secrets.ts';
import {
  cryptDigit,
  encodeCrypt64,
  type Reader,
  refuseCost,
  refuseDamaged,
  spellAsSent,
  toBytes,
  trimAsPhp,
} from './reading.ts';

/** What phpass itself takes at least. */
const MIN_COUNT_LOG2 = 7;

interface Variant {
  algorithm: string;
  /** Digits after the settings. */
  keyDigits: number;
  /** log2 of the most rounds. */
  maxCountLog2: number;
  /** The longest password that the original takes. */
  maxPasswordBytes: number;
}

/** WordPress makes 2^13 rounds, passlib 2^19, which take 0.8 s on one slow core. */
const MD5: Variant = { algorithm: 'phpass-md5', keyDigits: 22, maxCountLog2: 19, maxPasswordBytes: 4096 };
/** Drupal 7 makes 2^15 rounds, 8 to 10 made 2^16. 2^17 take 0.3 s. It takes no longer password: SA-CORE-2014-006. */
const SHA512: Variant = {
  algorithm: 'phpass-sha512',
  keyDigits: 43,
  maxCountLog2: 17,
  maxPasswordBytes: 512,
};

/** `$P$`, `$H$` or `$S$`, a digit for log2 of the rounds, 8 characters of salt, the key. */
const FORM = /^(U?)\$([PHS])\$([./0-9A-Za-z])([\x21-\x23\x25-\x7e]{8})([./0-9A-Za-z]+)$/;
/** The mark, the rounds and the salt. */
const SETTINGS_LENGTH = 12;

/**
 * h = H(salt ‖ password), then as many times h = H(h ‖ password) as the settings say, in crypt's base64; of SHA-512's
 * 86 digits Drupal keeps 43. Drupal writes `U` before a hash that it made of an old MD5, when it was updated.
 *
 * @see https://www.openwall.com/phpass/
 */
export const readPhpass: Reader = (stored) => {
  if (!/^U?\$[PHS]\$/.test(stored)) return null;
  const [, updated, mark, countDigit = '', salt, keyText] = FORM.exec(stored) ?? [];
  const variant = mark === 'S' ? SHA512 : MD5;
  const countLog2 = cryptDigit(countDigit);
  const settings = stored.slice(0, SETTINGS_LENGTH + (updated?.length ?? 0));
  if (salt === undefined || keyText?.length !== variant.keyDigits || countLog2 < MIN_COUNT_LOG2)
    return refuseDamaged('a phpass hash');
  if (countLog2 > variant.maxCountLog2)
    return refuseCost(`2^${countLog2} rounds of phpass`, `2^${variant.maxCountLog2}`);
  // WordPress trims a password before it hashes it, the others do not: the hash does not show which wrote it.
  const trims = mark !== 'S';
  return {
    ok: true,
    algorithm: variant.algorithm,
    spell: (password) =>
      trims ? new Set([...spellAsSent(password), trimAsPhp(password)]) : spellAsSent(password),
    keeps: (password) => trims && trimAsPhp(password) !== password,
    takes: (bytes) => bytes <= variant.maxPasswordBytes,
    async matches(password) {
      const { md5, sha512 } = await import('./lazy-phpass.ts');
      const digest = mark === 'S' ? sha512 : md5;
      const input = toBytes(updated === 'U' ? md5(toBytes(password)).toHex() : password);
      let hash = digest(concat(toBytes(salt), input));
      const message = concat(hash, input);
      for (let round = 0; round < 2 ** countLog2; round += 1) {
        message.set(hash);
        hash = digest(message);
      }
      const key = encodeCrypt64(hash).slice(0, variant.keyDigits);
      return equalTexts(settings + key, stored);
    },
  };
};

const concat = (left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
};
