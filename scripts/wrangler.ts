// Runs wrangler from node_modules with the Node of the script.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ParseArgsOptionsConfig } from 'node:util';

/** The project folder, which contains wrangler.toml, migrations/ and .dev.vars. */
export const PROJECT = join(import.meta.dirname, '..');

const WRANGLER = join(PROJECT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

/** The flags that select the database. All wrangler commands that use it must get the same flags. */
export const TARGET_OPTIONS = {
  'persist-to': { type: 'string' },
  config: { type: 'string', short: 'c' },
  env: { type: 'string', short: 'e' },
} as const satisfies ParseArgsOptionsConfig;

/** The same, with the choice between the local and the deployed database. Local by default. */
export const PLACE_OPTIONS = {
  ...TARGET_OPTIONS,
  local: { type: 'boolean' },
  remote: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

type TargetValues = { [name in keyof typeof TARGET_OPTIONS]?: string | boolean | undefined };

/**
 * The environment of wrangler.toml; '' for the top-level one. It is passed to every command, because wrangler guesses
 * without the flag, and two commands could use different environments.
 */
export const environmentOf = ({ env }: { env?: string | boolean | undefined }): string =>
  typeof env === 'string' ? env : (process.env['CLOUDFLARE_ENV'] ?? '');

/** The flags of TARGET_OPTIONS that were given, to be passed to another command. */
export const targetFlags = (values: TargetValues): string[] => {
  const given = (['persist-to', 'config'] as const).flatMap((name) => {
    const value = values[name];
    return typeof value === 'string' ? [`--${name}`, value] : [];
  });
  return [...given, `--env=${environmentOf(values)}`];
};

/** The arguments for `spawn(process.execPath, …)` that run a wrangler command. */
export const wranglerCommand = (args: readonly string[]): string[] => {
  if (!existsSync(WRANGLER)) {
    throw new Error('Wrangler is not installed. Run `npm install` first.');
  }
  return [WRANGLER, ...args];
};

/** The environment variables for wrangler: those of the process, without telemetry, plus `extra`. */
export const wranglerEnvironment = (extra: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  WRANGLER_SEND_METRICS: 'false',
  ...extra,
});

/** Runs a wrangler command and returns all its output. */
export const runWrangler = (
  args: readonly string[],
): Promise<{ status: number; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, wranglerCommand(args), {
      cwd: PROJECT,
      // The results of commands are messages of this level.
      env: wranglerEnvironment({ WRANGLER_LOG: 'log' }),
      stdio: ['inherit', 'pipe', 'pipe'],
    });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        printed[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? 1, ...printed }));
  });

/** A result row, by column name. */
export type Row = Record<string, unknown>;

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The message for a database error, with a remedy if one is known. */
export const explainRefusal = (text: string): string =>
  /no such (table|column)/.test(text)
    ? 'The database does not have the tables of this version. `npm start` creates them locally, `npm run deploy` in the deployed database.'
    : text;

/** Reads the JSON output of wrangler: a list with one `results` per statement, or an object with `error`. */
const readResults = (stdout: string): Row[][] => {
  const parsed: unknown = JSON.parse(stdout);
  if (!Array.isArray(parsed)) {
    const error = isRow(parsed) && isRow(parsed['error']) ? parsed['error'] : {};
    const notes = Array.isArray(error['notes']) ? error['notes'].filter(isRow) : [];
    const texts = [error['text'] ?? stdout, ...notes.map((note) => note['text'])];
    throw new Error(explainRefusal(texts.join(' ')));
  }
  return parsed.map((statement) => {
    const rows: unknown = isRow(statement) ? statement['results'] : null;
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  });
};

/**
 * Runs statements on D1 in one transaction, with one wrangler command, and returns the rows of each.
 * @param flags select the database: `--local` or `--remote`, and those of `targetFlags`
 * @throws Error with the message of the database or of wrangler
 */
export const queryWithWrangler = async (
  flags: readonly string[],
  statements: readonly string[],
): Promise<Row[][]> => {
  const sql = statements.join(';\n');
  const command = ['d1', 'execute', 'DB', ...flags, '--yes', '--json', '--command', sql];
  const { stdout, stderr } = await runWrangler(command);
  try {
    return readResults(stdout);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(explainRefusal(`${stdout}${stderr}`.trim()));
    throw error;
  }
};
