// The number of runs of a property, and the seed, which is the same in every run unless a binding sets another.
import { type Plugin, PreconditionFailure } from 'fast-check';
import { testEnv } from '../support/worker.ts';

/** A whole number from a binding of the test run; the default if there is none. */
export const readNumber = (name: string, byDefault: number): number => {
  const given: unknown = Reflect.get(testEnv, name);
  return typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : byDefault;
};

const SEED = readNumber('FUZZ_SEED', 20_180_910);

/** How long a counterexample is shrunk. With the tests' own time it stays below their limit, which would hide the seed. */
const SHRINKS_FOR_MS = 10_000;

/**
 * Ends the shrinking of a counterexample after a time; the smallest one so far is reported, with its seed and path.
 * fast-check's own limit counts from the start of the run, and would end long runs that find nothing.
 */
export const stopShrinkingAfter =
  (limitMs: number, now: () => number = Date.now): Plugin<unknown> =>
  () => {
    let failedAtMs: number | null = null;
    const note = <T>(result: T): T => {
      const isFailure = result !== null && !PreconditionFailure.isFailure(result);
      if (isFailure) failedAtMs ??= now();
      return result;
    };
    return {
      decorateRun: (run) => (value) => {
        if (failedAtMs !== null && now() - failedAtMs >= limitMs) return new PreconditionFailure(true);
        const result = run(value);
        return result instanceof Promise ? result.then(note) : note(result);
      },
    };
  };

/** The options of fast-check, which prints seed and path of whatever it finds. */
export const runs = (numRuns: number) => ({
  seed: SEED,
  numRuns,
  plugins: [stopShrinkingAfter(SHRINKS_FOR_MS)],
});
