// Builds the production bundles with wrangler, as for a deployment, and reads them as modules for workerd.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PROJECT, wranglerCommand, wranglerEnvironment } from '../scripts/wrangler.ts';

/** The modules of a Worker by name. The main module is `index.js`. */
export type Modules = ReadonlyMap<string, string>;

export const MAIN_MODULE = 'index.js';

/**
 * Bundles a Worker, minified as configured.
 * @param config the path of a wrangler.toml, relative to the project folder
 * @throws Error with the output of wrangler
 */
export const buildWorker = (config: string, flags: readonly string[] = []): Modules => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bundle-'));
  try {
    const command = ['deploy', '--dry-run', '--outdir', folder, '--config', config, ...flags];
    const { status, stdout, stderr } = spawnSync(process.execPath, wranglerCommand(command), {
      cwd: PROJECT,
      env: wranglerEnvironment({ CI: 'true' }),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`Wrangler could not build ${config}:\n${stdout}${stderr}`);
    const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
    return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Reads a Worker that consists of one module. */
export const readWorker = (path: string): Modules =>
  new Map([[MAIN_MODULE, readFileSync(join(import.meta.dirname, path), 'utf8')]]);

const GZIP_LEVEL = 9;
const gzipBytes = (text: string): number => gzipSync(text, { level: GZIP_LEVEL }).byteLength;

/** Sizes in bytes after gzip: of the main module, which is loaded at start, and of all modules. */
export const sizeOf = (modules: Modules): { main: number; all: number } => ({
  main: gzipBytes(modules.get(MAIN_MODULE) ?? ''),
  all: [...modules.values()].reduce((sum, text) => sum + gzipBytes(text), 0),
});
