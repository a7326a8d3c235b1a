// A folder for temporary files of an import. They contain password hashes, so only their owner can read them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ScratchFolder {
  path(name: string): string;
  remove(): void;
}

export const createScratchFolder = (purpose: string): ScratchFolder => {
  // mkdtemp creates it with mode 0700.
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${purpose}-`));
  return {
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
