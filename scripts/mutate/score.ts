// The result of the mutation tests, and the document that shows it.
import type { Mutant } from '../../test/mutation/mutant.ts';

/**
 * `noticed`: a test failed. `unnoticed`: all tests passed. `broken`: no test could run. `lost`: the file does not
 * contain the text of the fault.
 */
export type Outcome = 'noticed' | 'unnoticed' | 'broken' | 'lost';

export interface Tried {
  mutant: Mutant;
  outcome: Outcome;
}

const OUTCOMES: readonly unknown[] = ['noticed', 'unnoticed', 'broken', 'lost'] satisfies Outcome[];

export const isOutcome = (value: unknown): value is Outcome => OUTCOMES.includes(value);

export interface Score {
  noticed: number;
  /** Faults that were not noticed. */
  others: Tried[];
  all: readonly Tried[];
}

export const toScore = (all: readonly Tried[]): Score => {
  const others = all.filter(({ outcome }) => outcome !== 'noticed');
  return { noticed: all.length - others.length, others, all };
};

const NOTICED = 'yes';
const UNNOTICED = '**no**';
const UNTRIED = '**not tried**';

const keyOf = ({ file, what }: Pick<Mutant, 'file' | 'what'>): string => `${file} ${what}`;

/** What the document says of each fault. The keys are those of `keyOf`. */
const readDocument = (text: string): Map<string, string> => {
  const said = new Map<string, string>();
  let file = '';
  for (const line of text.split('\n')) {
    file = /^## \[([^\]]+)\]/.exec(line)?.[1] ?? file;
    const [, what, noticed] = /^\| (.+) \| ([^|]+) \|$/.exec(line) ?? [];
    if (what !== undefined && noticed !== undefined) said.set(keyOf({ file, what }), noticed);
  }
  return said;
};

/** The faults that the document has no result of. */
export const findNew = (mutants: readonly Mutant[], document: string): Mutant[] => {
  const said = readDocument(document);
  return mutants.filter((mutant) => (said.get(keyOf(mutant)) ?? UNTRIED) === UNTRIED);
};

/**
 * The document with all faults that there are. Of those that were not tried now it keeps the result that it has.
 * @param before the document as it is
 */
export const toDocument = (mutants: readonly Mutant[], { all }: Score, before: string): string => {
  const said = readDocument(before);
  for (const { mutant, outcome } of all) said.set(keyOf(mutant), outcome === 'noticed' ? NOTICED : UNNOTICED);
  const resultOf = (mutant: Mutant): string => said.get(keyOf(mutant)) ?? UNTRIED;
  const files = [...new Set(mutants.map(({ file }) => file))];
  const rows = (file: string): string[] =>
    mutants
      .filter((mutant) => mutant.file === file)
      .map((mutant) => `| ${mutant.what} | ${resultOf(mutant)} |`);
  const noticed = mutants.filter((mutant) => resultOf(mutant) === NOTICED).length;
  return [
    '# Mutation tests',
    '',
    '`npm run mutate` introduces security-relevant faults into a copy of the project, one after the other, and runs the tests',
    'that must notice them. The faults are in [test/mutation](../../test/mutation). A test checks that each of them can still',
    'be made. Add a fault with every security decision.',
    '',
    `The tests noticed **${noticed} of ${mutants.length}** faults. The command fails below 97 of 100.`,
    '`npm run mutate -- --only cookies` tries some, `--new` those that this page does not have yet. `--write` updates this page.',
    ...files.flatMap((file) => [
      '',
      `## [${file}](../../${file})`,
      '',
      '| Fault | Noticed |',
      '|---|---|',
      ...rows(file),
    ]),
    '',
  ].join('\n');
};
