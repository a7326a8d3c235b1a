// `npm run admin -- <command> …`: what an operator does to accounts from the command line.
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import type { Query } from './admin/account.ts';
import { type Command, commands } from './admin/commands.ts';
import { PLACE_OPTIONS, queryWithWrangler, targetFlags } from './wrangler.ts';

const REFUSED_STATUS = 1;
const USAGE_STATUS = 2;

const USAGE = [
  'Usage: npm run admin -- <command> [--json] [--yes] [--local | --remote] [--env <name>] [--persist-to <folder>] [--config <file>]',
  '',
  ...Object.values(commands).map((command) => `  ${command.usage.padEnd(24)} ${command.does}`),
  '',
  'An account is said by its email, its username or its id; id:, username: or email: before it says which.',
  'The database is the local one unless --remote is given. --yes asks nothing.',
].join('\n');

/** Reads the command line; null where it is not one. */
const readArguments = (args: string[]) => {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...PLACE_OPTIONS, json: { type: 'boolean' }, yes: { type: 'boolean', short: 'y' } },
    });
    const [name = '', ...operands] = positionals;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command?.operands !== operands.length || (values.local === true && values.remote === true))
      return null;
    return { command, operands, values };
  } catch {
    return null;
  }
};

/** Asks at a terminal; a script that runs a command has decided. */
const isSure = async ({ asks }: Command, operands: readonly string[], yes: boolean): Promise<boolean> => {
  if (asks === undefined || yes || !process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${operands.join(' ')}: ${asks} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
};

const main = async (): Promise<number> => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const read = readArguments(args);
  if (read === null) {
    console.error(USAGE);
    return USAGE_STATUS;
  }
  const { command, operands, values } = read;
  if (!(await isSure(command, operands, values.yes === true))) {
    console.error('Nothing was done.');
    return REFUSED_STATUS;
  }
  const place = values.remote === true ? '--remote' : '--local';
  const query: Query = (statements) => queryWithWrangler([place, ...targetFlags(values)], statements);
  try {
    const { text, json } = await command.run(operands, query, Date.now());
    console.log(values.json === true ? JSON.stringify(json, null, 2) : text);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return REFUSED_STATUS;
  }
};

process.exitCode = await main();
