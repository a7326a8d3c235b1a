// `npm run export -- …`: exports all accounts with their hashes, for the import or for another service.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { createCommand, statusOf, USAGE_STATUS, withoutSeparator } from './command-line.ts';
import { EXPORT_FORMATS, type ExportFormat, isExportFormat } from './export/formats.ts';
import { readAccounts } from './export-lines.ts';
import { createProgressBar, writeCount } from './import/progress.ts';
import { COUNT_ACCOUNTS } from './import/sql.ts';
import { openTarget, type Target } from './import/target.ts';
import { messageOf, print, printError, writeData } from './terminal.ts';

const FAILED_STATUS = 1;

/** Readable by its owner only, because it contains password hashes. */
const FILE_MODE = 0o600;

interface Output {
  write(text: string): Promise<void> | void;
  /** Gives the file its final name. */
  finish(): void;
  abandon(): void;
}

/** The export is refused. The message is for the operator. */
class Refused extends Error {
  override name = 'Refused';
}

const fileIsThere = (path: string): string =>
  `${path} already exists. Use --force to overwrite it, or give another --out.`;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/**
 * Creates a file that only its owner can read. `wx` fails if the file exists and follows no link, so the export never
 * goes into an existing file that others can read.
 */
const openNew = (path: string): number => {
  try {
    return openSync(path, 'wx', FILE_MODE);
  } catch (error) {
    if (hasCode(error, 'EEXIST'))
      throw new Refused(
        `${path} already exists. Another export is running, or one was killed. If none is running, remove the file.`,
      );
    throw error;
  }
};

/** Renames the finished file. Fails if the name is taken, unless overwriting is allowed. */
const publish = (partial: string, path: string, isForced: boolean): void => {
  // Another process may have taken the name during the export.
  if (!isForced && existsSync(path)) throw new Refused(fileIsThere(path));
  renameSync(partial, path);
};

const openOutput = (path: string | null, isForced: boolean): Output => {
  if (path === null) return { write: writeData, finish: () => {}, abandon: () => {} };
  const partial = `${path}.part`;
  const file = openNew(partial);
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    write: (text) => {
      writeSync(file, text);
    },
    finish() {
      fsyncSync(file);
      close();
      publish(partial, path, isForced);
    },
    abandon() {
      close();
      rmSync(partial, { force: true });
    },
  };
};

interface Exported {
  written: number;
  leftOut: number;
  withoutPassword: number;
}

const exportAccounts = async (
  target: Target,
  format: ExportFormat,
  path: string | null,
  isForced: boolean,
): Promise<Exported> => {
  const [[counted] = []] = await target.query([COUNT_ACCOUNTS]);
  const total = Number(counted?.['n'] ?? 0);
  const output = openOutput(path, isForced);
  const bar = createProgressBar(process.stderr);
  const done: Exported = { written: 0, leftOut: 0, withoutPassword: 0 };
  try {
    await output.write(format.begin);
    for await (const page of readAccounts(target)) {
      const texts: string[] = [];
      for (const { text, losesPassword } of page.map(format.write)) {
        if (text !== null) texts.push(text);
        else done.leftOut += 1;
        if (losesPassword) done.withoutPassword += 1;
      }
      const isFirst = done.written === 0 || texts.length === 0;
      await output.write((isFirst ? '' : format.between) + texts.join(format.between));
      done.written += texts.length;
      const read = done.written + done.leftOut;
      bar.show(read, total === 0 ? 1 : read / total);
    }
    await output.write(format.end);
    output.finish();
    return done;
  } catch (error) {
    output.abandon();
    throw error;
  } finally {
    bar.end();
  }
};

const createParser = () =>
  createCommand('npm run export --', print)
    .description(
      'Writes every account as a line of JSON, with its password hash: keep the file safe. `npm run import` takes it back, with --keep-ids under the same ids. Sessions are not in it: everybody logs in again.',
    )
    .option(
      '--format <name>',
      `what it is written for: ${Object.keys(EXPORT_FORMATS).join(', ')} (default: jsonl). docs/migrating/leaving.md says how to take it in there`,
    )
    .option('--out <file>', 'where to (default: latchkey-users-<day>.jsonl); - for the standard output')
    .option('--force', 'overwrites an existing file')
    .option('--local', 'the database on this machine; the default')
    .option('--remote', 'the deployed database')
    .option('-e, --env <name>', 'the environment of wrangler.toml')
    .option('-c, --config <file>', 'another wrangler.toml')
    .option('--persist-to <folder>', 'where the database on this machine is')
    .allowExcessArguments(false);

const main = async (args: readonly string[]): Promise<number> => {
  const parser = createParser().parse([...withoutSeparator(args)], { from: 'user' });
  const flags = parser.opts();
  if (flags.local && flags.remote) parser.error('error: give --local or --remote, not both');
  // If the reader has closed the pipe (`| head`), a write fails.
  process.stdout.on('error', () => {});
  const formatName = flags.format ?? 'jsonl';
  if (!isExportFormat(formatName))
    throw new Refused(`--format is one of ${Object.keys(EXPORT_FORMATS).join(', ')}.`);
  const format = EXPORT_FORMATS[formatName];
  const name = flags.out ?? `latchkey-users-${new Date().toISOString().slice(0, 10)}.${format.extension}`;
  // Output to a terminal is escaped as in JSON. This would change the data in CSV and SQL.
  if (name === '-' && !format.extension.startsWith('json'))
    throw new Refused(`--format ${formatName} is written to a file: --out <file>.`);
  const path = name === '-' ? null : resolve(process.env['INIT_CWD'] ?? process.cwd(), name);
  if (path !== null && !flags.force && existsSync(path)) throw new Refused(fileIsThere(path));
  const target = await openTarget({ ...flags, 'persist-to': flags.persistTo });
  try {
    const done = await exportAccounts(target, format, path, flags.force === true);
    printError(`${writeCount(done.written)} accounts are in ${path ?? 'the standard output'}.`);
    if (done.leftOut > 0) printError(`${writeCount(done.leftOut)} are left out: ${format.leftOut}.`);
    if (done.withoutPassword > 0)
      printError(
        `${writeCount(done.withoutPassword)} come without a password, because ${formatName} does not verify their hashes: their owners set a new one.`,
      );
    return 0;
  } finally {
    await target.close();
  }
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const status = statusOf(error);
  if (status === null) printError(messageOf(error));
  process.exitCode = status ?? (error instanceof Refused ? USAGE_STATUS : FAILED_STATUS);
}
