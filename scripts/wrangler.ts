// Wrangler as the other scripts run it: found in node_modules, started with the Node that runs the script.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ParseArgsOptionsConfig } from 'node:util';

/** The project's folder: wrangler.toml, migrations/ and .dev.vars are here. */
export const PROJECT = join(import.meta.dirname, '..');

const WRANGLER = join(PROJECT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

/** The flags that say which database is meant. Every wrangler command that touches it must get the same ones. */
export const TARGET_OPTIONS = {
  'persist-to': { type: 'string' },
  config: { type: 'string', short: 'c' },
  env: { type: 'string', short: 'e' },
} as const satisfies ParseArgsOptionsConfig;

type TargetValues = { [name in keyof typeof TARGET_OPTIONS]?: string | boolean | undefined };

/** Writes the flags of TARGET_OPTIONS that were given, as parseArgs read them, for another command. */
export const targetFlags = (values: TargetValues): string[] =>
  Object.keys(TARGET_OPTIONS).flatMap((name) => {
    const value: unknown = Reflect.get(values, name);
    return typeof value === 'string' ? [`--${name}`, value] : [];
  });

/** The arguments for `spawn(process.execPath, …)` that run a wrangler command. */
export const wranglerCommand = (args: readonly string[]): string[] => {
  if (!existsSync(WRANGLER)) {
    throw new Error('Wrangler is not installed. Run `npm install` first.');
  }
  return [WRANGLER, ...args];
};

/** The environment of a wrangler that reports nothing to anyone, with what the caller adds. */
export const wranglerEnvironment = (extra: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  WRANGLER_SEND_METRICS: 'false',
  ...extra,
});
