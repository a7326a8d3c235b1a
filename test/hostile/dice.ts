// Chance for the fuzzer, drawn from fast-check: it replays what a run found, and shrinks it to what matters.
import fc, { type GeneratorValue } from 'fast-check';
import { runs } from './runs.ts';

export interface Dice {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  /** True so often out of a hundred times. */
  percent(chance: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** What fast-check shrinks, it shrinks to 0: the first of the choices, and the ordinary way. */
export const createDice = (draw: GeneratorValue): Dice => {
  const below = (limit: number): number => draw(fc.nat, { max: limit - 1 });
  return {
    below,
    percent: (chance) => below(100) >= 100 - chance,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
  };
};

/**
 * Does work with dice, so many times, and fails with the smallest throw for which the work fails.
 * Unbiased: the chances in the code are those that were meant.
 */
export const withDice = (numRuns: number, work: (dice: Dice) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.gen(), (draw) => work(createDice(draw))),
    { ...runs(numRuns), unbiased: true },
  );
