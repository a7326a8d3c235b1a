// `npm run mutate`: mutation tests. Makes security-relevant faults in copies of the project and reports which of them
// the tests notice.
import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Mutant } from '../test/mutation/mutant.ts';
import { mutants } from '../test/mutation/mutants.ts';
import { createCommand, statusOf, withoutSeparator } from './command-line.ts';
import { runText } from './mutate/run-text.ts';
import { findNew, isOutcome, type Outcome, type Tried, toDocument, toScore } from './mutate/score.ts';
import { messageOf, print, printError } from './terminal.ts';

const DOCUMENT = 'docs/security/mutation.md';

/** The percentage of faults that the tests must notice. */
const MIN_SCORE = 97;

/** A timeout counts as noticed. The slowest tests take a fifth of this on a busy machine. */
const TIMEOUT_MS = 300_000;

/** Any prime that does not divide the number of faults. */
const STRIDE = 67;

const ROOT = resolve(import.meta.dirname, '..');

/** Copies the files that git tracks or does not ignore, with uncommitted changes. */
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

/** Tries faults in its own copy, one at a time. */
interface Trier {
  try: (mutant: Mutant) => Promise<Outcome>;
  end: () => void;
}

const createTrier = (copy: string): Trier => {
  let child: ChildProcess | null = null;

  const next = (of: ChildProcess): Promise<unknown> =>
    new Promise((resolveNext) => {
      const finish = (answer: unknown): void => {
        of.off('message', finish).off('exit', finish);
        resolveNext(answer);
      };
      of.on('message', finish).on('exit', finish);
    });

  const start = async (): Promise<ChildProcess> => {
    const started = fork(join(ROOT, 'scripts/mutate/try.ts'), {
      cwd: copy,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await next(started);
    return started;
  };

  return {
    async try(mutant) {
      child ??= await start();
      const answered = next(child);
      child.send(mutant);
      const timeout = new Promise<null>((resolveTimeout) => {
        setTimeout(() => resolveTimeout(null), TIMEOUT_MS).unref();
      });
      const outcome = await Promise.race([answered, timeout]);
      if (outcome === null || !child.connected) {
        child.kill('SIGKILL');
        child = null;
      }
      return outcome === null ? 'noticed' : isOutcome(outcome) ? outcome : 'broken';
    },
    end: () => child?.kill(),
  };
};

/** Runs of each test file without a fault. They must pass. */
const baselinesOf = (wanted: readonly Mutant[]): Mutant[] =>
  [...new Set(wanted.flatMap(({ tests }) => tests))].map((test) => ({
    what: `test/${test}.test.ts`,
    file: 'src/index.ts',
    from: '',
    to: '',
    tests: [test],
  }));

/** Tries all faults, each with the next free trier. */
const tryAll = async (triers: readonly Trier[], wanted: readonly Mutant[], say: (tried: Tried) => void) => {
  const tried = new Map<Mutant, Outcome>();
  // In strides, so that an interrupted run has tried faults of every area.
  const waiting = wanted.toSorted(
    (one, other) =>
      ((wanted.indexOf(one) * STRIDE) % wanted.length) - ((wanted.indexOf(other) * STRIDE) % wanted.length),
  );
  const work = async (trier: Trier): Promise<void> => {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const outcome = await trier.try(mutant);
      tried.set(mutant, outcome);
      say({ mutant, outcome });
    }
  };
  await Promise.all(triers.map(work));
  return wanted.map((mutant): Tried => ({ mutant, outcome: tried.get(mutant) ?? 'broken' }));
};

interface Options {
  only?: string[] | undefined;
  new?: true | undefined;
  jobs: string;
  write?: true | undefined;
  baseline: boolean;
}

const mutate = async ({ only, new: onlyNew, jobs, write, baseline }: Options): Promise<number> => {
  const document = readFileSync(join(ROOT, DOCUMENT), 'utf8');
  const candidates = onlyNew ? findNew(mutants, document) : mutants;
  const wanted = candidates.filter(
    ({ what, file }) => only === undefined || only.some((text) => `${file} ${what}`.includes(text)),
  );
  const copies = await Promise.all(
    Array.from({ length: Math.min(Number(jobs), wanted.length) }, () => copyProject()),
  );
  const triers = copies.map(createTrier);
  try {
    if (wanted.length === 0) throw new Error('No fault has this text.');
    if (baseline) {
      const without = await tryAll(triers, baselinesOf(wanted), () => undefined);
      const bad = without.filter(({ outcome }) => outcome !== 'unnoticed').map(({ mutant }) => mutant.what);
      if (bad.length > 0) throw new Error(`Without a fault these fail: ${bad.join(', ')}`);
    }
    const score = toScore(
      await tryAll(triers, wanted, ({ mutant, outcome }) =>
        print(`${outcome.padEnd(9)}  ${mutant.file}: ${mutant.what}`),
      ),
    );
    print(`\n${score.noticed} of ${score.all.length} faults were noticed.`);
    for (const { mutant, outcome } of score.others) print(`${outcome}: ${mutant.file}: ${mutant.what}`);
    if (write) writeFileSync(join(ROOT, DOCUMENT), toDocument(mutants, score, document));
    const isSound = score.others.every(({ outcome }) => outcome === 'unnoticed');
    return isSound && score.noticed * 100 >= MIN_SCORE * score.all.length ? 0 : 1;
  } finally {
    for (const trier of triers) trier.end();
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const command = createCommand('npm run mutate --', print)
    .description('Introduces faults into copies of the project, and reports which of them the tests notice.')
    .option('--only <text...>', 'only faults whose file or sentence has one of these texts')
    .option('--new', `only faults that ${DOCUMENT} has no result of`)
    .option('--jobs <number>', 'faults that are tried at once', String(availableParallelism()))
    .option('--no-baseline', 'do not run the tests without a fault first: right after a green `npm test`')
    .option('--write', `write the results into ${DOCUMENT}; those of other faults stay`);
  try {
    command.parse([...withoutSeparator(args)], { from: 'user' });
    return await mutate(command.opts());
  } catch (error) {
    const status = statusOf(error);
    if (status !== null) return status;
    printError(messageOf(error));
    return 1;
  }
};

process.exitCode = await main(process.argv.slice(2));
