// The Worker as it is deployed, built once per test run.
import { spawn } from 'node:child_process';
import { cp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** A name that `rules` in wrangler.toml accept for a module. */
const MAIN = 'lazy-main.js';

/**
 * What wrangler's development build adds: it reads the rest of a body that the Worker refused. Without it, workerd may
 * close the connection before the client has read the response.
 */
const READS_BODIES = `import worker from './${MAIN}';
export * from './${MAIN}';
export default {
  ...worker,
  async fetch(request, env, context) {
    try {
      return await worker.fetch(request, env, context);
    } finally {
      if (request.body !== null && !request.bodyUsed) await request.body.pipeTo(new WritableStream()).catch(() => {});
    }
  },
};
`;

const prepareForHarness = async (folder: string): Promise<void> => {
  await cp(await buildWorker(), folder, { recursive: true });
  await rename(join(folder, 'index.js'), join(folder, MAIN));
  await writeFile(join(folder, 'index.js'), READS_BODIES);
};

/** The built Worker for wrangler's test harness, as its `prebuiltWorkerDir`. Once per run. */
export const buildForHarness = (): Promise<string> => makeOnce('harness', prepareForHarness);
