// App passwords: for clients that can only send a password. Part of every login, so not loaded lazily.
import { type Random, sha256Hex } from '../secrets.ts';

/**
 * 24 characters of base32: 120 random bits. From 112 bits on, a plain hash is enough.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x15-V6-Authentication.md V6.5.2
 */
const CHARACTERS = 24;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const FORM = new RegExp(`^[${ALPHABET}]{${CHARACTERS}}$`);

/** A new app password, as it is shown once: in six groups of four. */
export const makeAppPassword = (random: Random): string =>
  Array.from(random(CHARACTERS), (byte) => ALPHABET[byte % ALPHABET.length])
    .join('')
    .replace(/.{4}(?=.)/g, '$& ');

/**
 * The stored form of an app password: the SHA-256 of its characters in lower case, without spaces and hyphens. Null if
 * the input cannot be an app password and is an ordinary one.
 */
export const hashAppPassword = async (typed: string): Promise<string | null> => {
  const characters = typed.replace(/[\s-]/g, '').toLowerCase();
  return FORM.test(characters) ? sha256Hex(characters) : null;
};
