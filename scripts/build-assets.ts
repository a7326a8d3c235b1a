// Puts Swagger UI beside the page at /docs, from the package that npm has installed: our own server serves it.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PROJECT } from './wrangler.ts';

/** What the page needs of the package; src/assets/docs has the rest. Git ignores these. */
const FILES = ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css'];

const SOURCE = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const TARGET = join(PROJECT, 'src', 'assets', 'docs');

const isCopied = (name: string): boolean => {
  const target = join(TARGET, name);
  return existsSync(target) && readFileSync(target).equals(readFileSync(join(SOURCE, name)));
};

/** A file that is there already is left alone: a server that runs would take it for a change. */
export const copyReferenceAssets = (): void => {
  for (const name of FILES) if (!isCopied(name)) copyFileSync(join(SOURCE, name), join(TARGET, name));
};

if (import.meta.main) copyReferenceAssets();
