// Full case folding, which JavaScript does not have: derived from its case mappings, without a table.

/** Cherokee folds to uppercase: its lowercase letters came later, and foldings never change. */
const CHEROKEE = /[\u13a0-\u13f5\u13f8-\u13fd\uab70-\uabbf]/;

/** It folds to itself, although its uppercase equals that of `i`: only Turkic foldings equate them. */
const DOTLESS_I = '\u0131';

/**
 * A code point with a case folds to the lowercase of its uppercase; the lowercase first makes `ẞ` fold like `ß`. One
 * code point at a time: in a whole text, JavaScript lowers a word's last sigma to another letter.
 */
const foldCodePoint = (character: string): string => {
  if (character === DOTLESS_I) return character;
  if (CHEROKEE.test(character)) return character.toUpperCase();
  return character.toLowerCase().toUpperCase().toLowerCase();
};

/**
 * The full case folding of a text (statuses C and F of Unicode's data). A test compares every code point.
 * @see https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt
 */
export const foldCase = (text: string): string => Array.from(text, foldCodePoint).join('');
