// Recovery codes: for when all factors are lost. Each opens one login.
import { type Random, sha256Hex } from '../secrets.ts';

export const RECOVERY_CODES = 10;

/**
 * 112 bits: the least that needs no slow hash at rest.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x15-V6-Authentication.md V6.5.2
 */
const CODE_BYTES = 14;

/** Hex, in seven groups of four: no two characters look alike when written down. */
const inGroups = (digits: string): string => (digits.match(/.{4}/g) ?? []).join('-');

/** Ten new codes, as they are shown once. */
export const makeRecoveryCodes = (random: Random): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => inGroups(random(CODE_BYTES).toHex()));

/** The stored form of a code: the SHA-256 of its digits. Null if the input does not have the form of a code. */
export const hashRecoveryCode = async (typed: string): Promise<string | null> => {
  const digits = typed.replace(/[\s-]/g, '').toLowerCase();
  return /^[0-9a-f]{28}$/.test(digits) ? sha256Hex(digits) : null;
};
