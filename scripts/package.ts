// Builds the npm package into dist/package: `verify`, and the types of the dialect `id` and of the RPC methods.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from './wrangler.ts';

/** The folder that `exports` and `files` of package.json name. */
const FOLDER = join(PROJECT, 'dist/package');

/** @throws Error with the output of the compiler */
const compile = (config: string, folder: string, flags: readonly string[]): void => {
  const args = ['-p', config, '--outDir', folder, '--rootDir', '.', '--noEmit', 'false', '--declaration'];
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(PROJECT, 'node_modules/typescript/bin/tsc'), ...args, ...flags],
    { cwd: PROJECT, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`TypeScript could not build ${config}:\n${stdout}`);
};

/** The members of a union of string literals, such as `'a' | 'b'`, from the declarations of src. */
const readChoice = (name: string, declarations: readonly string[]): string => {
  const form = new RegExp(`^export type ${name} = ((?:'[^']+'(?: \\| )?)+);$`, 'm');
  const [choice, ...others] = declarations.flatMap((text) => form.exec(text)?.[1] ?? []);
  if (choice === undefined || others.length > 0)
    throw new Error(`${name} is not one choice of texts: write it out in package/client.ts.`);
  return choice;
};

/**
 * The declaration of the routes of `id` without references to src. References to hono stay.
 * @param emitted the compiler output for package/client.ts
 * @param declarations the compiler output for src
 */
export const writeClientTypes = (emitted: string, declarations: readonly string[]): string => {
  const schema = /^export declare const schema: (\{\n[\s\S]*?\n\});$/m.exec(emitted)?.[1];
  if (schema === undefined) throw new Error('The compiler did not write out the routes of `id`.');
  const named = schema.replaceAll(/import\("\.[^"]*"\)\.(\w+)(\[\])?/g, (_, name: string, list = '') =>
    list === '' ? readChoice(name, declarations) : `(${readChoice(name, declarations)})${list}`,
  );
  return `import type { Hono } from 'hono';
import type { BlankEnv } from 'hono/types';

/** The routes of Latchkey's dialect \`id\`, for Hono's typed client: \`hc<IdRoutes>('https://accounts.example.com/id')\`. */
export type IdRoutes = Hono<BlankEnv, IdSchema, '/'>;

export type IdSchema = ${named};
`;
};

/** For entries that have only types: the module itself is empty. */
const NO_VALUES = 'export {};\n';

const build = (): void => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
  try {
    compile('package', folder, ['--allowImportingTsExtensions', 'false']);
    compile('package/tsconfig.types.json', folder, ['--emitDeclarationOnly', '--noErrorTruncation']);
    const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
    const declarations = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.d.ts'))
      .map((path) => read(join('src', path)));
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    const files = {
      'client.d.ts': writeClientTypes(read('package/client.d.ts'), declarations),
      'client.js': NO_VALUES,
      'rpc.d.ts': read('src/rpc/types.d.ts'),
      'rpc.js': NO_VALUES,
      'verify.d.ts': read('package/verify.d.ts'),
      'verify.js': read('package/verify.js'),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(FOLDER, name), text);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

if (import.meta.main) build();
