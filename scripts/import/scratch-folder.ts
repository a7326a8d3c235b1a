// A folder for files that no import leaves behind. They hold password hashes: nobody else on this machine reads them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ScratchFolder {
  path(name: string): string;
  remove(): void;
}

export const createScratchFolder = (purpose: string): ScratchFolder => {
  // mkdtemp makes it for its owner alone (0700).
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${purpose}-`));
  return {
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
