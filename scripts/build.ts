// Builds the modules that the Worker loads lazily. Wrangler runs this before it bundles the main module.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from './wrangler.ts';

/** `base_dir` in wrangler.toml, which includes the files with this prefix. */
const FOLDER = join(PROJECT, '.wrangler', 'modules');
const PREFIX = 'lazy-';

/** The lazy modules by name. Code that two of them share becomes another module. */
const MODULES = {
  'clean-up': 'src/core/store/clean-up.ts',
  foreign: 'src/core/credentials/foreign/verify.ts',
  factors: 'src/core/factors/module.ts',
  mail: 'src/core/mail/send.ts',
  migration: 'src/migration/module.ts',
  provider: 'src/core/provider/module.ts',
  pages: 'src/pages/surface.ts',
  webhooks: 'src/core/webhooks/module.ts',
};

/** The modules by name: the ones above, those that they load, and shared code. */
const bundle = async (): Promise<Map<string, Uint8Array>> => {
  const { outputFiles } = await build({
    absWorkingDir: PROJECT,
    entryPoints: Object.fromEntries(
      Object.entries(MODULES).map(([name, path]) => [`${PREFIX}${name}`, path]),
    ),
    outdir: FOLDER,
    chunkNames: `${PREFIX}[name]-[hash]`,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    // As in wrangler.toml.
    define: { DOCS: 'false' },
    // So that bcryptjs does not import Node's `crypto`.
    platform: 'browser',
    write: false,
  });
  return new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
};

/** Writes atomically, because wrangler may run twice at the same time. */
const place = async (name: string, contents: Uint8Array): Promise<void> => {
  const path = join(FOLDER, name);
  const before = await readFile(path).catch(() => null);
  if (before?.equals(contents)) return;
  await writeFile(`${path}.${process.pid}`, contents);
  await rename(`${path}.${process.pid}`, path);
};

const modules = await bundle();
await mkdir(FOLDER, { recursive: true });
await Promise.all([...modules].map(([name, contents]) => place(name, contents)));
const old = (await readdir(FOLDER)).filter((name) => name.endsWith('.js') && !modules.has(name));
await Promise.all(old.map((name) => rm(join(FOLDER, name), { force: true })));
