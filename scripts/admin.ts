// `npm run admin -- <command> …`: what an operator does to accounts from the command line.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { emailKey } from '../src/core/identity.ts';
import { PROJECT, TARGET_OPTIONS, targetFlags, wranglerCommand, wranglerEnvironment } from './wrangler.ts';

const USAGE_STATUS = 2;

/** Runs SQL on the chosen database and returns each statement's rows. Throws what wrangler says when it fails. */
type Query = (statements: readonly string[]) => unknown[][];

type Command = {
  usage: string;
  does: string;
  /** How many operands it takes, flags not counted. */
  operands: number;
  /** Returns what it did, as a sentence. Throws an Error, to be shown, where it could not. */
  run: (operands: readonly string[], query: Query) => string;
};

const commands: Readonly<Record<string, Command>> = {
  grant: {
    usage: 'grant <email>',
    does: 'makes the account an admin',
    operands: 1,
    run: ([email = ''], query) => setAdmin(email, true, query),
  },
  revoke: {
    usage: 'revoke <email>',
    does: 'makes the admin an ordinary account again',
    operands: 1,
    run: ([email = ''], query) => setAdmin(email, false, query),
  },
};

/** A text as SQL. D1's command line binds no parameters (https://www.sqlite.org/lang_expr.html#literal_values_constants_). */
const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const fieldOf = (row: unknown, name: string): unknown =>
  typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined;

const setAdmin = (email: string, isAdmin: boolean, query: Query): string => {
  const [want, type] = isAdmin ? [1, 'admin_granted'] : [0, 'admin_revoked'];
  const nowMs = Date.now();
  const isAccount = `email_key = ${quote(emailKey(email.trim()))}`;
  const toChange = `${isAccount} AND is_admin <> ${want}`;
  const [found = []] = query([
    `SELECT email, is_admin FROM users WHERE ${isAccount}`,
    // The event goes first: after the update, no row is left to change.
    `INSERT INTO events (user_id, actor_id, type, dialect, address_prefix, user_agent, created_at)
       SELECT id, NULL, ${quote(type)}, 'cli', NULL, NULL, ${nowMs} FROM users WHERE ${toChange}`,
    `UPDATE users SET is_admin = ${want}, updated_at = ${nowMs} WHERE ${toChange}`,
  ]);
  const [account] = found;
  if (account === undefined) throw new Error(`There is no account with the email ${email.trim()}.`);
  const shown = fieldOf(account, 'email');
  const changed = fieldOf(account, 'is_admin') !== want;
  if (isAdmin) return `${shown} is ${changed ? 'now' : 'already'} an admin.`;
  return changed ? `${shown} is no longer an admin.` : `${shown} was no admin.`;
};

/** Reads the JSON that wrangler prints: a list with one `results` a statement, or an object with `error`. */
const readResults = (stdout: string): unknown[][] => {
  const parsed: unknown = JSON.parse(stdout);
  if (!Array.isArray(parsed)) {
    const text = String(fieldOf(fieldOf(parsed, 'error'), 'text') ?? stdout);
    throw new Error(
      text.startsWith('no such table')
        ? 'The database has no tables yet: `npm start` makes the local ones, `npm run deploy` the remote ones.'
        : text,
    );
  }
  return parsed.map((statement) => {
    const rows = fieldOf(statement, 'results');
    return Array.isArray(rows) ? rows : [];
  });
};

const queryWith =
  (flags: readonly string[]): Query =>
  (statements) => {
    const command = ['d1', 'execute', 'DB', ...flags, '--yes', '--json', '--command', statements.join(';\n')];
    const { stdout, stderr } = spawnSync(process.execPath, wranglerCommand(command), {
      cwd: PROJECT,
      env: wranglerEnvironment(),
      encoding: 'utf8',
      stdio: ['inherit', 'pipe', 'pipe'],
    });
    try {
      return readResults(stdout);
    } catch (error) {
      if (error instanceof SyntaxError) throw new Error(`${stdout}${stderr}`.trim());
      throw error;
    }
  };

const usage = (): string =>
  [
    'Usage: npm run admin -- <command> [--local | --remote] [--env <name>] [--persist-to <folder>] [--config <file>]',
    '',
    ...Object.values(commands).map((command) => `  ${command.usage.padEnd(16)} ${command.does}`),
    '',
    'The database is the local one unless --remote is given.',
  ].join('\n');

/** Reads the command line; null where it is not one. */
const readArguments = (args: string[]) => {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { ...TARGET_OPTIONS, local: { type: 'boolean' }, remote: { type: 'boolean' } },
    });
  } catch {
    return null;
  }
};

const main = (): number => {
  const read = readArguments(process.argv.slice(2));
  const [name = '', ...operands] = read?.positionals ?? [];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const bothPlaces = read?.values.local === true && read.values.remote === true;
  if (read === null || command === undefined || operands.length !== command.operands || bothPlaces) {
    console.error(usage());
    return USAGE_STATUS;
  }
  const place = read.values.remote === true ? '--remote' : '--local';
  try {
    console.log(command.run(operands, queryWith([place, ...targetFlags(read.values)])));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
};

process.exitCode = main();
