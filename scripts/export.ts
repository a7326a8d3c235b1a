// `npm run export -- …`: all accounts as JSON lines, hashes included, in the form that the import takes.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { createCommand, statusOf, USAGE_STATUS, withoutSeparator } from './command-line.ts';
import { readAccounts, toLine } from './export-lines.ts';
import { createProgressBar, writeCount } from './import/progress.ts';
import { COUNT_ACCOUNTS } from './import/sql.ts';
import { openTarget, type Target } from './import/target.ts';
import { messageOf, print, printError, writeData } from './terminal.ts';

const FAILED_STATUS = 1;

/** It holds password hashes: nobody else on this machine is to read it. */
const FILE_MODE = 0o600;

interface Output {
  write(text: string): Promise<void> | void;
  /** Only now is there a file of that name. */
  finish(): void;
  abandon(): void;
}

/** The command line asks for what must not be done. The message is for the operator. */
class Refused extends Error {
  override name = 'Refused';
}

const fileIsThere = (path: string): string =>
  `${path} is there already. Say --force to write over it, or another --out.`;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/**
 * Opens a file that is not there yet, for its owner alone: `wx` follows no link and takes over no file, and so no file
 * that others can read, whatever happened since somebody looked.
 */
const openNew = (path: string): number => {
  try {
    return openSync(path, 'wx', FILE_MODE);
  } catch (error) {
    if (hasCode(error, 'EEXIST'))
      throw new Refused(
        `${path} is there: an export that is running, or one that was killed. Remove it first.`,
      );
    throw error;
  }
};

/** Gives the finished file its name, which must still be free unless it may be written over. */
const publish = (partial: string, path: string, isForced: boolean): void => {
  // The export has taken a while: somebody else may have taken the name since it began.
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

const exportAccounts = async (target: Target, path: string | null, isForced: boolean): Promise<number> => {
  const [[counted] = []] = await target.query([COUNT_ACCOUNTS]);
  const total = Number(counted?.['n'] ?? 0);
  const output = openOutput(path, isForced);
  const bar = createProgressBar(process.stderr);
  let written = 0;
  try {
    for await (const page of readAccounts(target)) {
      await output.write(page.map(toLine).join(''));
      written += page.length;
      bar.show(written, total === 0 ? 1 : written / total);
    }
    output.finish();
    return written;
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
    .option('--out <file>', 'where to (default: latchkey-users-<day>.jsonl); - for the standard output')
    .option('--force', 'writes over a file that is there')
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
  // A reader that is gone (`| head`) is told by the write that fails.
  process.stdout.on('error', () => {});
  const name = flags.out ?? `latchkey-users-${new Date().toISOString().slice(0, 10)}.jsonl`;
  const path = name === '-' ? null : resolve(process.env['INIT_CWD'] ?? process.cwd(), name);
  if (path !== null && !flags.force && existsSync(path)) throw new Refused(fileIsThere(path));
  const target = await openTarget({ ...flags, 'persist-to': flags.persistTo });
  try {
    const written = await exportAccounts(target, path, flags.force === true);
    printError(`${writeCount(written)} accounts are in ${path ?? 'the standard output'}.`);
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
