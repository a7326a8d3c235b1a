// Once per run: names the folder in which the first test that needs the Worker builds it, for all of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Empty until `buildWorker` is called. */
    buildFolder: string;
  }
}

const create = (): string => mkdtempSync(join(tmpdir(), 'latchkey-run-'));

export default (project: TestProject): (() => void) => {
  const folders = [create()];
  const provide = () => project.provide('buildFolder', folders.at(-1) ?? '');
  provide();
  // While files are watched, each run has its own build.
  project.onTestsRerun(async () => {
    folders.push(create());
    provide();
  });
  return () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
};
