// What the test files of a run share: made by the first that needs it.
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { withLock } from '../../scripts/start/lock.ts';

/**
 * Makes a folder, unless another test file of this run has.
 * @param name of the folder; a file of that name is the same thing for all
 * @param make puts everything into a new folder
 * @returns the folder, which nobody writes to
 */
export const makeOnce = async (name: string, make: (folder: string) => Promise<void>): Promise<string> => {
  const folder = inject('runFolder');
  const made = join(folder, name);
  const unfinished = `${made}.unfinished`;
  const work = async () => {
    if (existsSync(made)) return;
    await rm(unfinished, { recursive: true, force: true });
    await make(unfinished);
    await rename(unfinished, made);
  };
  await withLock(`${made}.lock`, work, () => {});
  return made;
};
