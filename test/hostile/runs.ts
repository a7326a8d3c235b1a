// How often a property is tried, and from which seed: the same in every run unless a binding says otherwise.
import { testEnv } from '../support/worker.ts';

/** A whole number that the test run was given as a binding; the default where there is none. */
export const readNumber = (name: string, byDefault: number): number => {
  const given: unknown = Reflect.get(testEnv, name);
  return typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : byDefault;
};

const SEED = readNumber('FUZZ_SEED', 20_180_910);

/** What fast-check is to be told: it prints seed and path of whatever it finds. */
export const runs = (numRuns: number) => ({ seed: SEED, numRuns });
