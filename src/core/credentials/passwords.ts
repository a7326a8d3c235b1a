// Password hashes: chained PBKDF2-HMAC-SHA512, their text form, and when one is out of date or another maker's.

import type { HashCost } from '../model.ts';
import { equalBytes, type Random } from '../secrets.ts';
import { loadForeign } from './foreign/load.ts';

/** Most iterations that the production runtime takes in one call; workerd on one's own machine takes more. */
export const MAX_ITERATIONS_PER_CALL = 100_000;
/** More rounds than this would hold a request longer than the platform lets it run. */
const MAX_ROUNDS = 50;
const SALT_BYTES = 16;
const HASH_BYTES = 64;

interface ParsedHash extends HashCost {
  salt: Uint8Array<ArrayBuffer>;
  hash: Uint8Array<ArrayBuffer>;
}

const utf8 = new TextEncoder();
const encode = (bytes: Uint8Array): string => bytes.toBase64({ omitPadding: true });

const isCount = (value: number, max: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= max;

/**
 * Tells whether a cost can be run here: 1 to 100,000 iterations a round, 1 to 50 rounds.
 */
export const isRunnableCost = ({ iterations, rounds }: HashCost): boolean =>
  isCount(iterations, MAX_ITERATIONS_PER_CALL) && isCount(rounds, MAX_ROUNDS);

/**
 * Round k is PBKDF2-HMAC-SHA512 with the result of round k-1 as its password and the same salt; the first
 * takes the password's NFC form in UTF-8. One round is plain PBKDF2. Each further round needs the whole result
 * of the one before, so the cost to a guesser is `rounds × iterations` HMACs, while no call passes the cap.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8018#section-5.2 PBKDF2
 * @throws RangeError where the cost is out of bounds
 */
export const derive = async (
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  cost: HashCost,
): Promise<Uint8Array> => {
  if (!isRunnableCost(cost)) throw new RangeError('The cost of a password hash is out of bounds.');
  let material: Uint8Array = keyOf(password);
  for (let round = 0; round < cost.rounds; round += 1) {
    const key = await crypto.subtle.importKey('raw', material, 'PBKDF2', false, ['deriveBits']);
    const parameters = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: cost.iterations };
    material = new Uint8Array(await crypto.subtle.deriveBits(parameters, key, HASH_BYTES * 8));
  }
  return material;
};

/** A byte that no UTF-8 text holds. */
const END_MARK = 0xff;

/**
 * The password as key material. HMAC fills a short key up with zeros, so that `secret` and `secret\0` would be
 * one password: where a zero ends it, a mark is put behind.
 * @see https://www.rfc-editor.org/rfc/rfc2104#section-2
 */
const keyOf = (password: string): Uint8Array => {
  const bytes = utf8.encode(password.normalize('NFC'));
  return bytes.at(-1) === 0 ? Uint8Array.of(...bytes, END_MARK) : bytes;
};

const HASH_FORM =
  /^\$pbkdf2-sha512\$i=([1-9]\d{0,5}),r=([1-9]\d{0,1})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{86})$/;

/** Reads a stored hash; null where it is not one of ours or asks for more work than the bounds allow. */
export const parseHash = (text: string): ParsedHash | null => {
  const [, iterations, rounds, salt, hash] = HASH_FORM.exec(text) ?? [];
  if (iterations === undefined || rounds === undefined || salt === undefined || hash === undefined)
    return null;
  const cost = { iterations: Number(iterations), rounds: Number(rounds) };
  if (!isRunnableCost(cost)) return null;
  const [saltBytes, hashBytes] = [decode(salt), decode(hash)];
  return saltBytes && hashBytes && { ...cost, salt: saltBytes, hash: hashBytes };
};

/** Strict base64: null where the last character holds bits that no byte has. */
const decode = (text: string): Uint8Array<ArrayBuffer> | null => {
  try {
    const bytes = Uint8Array.fromBase64(text);
    return encode(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
};

/** Hashing at one cost. */
export interface Passwords {
  /** Makes a hash with a fresh salt, as `$pbkdf2-sha512$i=…,r=…$<salt>$<hash>`, base64 without padding. */
  hash(password: string): Promise<string>;
  /**
   * Tells whether the password is the one that was hashed, by Latchkey or by software whose users were imported.
   * False, at the usual cost, for a hash that cannot be read and for one that no password fits.
   *
   * Another maker's hash costs what its maker made it cost, more or less than the usual: until the account's next
   * login replaces it, the time of a refusal can tell such an account from one that does not exist. Evening that
   * out would make every refusal as slow as the dearest hash that may be imported, seconds of work for anybody's
   * guess.
   */
  verify(password: string, stored: string): Promise<boolean>;
  /** Costs what `verify` costs; for an account that does not exist, so that the time tells nothing. */
  verifyNothing(password: string): Promise<false>;
  /**
   * Whether a hash of this password, which was right, should replace the stored one: true if that was made at another
   * cost than the current one, or by other software. False if the other software's hash fits several passwords and a
   * new hash of this one could lock the owner out: `keeps` in foreign/reading.ts.
   */
  needsRehash(stored: string, password: string): Promise<boolean>;
}

/** @throws RangeError where the cost is out of bounds */
export const createPasswords = (cost: HashCost, random: Random): Passwords => {
  if (!isRunnableCost(cost)) throw new RangeError('The cost of a password hash is out of bounds.');
  const dummySalt = new Uint8Array(SALT_BYTES);

  const verifyNothing = async (password: string): Promise<false> => {
    await derive(password, dummySalt, cost);
    return false;
  };

  return {
    async hash(password) {
      const salt = random(SALT_BYTES);
      const hash = await derive(password, salt, cost);
      return `$pbkdf2-sha512$i=${cost.iterations},r=${cost.rounds}$${encode(salt)}$${encode(hash)}`;
    },
    async verify(password, stored) {
      const parsed = parseHash(stored);
      if (!parsed) {
        const { verifyForeignHash } = await loadForeign();
        return verifyForeignHash(password, stored, verifyNothing);
      }
      return equalBytes(await derive(password, parsed.salt, parsed), parsed.hash);
    },
    verifyNothing,
    async needsRehash(stored, password) {
      const parsed = parseHash(stored);
      if (!parsed) return !(await loadForeign()).keepsForeignHash(password, stored);
      return parsed.iterations !== cost.iterations || parsed.rounds !== cost.rounds;
    },
  };
};
