// The Worker as it is deployed, built once per test run.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { withLock } from '../../scripts/start/lock.ts';
import { PROJECT, wranglerCommand, wranglerEnvironment } from '../../scripts/wrangler.ts';

const build = async (folder: string): Promise<void> => {
  const child = spawn(
    process.execPath,
    wranglerCommand(['deploy', '--dry-run', '--outdir', folder, '--env=']),
    { cwd: PROJECT, env: wranglerEnvironment({ CI: 'true' }), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(said);
};

/** Builds the Worker, unless another test file of this run has. Returns the folder with its modules: `index.js` and others. */
export const buildWorker = async (): Promise<string> => {
  const folder = inject('buildFolder');
  const built = join(folder, 'built');
  const buildOnce = async () => {
    if (existsSync(built)) return;
    const unfinished = join(folder, 'unfinished');
    await build(unfinished);
    await rename(unfinished, built);
  };
  await withLock(join(folder, 'lock'), buildOnce, () => {});
  return built;
};
