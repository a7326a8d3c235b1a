// The number of runs of a property, and the seed, which is the same in every run unless a binding sets another.
import { testEnv } from '../support/worker.ts';

/** A whole number from a binding of the test run; the default if there is none. */
export const readNumber = (name: string, byDefault: number): number => {
  const given: unknown = Reflect.get(testEnv, name);
  return typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : byDefault;
};

const SEED = readNumber('FUZZ_SEED', 20_180_910);

/** The options for fast-check, which prints the seed and path of what it finds. */
export const runs = (numRuns: number) => ({ seed: SEED, numRuns });
