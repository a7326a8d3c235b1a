// Copies Swagger UI from its npm package to the assets, so that /docs loads it from its own origin.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PROJECT } from './wrangler.ts';

/** The files of the package that the page needs. Git ignores them. */
const FILES = ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css'];

const SOURCE = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const TARGET = join(PROJECT, 'src', 'assets', 'docs');

const isCopied = (name: string): boolean => {
  const target = join(TARGET, name);
  return existsSync(target) && readFileSync(target).equals(readFileSync(join(SOURCE, name)));
};

/** Files with the same content are not written again, because a running server would reload. */
export const copyReferenceAssets = (): void => {
  for (const name of FILES) if (!isCopied(name)) copyFileSync(join(SOURCE, name), join(TARGET, name));
};

if (import.meta.main) copyReferenceAssets();
