// `npm start -- [wrangler flags]`: generates secrets, checks the settings, applies migrations and serves locally.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { withoutSeparator } from './command-line.ts';
import {
  type Configuration,
  judge,
  localSecretsPath,
  readConfiguration,
  readLocalSecrets,
} from './configuration.ts';
import { openTarget } from './import/target.ts';
import { withLock } from './start/lock.ts';
import { localMailVars } from './start/mail.ts';
import { applyMigrations } from './start/migrate.ts';
import { isInUse, waitForListener } from './start/port.ts';
import { addSecrets, makeMissingSecrets } from './start/secret.ts';
import { messageOf, print, printError } from './terminal.ts';
import { environmentOf, PROJECT, TARGET_OPTIONS, wranglerCommand, wranglerEnvironment } from './wrangler.ts';

const DEFAULT_IP = '127.0.0.1';
const DEFAULT_PORT = '8787';

const DEFAULT_ORIGIN = `http://${DEFAULT_IP}:${DEFAULT_PORT}`;

/** The loopback names that a link can have: src/settings/table.ts. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost']);

const REFUSED_STATUS = 1;

const LOCK = join(PROJECT, '.wrangler', 'start.lock');

// Parsed with `node:util` instead of commander, because unknown flags are passed to wrangler.
const flags = withoutSeparator(process.argv.slice(2));
const { values } = parseArgs({
  args: [...flags],
  strict: false,
  options: {
    ...TARGET_OPTIONS,
    ip: { type: 'string' },
    port: { type: 'string' },
    var: { type: 'string', multiple: true },
    'local-protocol': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The variables from `--var NAME:value`, which override those of wrangler.toml. */
const readVars = (): Record<string, string> => {
  const pairs = Array.isArray(values.var) ? values.var.filter((pair) => typeof pair === 'string') : [];
  return Object.fromEntries(
    pairs.map((pair) => [pair.split(':', 1)[0] ?? '', pair.slice(pair.indexOf(':') + 1)]),
  );
};

/** The address of the service; null if only wrangler knows the port. */
const findOrigin = (): string | null => {
  const { ip, port } = address();
  const scheme = values['local-protocol'] === 'https' ? 'https' : 'http';
  return isFixed(port) ? `${scheme}://${LOOPBACK.has(ip) ? ip : 'localhost'}:${port}` : null;
};

/** Variables for local development, in addition to those of wrangler.toml. */
let localVars: Record<string, string> = {};

/** Generates the secrets and checks the settings. Returns the problems. */
const prepareSettings = async (configuration: Configuration): Promise<string[]> => {
  const path = localSecretsPath(configuration);
  const known = readLocalSecrets(path);
  const made = await makeMissingSecrets(known, Date.now());
  const own = { ...known, ...made, ...readVars() };
  localVars = localMailVars(configuration.vars, own, findOrigin());
  const { problems, warnings } = judge(configuration, { ...localVars, ...own });
  for (const warning of warnings) printError(`Warning: ${warning}`);
  if (problems.length === 0) {
    const names = Object.keys(made);
    if (names.length > 0) {
      addSecrets(path, made);
      print(`Put new values of ${names.join(' and ')} into ${path}`);
    }
    return [];
  }
  return [`Check ${basename(configuration.path)} and ${path}:`, ...problems.map((problem) => `- ${problem}`)];
};

/** Applies the migrations to the local database that wrangler serves with these flags. */
const migrate = async ({ migrations }: Configuration): Promise<void> => {
  const target = await openTarget({
    'persist-to': textOf(values['persist-to']),
    config: textOf(values.config),
    env: environmentOf(values),
  });
  try {
    await applyMigrations(target, migrations);
  } finally {
    await target.close();
  }
};

const address = () => ({
  ip: textOf(values.ip) ?? DEFAULT_IP,
  port: textOf(values.port) ?? DEFAULT_PORT,
});

/** Serves until it is stopped, then exits with wrangler's status. Resolves when it listens or has ended. */
const serve = async (): Promise<void> => {
  const { ip, port } = address();
  const scheme = values['local-protocol'] === 'https' ? 'https' : 'http';
  const origin = findOrigin();
  // Wrangler refuses a flag that is given twice, so the default is added only if the flag is missing.
  const ours = [
    ...(values.ip === undefined ? ['--ip', ip] : []),
    ...(values.port === undefined ? ['--port', port] : []),
    ...(values.env === undefined ? [`--env=${environmentOf(values)}`] : []),
    ...Object.entries(localVars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ];
  print(`Latchkey is starting at ${scheme}://${ip}:${port} (Ctrl-C stops it)`);
  if (origin !== null && localVars['PUBLIC_URL'] === origin)
    print(
      `Mails stay on this machine: npm run mail${origin === DEFAULT_ORIGIN ? '' : ` -- --url ${origin}`}`,
    );
  const child = spawn(process.execPath, wranglerCommand(['dev', ...ours, ...flags]), {
    cwd: PROJECT,
    env: wranglerEnvironment(),
    stdio: 'inherit',
  });
  let isOver = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    isOver = true;
    printError(`Wrangler could not be started: ${error.message}`);
    process.exitCode = REFUSED_STATUS;
  });
  child.on('exit', (code, signal) => {
    isOver = true;
    // 128 + the number of the signal, as in shells.
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
  if (isFixed(port)) await waitForListener(ip, Number(port), () => isOver);
};

/** Whether a text is a port; 0 means any. */
const isFixed = (port: string): boolean => /^[1-9]\d{0,4}$/.test(port);

/** Prints why it cannot start, and returns false. */
const refuse = (lines: readonly string[]): false => {
  printError(lines.join('\n'));
  process.exitCode = REFUSED_STATUS;
  return false;
};

const isPortFree = async (): Promise<boolean> => {
  const { ip, port } = address();
  if (!isFixed(port) || !(await isInUse(ip, Number(port)))) return true;
  return refuse([
    `Port ${port} of ${ip} is in use, perhaps by another \`npm start\`. Stop that, or choose another port: npm start -- --port ${Number(port) + 1}`,
  ]);
};

const prepare = async (): Promise<boolean> => {
  const configuration = await readConfiguration(textOf(values.config), environmentOf(values));
  const problems = await prepareSettings(configuration);
  if (problems.length > 0) return refuse(problems);
  await migrate(configuration);
  return true;
};

const main = async (): Promise<void> => {
  if (values.help === true) {
    print('Usage: npm start -- [flags of `wrangler dev`, such as --port 8790]');
    return;
  }
  // Checked before the wait, to fail at once, and after it, because the other process may have taken the port.
  if (!(await isPortFree())) return;
  const start = async () => {
    if ((await isPortFree()) && (await prepare())) await serve();
  };
  await withLock(LOCK, start, () => printError('Waiting for another `npm start` to get ready …'));
};

try {
  await main();
} catch (error) {
  refuse([messageOf(error)]);
}
