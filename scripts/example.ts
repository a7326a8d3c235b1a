// `npm run example`: runs Latchkey together with examples/api, which identifies its callers through Latchkey.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { waitForListener } from './start/port.ts';
import { print } from './terminal.ts';
import { PROJECT, wranglerCommand, wranglerEnvironment } from './wrangler.ts';

const HOST = '127.0.0.1';
const LATCHKEY_PORT = 8787;
const API_PORT = 8788;

const children: ChildProcess[] = [];
let isOver = false;

const stop = (status: number): void => {
  if (isOver) return;
  isOver = true;
  process.exitCode = status;
  for (const child of children) child.kill('SIGTERM');
};

const run = (args: readonly string[]): void => {
  const child = spawn(process.execPath, args, { cwd: PROJECT, env: wranglerEnvironment(), stdio: 'inherit' });
  children.push(child);
  // Neither works without the other.
  child.on('exit', (code) => stop(code ?? 0));
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(0));

run([join(PROJECT, 'scripts/start.ts'), '--port', String(LATCHKEY_PORT)]);
await waitForListener(HOST, LATCHKEY_PORT, () => isOver);
if (!isOver) {
  // Two `wrangler dev` processes on one machine find each other by the names of their Workers.
  const config = join(PROJECT, 'examples/api/wrangler.toml');
  run(wranglerCommand(['dev', '--config', config, '--ip', HOST, '--port', String(API_PORT)]));
  await waitForListener(HOST, API_PORT, () => isOver);
  if (!isOver)
    print(
      `Sign in at http://${HOST}:${LATCHKEY_PORT}, then open http://${HOST}:${API_PORT}: it knows who you are.`,
    );
}
