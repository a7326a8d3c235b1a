// The result of a run of mutants, and the document that shows it.
import type { Mutant } from '../../test/mutation/mutant.ts';

/**
 * `noticed`: a test failed. `unnoticed`: all passed. `broken`: no test could run, so that nothing is proven. `lost`: the
 * text of the fault is not in its file.
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
  /** Those that were not noticed. */
  others: Tried[];
  all: readonly Tried[];
}

export const toScore = (all: readonly Tried[]): Score => {
  const others = all.filter(({ outcome }) => outcome !== 'noticed');
  return { noticed: all.length - others.length, others, all };
};

export const toDocument = ({ noticed, all }: Score): string => {
  const files = [...new Set(all.map(({ mutant }) => mutant.file))];
  const rows = (file: string): string[] =>
    all
      .filter(({ mutant }) => mutant.file === file)
      .map(({ mutant, outcome }) => `| ${mutant.what} | ${outcome === 'noticed' ? 'yes' : '**no**'} |`);
  return [
    '# Mutation tests',
    '',
    '`npm run mutate` makes one security-relevant fault after the other in a copy of the project, and runs the tests that',
    'must notice it. The faults are in [test/mutation](../../test/mutation); a test of the suite checks that each of them',
    'can still be made. Add one with every security decision.',
    '',
    `At the last run the tests noticed **${noticed} of ${all.length}** faults. The command fails below 97 of 100.`,
    '`npm run mutate -- --only cookies` tries some; `--write` writes this page.',
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
