// A configuration of its own for a command that a test runs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../scripts/wrangler.ts';
import { tempFile } from './import-support.ts';

/** A folder with the configuration of the project and its own secrets. */
export const configure = (devVars: string | null, vars = ''): { config: string; secrets: string } => {
  const toml = readFileSync(join(PROJECT, 'wrangler.toml'), 'utf8')
    .replace('main = "', `main = "${PROJECT}/`)
    .replace('base_dir = "', `base_dir = "${PROJECT}/`)
    .replaceAll('migrations_dir = "', `migrations_dir = "${PROJECT}/`)
    .replace('directory = "', `directory = "${PROJECT}/`)
    .replace('command = "', `cwd = "${PROJECT}"\ncommand = "`)
    .replace('\n[vars]\n', `\n[vars]\n${vars}\n`);
  const config = tempFile('wrangler.toml', toml);
  const secrets = join(config, '../.dev.vars');
  if (devVars !== null) writeFileSync(secrets, devVars);
  return { config, secrets };
};
