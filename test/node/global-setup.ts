// Once per run: names the folder of what its test files share.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Empty until `makeOnce` is called. */
    runFolder: string;
  }
}

const create = (): string => mkdtempSync(join(tmpdir(), 'latchkey-run-'));

export default (project: TestProject): (() => void) => {
  const folders = [create()];
  const provide = () => project.provide('runFolder', folders.at(-1) ?? '');
  provide();
  // While files are watched, each run has its own.
  project.onTestsRerun(async () => {
    folders.push(create());
    provide();
  });
  return () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
};
