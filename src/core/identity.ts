// How usernames, emails and names are compared. They are stored and shown as entered.

import { foldCase } from './case-folding.ts';
import { isMatchable, MAX_MATCHED_BYTES } from './formats.ts';

const ASCII = /^[\0-\x7f]*$/;

const fold = (text: string): string =>
  ASCII.test(text) ? text.toLowerCase() : foldCase(text.normalize('NFD')).normalize('NFC');

/** The cost of normalising grows with the square of the length. */
const bounded = (text: string): string => {
  if (!isMatchable(text)) throw new RangeError(`A name of over ${MAX_MATCHED_BYTES} bytes is not compared.`);
  return text;
};

/**
 * The form in which emails and names are compared and searched, the same for texts that differ in case or in the
 * encoding of accents. Full case folding, then NFC, because a folded text need not be in NFC. The decomposition before
 * it follows Unicode's canonical caseless matching.
 *
 * @throws RangeError past `MAX_MATCHED_BYTES`
 * @see https://www.unicode.org/versions/latest/core-spec/chapter-3/ D145
 */
export const comparisonKey = (text: string): string => fold(bounded(text));

/** The form in which emails are compared. Throws like `comparisonKey`. */
export const emailKey = comparisonKey;

/**
 * The form in which usernames are compared. Letters of another width or style match the plain letters. Throws like
 * `comparisonKey`.
 * @see https://www.unicode.org/reports/tr15/ NFKC
 */
export const usernameKey = (username: string): string => fold(bounded(username).normalize('NFKC'));

/** The key of names that are longer than any account's. No account has it, and such names are not normalised. */
const NOBODY = '';

/**
 * The name in a login: a username or an email. A username has no `@`, so one field can take both. Accounts are found by
 * the key; the text is what was typed.
 */
export type Identifier = { by: 'username' | 'email'; key: string; text: string };

/** Reads a field that takes a username or an email. */
export const readIdentifier = (text: string): Identifier =>
  text.includes('@')
    ? readEmailIdentifier(text)
    : { by: 'username', key: isMatchable(text) ? usernameKey(text) : NOBODY, text };

/** Reads a field that takes an email only. */
export const readEmailIdentifier = (text: string): Identifier => ({
  by: 'email',
  key: isMatchable(text) ? emailKey(text) : NOBODY,
  text,
});
