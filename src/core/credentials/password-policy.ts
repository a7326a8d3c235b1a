// Rules for new passwords beyond their length: not a common one, and not a name.
import { isMatchable } from '../formats.ts';
import { comparisonKey } from '../identity.ts';

/** Shorter names and words are too common as parts of passwords. */
const MIN_TELLING_CHARACTERS = 4;
/** A password that is a name with fewer characters more counts as the name. */
const MIN_OTHER_CHARACTERS = 4;

/** Signs and digits that people, and guessing programs, use for letters. */
const SWAPS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '!': 'i',
  '|': 'i',
  // `1` is used for both `i` and `l`.
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

/** Undoes letter swaps in the code points of a comparison key. */
const undoSwaps = (characters: readonly string[]): string[] => characters.map((one) => SWAPS[one] ?? one);

/**
 * A password in the form of the list of common passwords: without case and letter swaps.
 * @param password at most 1,024 bytes
 */
export const commonForm = (password: string): string => undoSwaps([...comparisonKey(password)]).join('');

/** Digits, signs and spaces that people add to a word when a rule requires them. */
const DECORATION = /[\p{N}\p{P}\p{S}\s]/u;
const LETTER = /\p{L}/u;

/** The longest common password. Longer texts are not looked up. */
const MAX_COMMON_CHARACTERS = 24;

/** A long number is not a common number with digits added: at most this many may follow, or as many again. */
const MAX_DIGITS_AFTER_DIGITS = 5;

/**
 * The lengths of a text without its trailing digits and signs, one fewer each time, from the whole down. Step by step,
 * because the last signs may be swapped letters, as in `hell0!`. Lengths that say nothing are left out.
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

/** Whether a text is a run in steps of one, up, down or none: `aaaa`, `abcd`, `4321`, `7890`. */
const isRun = (characters: readonly string[]): boolean => {
  const points = characters.map((one) => one.codePointAt(0) ?? 0);
  // 0 follows 9, as on a keyboard.
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
 * Finds why a new password is weak, apart from its length; null if it is not. There is no rule of composition.
 *
 * `common`: it is in the list, also with another case, with digits or signs added, or with the usual letter swaps; or it
 * repeats one character, or is a run such as `abcdefgh`.
 * `resembling`: it is one of the names with fewer than four characters more.
 *
 * @param password null is returned past `MAX_MATCHED_BYTES`: it is refused for its length
 * @param names of the account and of the service; longer ones than `MAX_MATCHED_BYTES` are no names
 * @param common the list of common passwords, each in its `commonForm`
 * @see https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
 */
export const findPasswordWeakness = (
  password: string,
  names: readonly (string | null | undefined)[],
  common: ReadonlySet<string>,
): PasswordWeakness | null => {
  if (!isMatchable(password)) return null;
  const characters = [...comparisonKey(password)];
  const undone = undoSwaps(characters);
  const rests = lengthsOfRest(characters).map((length) => characters.slice(0, length));
  const wordOf = (rest: readonly string[]): string => undone.slice(0, rest.length).join('');
  if (rests.some((rest) => common.has(wordOf(rest)) || isRun(rest))) return 'common';

  const parts = names
    .flatMap((name) => (name && isMatchable(name) ? [name, ...name.split('@')] : []))
    .map((part) => [...commonForm(part)])
    .filter((part) => part.length >= MIN_TELLING_CHARACTERS);
  const resembles = rests.some((rest) =>
    parts.some(
      (part) => rest.length - part.length < MIN_OTHER_CHARACTERS && wordOf(rest).includes(part.join('')),
    ),
  );
  return resembles ? 'resembling' : null;
};
