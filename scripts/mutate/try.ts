// A process that tries the faults that `mutate.ts` sends, in one copy of the project and with one Vitest instance.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest, type Vitest } from 'vitest/node';
import type { Mutant } from '../../test/mutation/mutant.ts';
import { messageOf, printError } from '../terminal.ts';
import type { Outcome } from './score.ts';

/** Long enough that a test which is slow under load does not count as noticed. */
const TEST_TIMEOUT_MS = 120_000;

const COPY = process.cwd();

/** Runs the tests: whether one failed, or that they could not run. */
const runTests = async (vitest: Vitest, tests: readonly string[]): Promise<Outcome> => {
  const files = tests.map((test) => join(COPY, 'test', `${test}.test.ts`));
  const found = await vitest.globTestSpecifications(files);
  if (found.length < files.length) return 'broken';
  // One file at a time: the first failure is enough.
  for (const specification of found) {
    // The results include those of earlier runs, and `bail` counts them.
    vitest.state.filesMap.clear();
    vitest.state.idMap.clear();
    const run = await vitest.runTestSpecifications([specification]);
    const testModules = run.testModules.filter(({ moduleId }) => moduleId === specification.moduleId);
    const failed = testModules.flatMap((module) => [...module.children.allTests('failed')]);
    if (failed.length > 0) return 'noticed';
    if (testModules.length === 0 || testModules.some((module) => !module.ok())) return 'broken';
  }
  return 'unnoticed';
};

/** Makes one fault, runs its tests and reverts it. */
const tryMutant = async (vitest: Vitest, { file, from, to, tests }: Mutant): Promise<Outcome> => {
  const path = join(COPY, file);
  const text = readFileSync(path, 'utf8');
  if (from !== '' && text.split(from).length !== 2) return 'lost';
  const write = (written: string): void => {
    writeFileSync(path, written);
    vitest.invalidateFile(path);
  };
  // A function, because `$&` has a special meaning in a replacement text.
  write(text.replace(from, () => to));
  try {
    return await runTests(vitest, tests);
  } finally {
    write(text);
  }
};

/** Prevents downloads and metrics. */
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';
process.env['WRANGLER_SEND_METRICS'] = 'false';

const vitest = await createVitest('test', {
  watch: false,
  bail: 1,
  reporters: [{}],
  testTimeout: TEST_TIMEOUT_MS,
});

process.on('message', (mutant: Mutant) => {
  tryMutant(vitest, mutant).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => {
      printError(messageOf(error));
      process.send?.('broken');
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
