// `npm run export -- …`: all accounts as JSON lines, hashes included, in the form that the import takes.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createProgressBar, writeCount } from './import/progress.ts';
import { COUNT_ACCOUNTS, selectAccounts } from './import/sql.ts';
import { openTarget, type Target } from './import/target.ts';
import { PLACE_OPTIONS, type Row } from './wrangler.ts';

const FAILED_STATUS = 1;
const USAGE_STATUS = 2;

/** Accounts a question: the answer of the deployed database is one JSON text, held whole. */
const PAGE_ACCOUNTS = 2_000;

/** It holds password hashes: nobody else on this machine is to read it. */
const FILE_MODE = 0o600;

const USAGE = `Usage: npm run export -- [--out <file> | --out -] [--force] [--local | --remote] [--env <name>] …

Writes every account as a line of JSON, with its password hash: keep the file safe. \`npm run import\` takes it
back, with --keep-ids under the same ids. Sessions are not in it: everybody logs in again.

  --out <file>   where to; latchkey-users-<day>.jsonl where it is not said, the standard output for -
  --force        write over a file that is there
  --env <name> --config <file> --persist-to <folder>   as with wrangler`;

const TIMES = new Set(['created_at', 'updated_at', 'last_login_at', 'disabled_at']);
const LEFT_OUT = new Set(['username_key', 'email_key']);

/** A row as the import reads it: times as ISO 8601, truths as such, without what is computed from the rest. */
export const toLine = (row: Row): string => {
  const fields = Object.entries(row)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => {
      if (name === 'is_admin') return [name, value === 1];
      return [name, TIMES.has(name) && typeof value === 'number' ? new Date(value).toISOString() : value];
    });
  return `${JSON.stringify(Object.fromEntries(fields))}\n`;
};

/** Pages of accounts by their ids; costs the same on every page. */
export async function* readAccounts(target: Target): AsyncGenerator<Row[]> {
  let afterId = 0;
  for (;;) {
    const [page = []] = await target.query([selectAccounts(afterId, PAGE_ACCOUNTS)]);
    if (page.length > 0) yield page;
    if (page.length < PAGE_ACCOUNTS) return;
    afterId = Number(page.at(-1)?.['id']);
  }
}

interface Output {
  write(text: string): Promise<void> | void;
  /** Only now is there a file of that name. */
  finish(): void;
  abandon(): void;
}

/** Ends when the reader has taken it, so that a slow one is waited for. */
const writeToStandardOutput = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });

const openOutput = (path: string | null): Output => {
  if (path === null) return { write: writeToStandardOutput, finish: () => {}, abandon: () => {} };
  const partial = `${path}.part`;
  const file = openSync(partial, 'w', FILE_MODE);
  return {
    write: (text) => {
      writeSync(file, text);
    },
    finish() {
      fsyncSync(file);
      closeSync(file);
      renameSync(partial, path);
    },
    abandon() {
      closeSync(file);
      rmSync(partial, { force: true });
    },
  };
};

const exportAccounts = async (target: Target, path: string | null): Promise<number> => {
  const [[counted] = []] = await target.query([COUNT_ACCOUNTS]);
  const total = Number(counted?.['n'] ?? 0);
  const output = openOutput(path);
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

const readArguments = (args: string[]) => {
  const options = { ...PLACE_OPTIONS, out: { type: 'string' }, force: { type: 'boolean' } } as const;
  try {
    const { values } = parseArgs({ args, options });
    return values.local === true && values.remote === true ? null : values;
  } catch {
    return null;
  }
};

const main = async (): Promise<number> => {
  const args = process.argv.slice(2);
  const values = args.includes('--help') ? null : readArguments(args);
  if (values === null) {
    (args.includes('--help') ? console.log : console.error)(USAGE);
    return args.includes('--help') ? 0 : USAGE_STATUS;
  }
  // A reader that is gone (`| head`) is told by the write that fails.
  process.stdout.on('error', () => {});
  const name = values.out ?? `latchkey-users-${new Date().toISOString().slice(0, 10)}.jsonl`;
  const path = name === '-' ? null : resolve(process.env['INIT_CWD'] ?? process.cwd(), name);
  if (path !== null && values.force !== true && existsSync(path)) {
    console.error(`${path} is there already. Say --force to write over it, or another --out.`);
    return USAGE_STATUS;
  }
  try {
    const target = await openTarget(values);
    try {
      const written = await exportAccounts(target, path);
      console.error(`${writeCount(written)} accounts are in ${path ?? 'the standard output'}.`);
      return 0;
    } finally {
      await target.close();
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return FAILED_STATUS;
  }
};

process.exitCode = await main();
