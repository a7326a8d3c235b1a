// `npm run deploy -- [--env <name>] …`: checks the settings, applies the migrations, then deploys the Worker.
import { spawn } from 'node:child_process';
import { readConfiguration } from './configuration.ts';
import { createDeployment } from './deploy/command.ts';
import { print, printError } from './terminal.ts';
import { PROJECT, runWrangler, wranglerCommand, wranglerEnvironment } from './wrangler.ts';

/** Runs a wrangler command in this terminal, so that it can ask questions and log in. */
const run = (args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, wranglerCommand(args), {
      cwd: PROJECT,
      env: wranglerEnvironment(),
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });

process.exitCode = await createDeployment({
  run,
  capture: runWrangler,
  readConfiguration,
  print,
  printError,
})(process.argv.slice(2));
