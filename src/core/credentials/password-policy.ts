// What a new password must not be, besides too short: what many people choose, or the name of its account.
import { comparisonKey } from '../identity.ts';

/** A name, or a word of the list, that is shorter says nothing about a password. */
const MIN_TELLING_CHARACTERS = 4;
/** A password that is a name and fewer characters more is the name. */
const MIN_OTHER_CHARACTERS = 4;

/** Letters and what people put for them, and guessing programs too. */
const SWAPS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '!': 'i',
  '|': 'i',
  // `1` stands for both.
  l: 'i',
  '3': 'e',
  '4': 'a',
  '@': 'a',
  '5': 's',
  $: 's',
  '7': 't',
  '+': 't',
  '8': 'b',
  '6': 'g',
  '9': 'g',
};

/** A text as code points in which case and letter swaps are undone, one for each code point of its comparison key. */
const undoSwaps = (characters: readonly string[]): string[] => characters.map((one) => SWAPS[one] ?? one);

/**
 * A password as the list of common passwords holds it: without case and letter swaps.
 * @param password at most 1,024 bytes
 */
export const commonForm = (password: string): string => undoSwaps([...comparisonKey(password)]).join('');

/** Digits, signs and spaces, which people put behind a word when they are told to. */
const DECORATION = /[\p{N}\p{P}\p{S}\s]/u;
const LETTER = /\p{L}/u;

/** No common password is longer; what is left of a longer one is not looked up. */
const MAX_COMMON_CHARACTERS = 24;

/** The first digits of a long number are no word with digits behind it: this many may follow, or as many again. */
const MAX_DIGITS_AFTER_DIGITS = 5;

/**
 * The lengths of a text without one more of its trailing digits and signs each time, from the whole down: those signs
 * may be letters that were swapped, as in `hell0!`. Lengths that tell nothing are left out.
 */
const lengthsOfRest = (characters: readonly string[]): number[] => {
  const all = characters.length;
  const hasLetter = characters.some((one) => LETTER.test(one));
  const lengths: number[] = [];
  for (let length = all; length >= MIN_TELLING_CHARACTERS; length -= 1) {
    const removed = all - length;
    const isTelling = hasLetter || removed <= Math.max(length, MAX_DIGITS_AFTER_DIGITS);
    if (removed < MIN_OTHER_CHARACTERS || (isTelling && length <= MAX_COMMON_CHARACTERS))
      lengths.push(length);
    if (!DECORATION.test(characters[length - 1] ?? '')) break;
  }
  return lengths;
};

/** Whether a text goes up, down or nowhere in equal steps of at most one: `aaaa`, `abcd`, `4321`, `7890`. */
const isRun = (characters: readonly string[]): boolean => {
  const points = characters.map((one) => one.codePointAt(0) ?? 0);
  // Behind 9 comes 0, as on a keyboard.
  const isDigits = characters.every((one) => /[0-9]/.test(one));
  const steps = points.slice(1).map((point, index) => {
    const step = point - (points[index] ?? 0);
    return isDigits && Math.abs(step) === 9 ? -Math.sign(step) : step;
  });
  const [first = 0] = steps;
  return Math.abs(first) <= 1 && steps.every((step) => step === first);
};

/** Why a new password is refused. */
export type PasswordWeakness = 'common' | 'resembling';

/**
 * What is wrong with a new password besides its length; null if nothing is. No rule of composition.
 *
 * `common`: many people have it, or it is one of their passwords with another case, with digits or signs behind it or
 * with the usual letter swaps; or it is one character over and over, or a run such as `abcdefgh`.
 * `resembling`: it is little more than one of the names.
 *
 * @param password at most 1,024 bytes
 * @param names of the account and of the service
 * @param common the list of common passwords, each in its `commonForm`
 * @see https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
 */
export const findPasswordWeakness = (
  password: string,
  names: readonly (string | null | undefined)[],
  common: ReadonlySet<string>,
): PasswordWeakness | null => {
  const characters = [...comparisonKey(password)];
  const undone = undoSwaps(characters);
  const rests = lengthsOfRest(characters).map((length) => characters.slice(0, length));
  const wordOf = (rest: readonly string[]): string => undone.slice(0, rest.length).join('');
  if (rests.some((rest) => common.has(wordOf(rest)) || isRun(rest))) return 'common';

  const parts = names
    .flatMap((name) => (name ? [name, ...name.split('@')] : []))
    .map((part) => [...commonForm(part)])
    .filter((part) => part.length >= MIN_TELLING_CHARACTERS);
  const resembles = rests.some((rest) =>
    parts.some(
      (part) => rest.length - part.length < MIN_OTHER_CHARACTERS && wordOf(rest).includes(part.join('')),
    ),
  );
  return resembles ? 'resembling' : null;
};
