// Finds misspelt settings: one would silently keep its default, and could so fail open.

/** Insertions, deletions, substitutions and swaps of neighbours from one text to another (optimal string alignment). */
const distance = (from: string, to: string): number => {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const substituted = (row[column] ?? 0) + (character === other ? 0 : 1);
      const isSwap = index > 0 && column > 0 && from[index - 1] === other && to[column - 1] === character;
      const swapped = isSwap ? (before[column - 1] ?? 0) + 1 : substituted;
      next.push(Math.min(substituted, swapped, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
};

/** One slip in five characters: `ALLOW_ORIGINS` is near ALLOWED_ORIGINS, `MAIL_KEY` is near nothing of ours. */
const CHARACTERS_PER_SLIP = 5;

/** Upper case, without separators. */
const squeeze = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** The same, with the words in alphabetical order: people know the words of a name better than their order. */
const sortWords = (name: string): string =>
  name
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .sort()
    .join('');

/** The longest known name that a name holds whole, as `LATCHKEY_PUBLIC_URL` does; null if there is none. */
const findWhole = (name: string, known: readonly string[]): string | null => {
  const words = `_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_`;
  const held = known.filter((each) => words.includes(`_${each}_`));
  return held.sort((left, right) => right.length - left.length)[0] ?? null;
};

/** How many slips a known name allows. */
const slipsOf = (known: string): number => Math.floor(known.length / CHARACTERS_PER_SLIP);

/** The known name that a name probably means; null if none is near. */
export const findNearest = (name: string, known: readonly string[]): string | null => {
  const squeezed = squeeze(name);
  const ranked = known
    // Each character more or fewer is a slip, and counting them is cheaper than comparing the names.
    .filter((each) => Math.abs(squeezed.length - squeeze(each).length) <= slipsOf(each))
    .map((each) => ({
      each,
      slips: Math.min(distance(squeezed, squeeze(each)), distance(sortWords(name), sortWords(each))),
    }))
    .filter(({ each, slips }) => slips <= slipsOf(each))
    .sort((left, right) => left.slips - right.slips);
  return ranked[0]?.each ?? findWhole(name, known);
};

/** Whether a name begins with the first word of a known name of several words, such as `SESSION_`. */
export const hasKnownPrefix = (name: string, known: readonly string[]): boolean => {
  const upper = name.toUpperCase();
  return known.some((each) => each.includes('_') && upper.startsWith(each.slice(0, each.indexOf('_') + 1)));
};
