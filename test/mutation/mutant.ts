// One deliberate fault in the source, and the tests that must fail with it.

export interface Mutant {
  /** What goes wrong for people, as a sentence. */
  what: string;
  /** The source file, from the root of the project. */
  file: string;
  /** A text that the file holds exactly once. */
  from: string;
  /** What takes its place. The program must still run: a fault that does not load proves nothing. */
  to: string;
  /** Test files, below `test/` and without `.test.ts`; as few and as fast as prove it. */
  tests: readonly string[];
}

type Fault = [what: string, from: string, to: string, tests?: readonly string[]];

/** Mutants of one file. A fault without tests of its own takes those of the file. */
export const inFile = (file: string, tests: readonly string[], faults: readonly Fault[]): Mutant[] =>
  faults.map(([what, from, to, own]) => ({ what, file, from, to, tests: own ?? tests }));
