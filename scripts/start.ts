// `npm start -- [wrangler flags]`: makes the secret, applies the migrations, serves on this machine.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { PROJECT, TARGET_OPTIONS, targetFlags, wranglerCommand, wranglerEnvironment } from './wrangler.ts';

const DEFAULT_IP = '127.0.0.1';
const DEFAULT_PORT = '8787';

/** As long as the output of the SHA-256 that it keys (https://www.rfc-editor.org/rfc/rfc2104#section-3). */
const SECRET_BYTES = 32;

/** Only its owner reads a file that holds a secret. */
const SECRET_FILE_MODE = 0o600;

// `node scripts/start.ts -- --port 1` is what people type who are used to npm's `--`.
const args = process.argv.slice(2);
const flags = args[0] === '--' ? args.slice(1) : args;

// Not strict: what is not named here is for wrangler to judge.
const { values } = parseArgs({
  args: flags,
  strict: false,
  options: {
    ...TARGET_OPTIONS,
    ip: { type: 'string' },
    port: { type: 'string' },
    'local-protocol': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

/** Adds a random TOKEN_SECRET to the file of local secrets, unless it has one. What is in it stays. */
const ensureSecret = (path: string): void => {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (parseEnv(before).TOKEN_SECRET) return;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  writeFileSync(path, `${before}${gap}TOKEN_SECRET=${secret}\n`, { mode: SECRET_FILE_MODE });
  // The mode above holds for a new file only.
  chmodSync(path, SECRET_FILE_MODE);
  console.log(`Put a random TOKEN_SECRET into ${path}`);
};

/** Wrangler reads `.dev.vars.<env>` instead of `.dev.vars` where it is there. */
const secretsFile = (): string => {
  const common = join(PROJECT, '.dev.vars');
  const own = `${common}.${values.env}`;
  return typeof values.env === 'string' && existsSync(own) ? own : common;
};

/** Brings the local database up to date. Says nothing unless that fails, and then everything. */
const migrate = (): number => {
  const command = ['d1', 'migrations', 'apply', 'DB', '--local', ...targetFlags(values)];
  const { status, stdout, stderr } = spawnSync(process.execPath, wranglerCommand(command), {
    cwd: PROJECT,
    // In a CI, wrangler asks no question.
    env: wranglerEnvironment({ CI: 'true' }),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) console.error(`${stdout}${stderr}\nThe migrations could not be applied.`);
  return status ?? 1;
};

/** Serves until it is stopped, and ends with wrangler's own status. */
const serve = (): void => {
  const ip = typeof values.ip === 'string' ? values.ip : DEFAULT_IP;
  const port = typeof values.port === 'string' ? values.port : DEFAULT_PORT;
  const scheme = values['local-protocol'] === 'https' ? 'https' : 'http';
  // A flag that is given twice becomes a list, which wrangler refuses: ours only where there is none.
  const ours = [
    ...(values.ip === undefined ? ['--ip', ip] : []),
    ...(values.port === undefined ? ['--port', port] : []),
  ];
  console.log(`Latchkey is starting at ${scheme}://${ip}:${port} (Ctrl-C stops it)`);
  const child = spawn(process.execPath, wranglerCommand(['dev', ...ours, ...flags]), {
    cwd: PROJECT,
    env: wranglerEnvironment(),
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Wrangler could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    // 128 + the signal's number is how shells write it.
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
};

const main = (): void => {
  if (values.help === true) {
    console.log('Usage: npm start -- [flags of `wrangler dev`, such as --port 8790]');
    return;
  }
  ensureSecret(secretsFile());
  const failed = migrate();
  if (failed === 0) serve();
  else process.exitCode = failed;
};

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
