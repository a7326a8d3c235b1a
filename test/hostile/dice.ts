// Chance from a seed: the same seed throws the same dice, so that what a run found can be found again.

export interface Dice {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  /** True so often out of a hundred times. */
  percent(chance: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** Mulberry32: 32 bits of state, good enough to be unlike anything that a person would think of. */
export const createDice = (seed: number): Dice => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    percent: (chance) => below(100) < chance,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
  };
};
