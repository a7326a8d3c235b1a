// Random choices for the fuzzer, drawn from fast-check, which replays and shrinks what a run found.
import fc, { type GeneratorValue } from 'fast-check';
import { runs } from './runs.ts';

export interface Dice {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  /** True with this chance out of a hundred. */
  percent(chance: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** fast-check shrinks towards 0, which is the first choice of `pick` and false of `percent`. */
export const createDice = (draw: GeneratorValue): Dice => {
  const below = (limit: number): number => draw(fc.nat, { max: limit - 1 });
  return {
    below,
    percent: (chance) => below(100) >= 100 - chance,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
  };
};

/**
 * Runs the work `numRuns` times with dice, and fails with the smallest draw for which the work fails.
 * Unbiased: the chances are those in the code.
 */
export const withDice = (numRuns: number, work: (dice: Dice) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.gen(), (draw) => work(createDice(draw))),
    { ...runs(numRuns), unbiased: true },
  );
