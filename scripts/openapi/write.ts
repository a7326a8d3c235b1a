// `npm run openapi`: generates src/assets/openapi.json.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { print } from '../terminal.ts';
import { DOCUMENT_PATH, makeDocument } from './document.ts';

/** Formatted like `npm run format`, so that `npm run lint` passes. */
const format = (json: string): string => {
  const biome = join(import.meta.dirname, '../../node_modules/@biomejs/biome/bin/biome');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'format', '--stdin-file-path', DOCUMENT_PATH],
    { input: json, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
};

const document = await makeDocument();
writeFileSync(DOCUMENT_PATH, format(JSON.stringify(document, null, 2)));
print(`Wrote ${DOCUMENT_PATH}`);
