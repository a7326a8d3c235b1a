// App passwords: for clients that can ask for nothing but a password. Part of every login, so not loaded lazily.
import { type Random, sha256Hex } from '../secrets.ts';

/** Twenty characters of base32: 100 random bits. No slow hash adds anything to that. */
const CHARACTERS = 20;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new app password, as it is shown once: in five groups of four. */
export const makeAppPassword = (random: Random): string =>
  Array.from(random(CHARACTERS), (byte) => ALPHABET[byte % ALPHABET.length])
    .join('')
    .replace(/.{4}(?=.)/g, '$& ');

/**
 * What is stored of an app password: the SHA-256 of its characters, without spaces and hyphens, in small letters. Null
 * if what was typed has not the form of one: it can only be an ordinary password.
 */
export const hashAppPassword = async (typed: string): Promise<string | null> => {
  const characters = typed.replace(/[\s-]/g, '').toLowerCase();
  return /^[a-z2-7]{20}$/.test(characters) ? sha256Hex(characters) : null;
};
