// Puts the temporary files of a test run into memory: D1 flushes each commit to disk, a sixth of the run's time.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux keeps files in memory. Containers often get 64 MiB of it, which is too little. */
const MEMORY = '/dev/shm';

/** A run was seen to use 200 MiB. */
const NEEDED_BYTES = 2 ** 30;

const PREFIX = 'latchkey-tests-';

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Removes what runs left that were killed. It would stay in memory until the machine restarts. */
const removeStale = (): void => {
  for (const name of readdirSync(MEMORY)) {
    if (!name.startsWith(PREFIX) || isRunning(Number(name.slice(PREFIX.length)))) continue;
    rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
};

/** Containers may mount memory without the right to run what is in it. Some tests install programs there. */
const canRunPrograms = (folder: string): boolean => {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  return spawnSync(program).status === 0;
};

/**
 * Lets this process and those that it starts put their temporary files into memory, if there is enough of it. Elsewhere,
 * and if `TMPDIR` is set, they stay where they are.
 */
export const useMemoryForTemporaryFiles = (): void => {
  if (process.platform !== 'linux' || process.env.TMPDIR !== undefined) return;
  try {
    removeStale();
    const { bavail, bsize } = statfsSync(MEMORY);
    if (bavail * bsize < NEEDED_BYTES) return;
    const folder = join(MEMORY, PREFIX + process.pid);
    mkdirSync(folder);
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    // Apache runs as another user. What a test creates in it is for its owner alone, as in /tmp.
    chmodSync(folder, 0o755);
    if (canRunPrograms(folder)) process.env.TMPDIR = folder;
  } catch {
    // No such folder, or no right to write to it: the run is slower.
  }
};
