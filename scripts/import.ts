// `npm run import -- <file> …`: imports the users of another service with their password hashes.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Counts, createCheckpoint, noCounts, OtherImport } from './import/checkpoint.ts';
import { createDetails, noDetails } from './import/details.ts';
import { openDryRun } from './import/dry-run.ts';
import { type FirebaseParameters, loadHashCheck, readFirebaseParameters } from './import/hashes.ts';
import { createIdList } from './import/ids.ts';
import { ConflictStop } from './import/merge.ts';
import { type Command, readCommand, USAGE, UsageError } from './import/options.ts';
import { createProgressBar, writeCount } from './import/progress.ts';
import { InputError, type OnProgress } from './import/records.ts';
import { writeReport } from './import/report.ts';
import { runImport } from './import/run.ts';
import { openSource } from './import/source.ts';
import { openTarget } from './import/target.ts';
import { messageOf, print, printError } from './terminal.ts';

const FAILED_STATUS = 1;
const USAGE_STATUS = 2;
/** Exit status: some records were refused or in conflict. */
const PARTLY_STATUS = 3;
/** Exit status: no record was imported. */
const NONE_STATUS = 4;
/** Exit status: 128 + SIGINT, as in shells. */
const STOPPED_STATUS = 130;

/** Ctrl-C ends the import after the current batch. A second Ctrl-C ends it at once. */
const watchForStop = () => {
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    printError('\nStopping after this batch …');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Wrangler's listeners would end the process in the middle of a batch.
    process.removeAllListeners(signal);
    process.once(signal, stop);
  }
  return () => isStopped;
};

/** @throws UsageError if the variable is not set */
const readPepper = (name: string | null): string | null => {
  if (name === null) return null;
  const pepper = process.env[name] ?? '';
  if (pepper === '') throw new UsageError(`--pepper-env ${name}: there is no such environment variable.`);
  return pepper;
};

/** @throws UsageError if the file does not exist or lacks one of the four parameters */
const readFirebase = (file: string | null): FirebaseParameters | null => {
  if (file === null) return null;
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const parameters = readFirebaseParameters(readFileSync(file, 'utf8'));
  if (!parameters)
    throw new UsageError(
      `${file} must have base64_signer_key, base64_salt_separator, rounds and mem_cost, as the Firebase console shows them.`,
    );
  return parameters;
};

const importFile = async (command: Command): Promise<number> => {
  const { file, dryRun, keepIds } = command;
  const { map, rules, merge, hashes, place, writeIds } = command;
  const same = { source: command.source, map: [...map], rules, merge, keepIds, hashes, writeIds, place };
  const checkpoint = dryRun ? null : createCheckpoint(file, same);
  if (command.restart) checkpoint?.remove();
  const before = checkpoint?.load() ?? null;
  const counts = before?.counts ?? noCounts();
  const nowMs = Date.now();

  const { weakHashes, plainText } = hashes;
  const checkHash = await loadHashCheck({ weakHashes, plainText, pepper: readPepper(hashes.pepperEnv) });
  const firebase = readFirebase(hashes.firebaseParams);
  const bar = createProgressBar(process.stderr, counts.read);
  const onProgress: OnProgress = (done, fraction, what) => bar.show(done, fraction, what);
  const source = await openSource(file, { ...command.source, map, onProgress }).finally(() => bar.end());
  try {
    const opened = await openTarget(place);
    const target = dryRun ? openDryRun(opened) : opened;
    const list = command.report ?? (dryRun ? null : `${file}.latchkey-report.txt`);
    const ids = writeIds === null || dryRun ? null : createIdList(writeIds, before?.idsBytes ?? 0);
    const details = createDetails(list, before?.report ?? noDetails());
    if (before)
      print(`Taking up the import that was interrupted: ${writeCount(counts.read)} records are done.`);
    try {
      const options = { rules, map, keepIds, merge, dryRun };
      const isStopped = watchForStop();
      const hashing = { checkHash, firebase };
      const run = { source, target, checkpoint, counts, details, ids, ...hashing, bar, options, isStopped };
      const { unknown, finished } = await runImport({
        ...run,
        nowMs,
        startedAtMs: before?.startedAtMs ?? nowMs,
      });
      bar.end();
      const where = place.remote === true ? 'the deployed database' : 'the database on this machine';
      const done = finished ? 'Imported' : 'Stopped in the middle of importing';
      const verb = dryRun ? 'Nothing was written. This would be the import of' : done;
      const title = `${verb} ${basename(file)} (${source.about}) into ${where}`;
      print(writeReport({ title, counts, details, unknown, remarks: source.remarks(), keepIds }));
      if (ids) print(`The old and new ids are in ${writeIds}`);
      if (!finished) {
        print(dryRun ? '' : 'Run the same command again to go on.');
        return STOPPED_STATUS;
      }
      checkpoint?.remove();
      return statusOf(counts);
    } finally {
      bar.end();
      details.close();
      ids?.close();
      await target.close();
    }
  } finally {
    source.close();
  }
};

/** Accounts that already exist or were deleted here count as success. */
const statusOf = ({ read, refused, conflicts }: Counts): number => {
  const left = refused + conflicts;
  if (left === 0) return 0;
  return left === read ? NONE_STATUS : PARTLY_STATUS;
};

const tell = (error: unknown, file: string): number => {
  const message = messageOf(error);
  if (error instanceof ConflictStop) {
    printError(`Stopped at a conflict. What came before it is imported.\n${message}`);
    return FAILED_STATUS;
  }
  if (error instanceof InputError) printError(`${file} cannot be read: ${message}`);
  else printError(message);
  return error instanceof InputError || error instanceof OtherImport ? USAGE_STATUS : FAILED_STATUS;
};

const main = async (): Promise<number> => {
  // npm runs scripts in the project folder, not in the folder where it was called.
  const folder = process.env['INIT_CWD'] ?? process.cwd();
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    print(USAGE);
    return 0;
  }
  try {
    const command = readCommand(args, folder);
    if (!existsSync(command.file) || !statSync(command.file).isFile())
      throw new UsageError(`There is no file ${command.file}.`);
    return await importFile(command).catch((error: unknown) => tell(error, command.file));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printError(`${error.message}\n\n${USAGE}`);
    return USAGE_STATUS;
  }
};

process.exitCode = await main();
