// `npm run mutate`: makes security-relevant faults in copies of the project, and says which of them the tests notice.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Mutant } from '../test/mutation/mutant.ts';
import { mutants } from '../test/mutation/mutants.ts';
import { createCommand, statusOf, withoutSeparator } from './command-line.ts';
import { runText } from './mutate/run-text.ts';
import { isObject, type Outcome, toDocument, toScore } from './mutate/score.ts';

const DOCUMENT = 'docs/security/mutation.md';

/** Of 100 faults, at least so many must be noticed. */
const MIN_SCORE = 97;

/** A test that hangs has noticed the fault. The slowest of the named files takes a fifth of this on a busy machine. */
const TIMEOUT_MS = 300_000;

const ROOT = resolve(import.meta.dirname, '..');

/** A copy of what git knows, the changes that are not committed included. */
const copyProject = async (): Promise<string> => {
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-mutate-'));
  const listed = await runText('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], ROOT);
  const deleted = new Set((await runText('git', ['ls-files', '-z', '--deleted'], ROOT)).split('\0'));
  for (const file of listed.split('\0')) {
    if (file === '' || deleted.has(file)) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
};

/** What the tests of one run say: how many failed, or that they could not be run. */
const runTests = (copy: string, tests: readonly string[]): Promise<Outcome> =>
  new Promise((resolveRun) => {
    const report = join(copy, '.mutate-report.json');
    rmSync(report, { force: true });
    const child = spawn(
      process.execPath,
      [
        join(ROOT, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--bail=1',
        // A test that is slow because faults are tried beside it has noticed nothing.
        '--testTimeout=120000',
        '--reporter=json',
        `--outputFile=${report}`,
        ...tests.map((test) => `test/${test}.test.ts`),
      ],
      { cwd: copy, stdio: 'ignore', timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
    );
    child.on('close', (code, signal) => {
      if (signal !== null) return resolveRun('noticed');
      resolveRun(code === 0 ? 'unnoticed' : readReport(report));
    });
  });

/** Whether a test failed, or nothing could be run at all. */
const readReport = (report: string): Outcome => {
  try {
    const read: unknown = JSON.parse(readFileSync(report, 'utf8'));
    const failed = isObject(read) ? read['numFailedTests'] : 0;
    return typeof failed === 'number' && failed > 0 ? 'noticed' : 'broken';
  } catch {
    return 'broken';
  }
};

/** Makes one fault, runs its tests, and takes it back. */
const tryMutant = async (copy: string, { file, from, to, tests }: Mutant): Promise<Outcome> => {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) return 'lost';
  // A function, because `$&` in a text would mean something.
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    return await runTests(copy, tests);
  } finally {
    writeFileSync(path, text);
  }
};

interface Options {
  only?: string | undefined;
  jobs: string;
  write?: true | undefined;
  baseline: boolean;
}

const mutate = async ({ only, jobs, write, baseline }: Options): Promise<number> => {
  const wanted = mutants.filter(({ what, file }) => only === undefined || `${file} ${what}`.includes(only));
  const copies = await Promise.all(
    Array.from({ length: Math.min(Number(jobs), wanted.length) }, () => copyProject()),
  );
  try {
    const [first] = copies;
    if (first === undefined) throw new Error('No fault has this text.');
    const all = [...new Set(wanted.flatMap(({ tests }) => tests))];
    if (baseline) console.log(`Running ${all.length} test files without a fault.`);
    if (baseline && (await runTests(first, all)) !== 'unnoticed')
      throw new Error('The tests fail without a fault: run them first.');

    const outcomes = new Map<Mutant, Outcome>();
    const waiting = [...wanted];
    const work = async (copy: string): Promise<void> => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const outcome = await tryMutant(copy, mutant);
        outcomes.set(mutant, outcome);
        console.log(`${outcome.padEnd(9)}  ${mutant.file}: ${mutant.what}`);
      }
    };
    await Promise.all(copies.map(work));

    const score = toScore(wanted.map((mutant) => ({ mutant, outcome: outcomes.get(mutant) ?? 'lost' })));
    console.log(`\n${score.noticed} of ${score.tried} faults were noticed.`);
    for (const { mutant, outcome } of score.others) console.log(`${outcome}: ${mutant.file}: ${mutant.what}`);
    if (write && only === undefined) writeFileSync(join(ROOT, DOCUMENT), toDocument(score));
    const isSound = score.others.every(({ outcome }) => outcome === 'unnoticed');
    return isSound && score.noticed * 100 >= MIN_SCORE * score.tried ? 0 : 1;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const command = createCommand('npm run mutate --', console.log)
    .description('Makes faults in copies of the project, and says which of them the tests notice.')
    .option('--only <text>', 'only faults whose file or sentence has this text')
    .option('--jobs <number>', 'faults that are tried at once', String(availableParallelism()))
    .option('--no-baseline', 'do not run the tests without a fault first: right after a green `npm test`')
    .option('--write', `write ${DOCUMENT}`);
  try {
    command.parse([...withoutSeparator(args)], { from: 'user' });
    return await mutate(command.opts());
  } catch (error) {
    const status = statusOf(error);
    if (status !== null) return status;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
};

process.exitCode = await main(process.argv.slice(2));
