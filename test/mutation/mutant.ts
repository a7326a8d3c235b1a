// One deliberate fault in the source, and the tests that must fail with it.

export interface Mutant {
  /** The effect of the fault, as a sentence. */
  what: string;
  /** The source file, from the root of the project. */
  file: string;
  /** A text that occurs exactly once in the file. */
  from: string;
  /** The text that replaces it. The program must still run: a fault that does not load proves nothing. */
  to: string;
  /** Test files below `test/`, without `.test.ts`: the fewest and fastest that notice the fault. */
  tests: readonly string[];
}

type Fault = [what: string, from: string, to: string, tests?: readonly string[]];

/** Mutants of one file. A fault without its own tests uses those of the file. */
export const inFile = (file: string, tests: readonly string[], faults: readonly Fault[]): Mutant[] =>
  faults.map(([what, from, to, own]) => ({ what, file, from, to, tests: own ?? tests }));
