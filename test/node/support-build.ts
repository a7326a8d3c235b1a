// The Worker as it is deployed, built once per test run.
import { spawn } from 'node:child_process';
import { PROJECT, wranglerCommand, wranglerEnvironment } from '../../scripts/wrangler.ts';
import { makeOnce } from './support-once.ts';

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

/** Builds the Worker, once per run. Returns the folder with its modules: `index.js` and others. */
export const buildWorker = (): Promise<string> => makeOnce('built', build);
