// Makes and verifies password hashes at the deployment's cost, and decides when a stored one must be replaced.
import type { HashCost } from '../model.ts';
import { equalBytes, type Random } from '../secrets.ts';
import { loadForeign } from './foreign/load.ts';
import { derive, encode, isRunnableCost, parseHash } from './own-hash.ts';

const SALT_BYTES = 16;

/** Password hashing at one cost. */
export interface Passwords {
  /** Hashes with a new salt: `$pbkdf2-sha512$i=…,r=…$<salt>$<hash>`, base64 without padding. */
  hash(password: string): Promise<string>;
  /**
   * Whether a password matches a hash of Latchkey or an imported one. For a text that is no hash: false, at the usual
   * cost.
   *
   * An imported hash has the cost that its maker chose. Until the account's next login replaces it, the time of a
   * refusal can distinguish such an account from one that does not exist. Hiding that would make every refusal as slow
   * as the most expensive hash that can be imported, which takes seconds of CPU.
   *
   * @throws PepperMissing if the stored hash needs a pepper that the deployment does not have
   */
  verify(password: string, stored: string): Promise<boolean>;
  /** Costs the same as `verify`, for an account that does not exist, so that the time reveals nothing. */
  verifyNothing(password: string): Promise<false>;
  /**
   * Whether a new hash of this correct password should replace the stored hash: if the stored one has another cost or
   * was imported. False if the imported hash matches several passwords, because a hash of this one could lock the owner
   * out: `keeps` in foreign/reading.ts.
   */
  needsRehash(stored: string, password: string): Promise<boolean>;
}

/**
 * @param importPepper the pepper of the service that imported hashes come from; null if it had none
 * @throws RangeError if the cost is out of bounds
 */
export const createPasswords = (
  cost: HashCost,
  random: Random,
  importPepper: string | null = null,
): Passwords => {
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
        return verifyForeignHash(password, stored, { otherwise: verifyNothing, pepper: importPepper });
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
