// The Worker as it is deployed stays small: what it loads at the start, and all of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { PROJECT, wranglerCommand, wranglerEnvironment } from '../../scripts/wrangler.ts';

/** Bytes after gzip of the module that is loaded when an isolate starts. */
const MAX_MAIN_BYTES = 100_000;

/** Bytes after gzip of all modules, each by itself: with those that are loaded when they are used, which repeat what they share with the main one. The OpenID Connect provider, metadata documents and their pages are 25 KB of it, webhooks and back-channel logout 12 KB, most of which is what they share with others. */
const MAX_BYTES = 240_000;

const GZIP_LEVEL = 9;

/** A build, on a machine that is busy. */
const BUILDS_WITHIN_MS = 60_000;

/** The text of the main module. */
let main = '';

const build = (): Map<string, number> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-size-'));
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      wranglerCommand(['deploy', '--dry-run', '--outdir', folder]),
      { cwd: PROJECT, env: wranglerEnvironment({ CI: 'true' }), encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`${stdout}${stderr}`);
    const names = readdirSync(folder).filter((name) => /\.(js|wasm)$/.test(name));
    main = readFileSync(join(folder, 'index.js'), 'utf8');
    const sizeOf = (name: string) =>
      gzipSync(readFileSync(join(folder, name)), { level: GZIP_LEVEL }).byteLength;
    return new Map(names.map((name) => [name, sizeOf(name)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

let sizes: Map<string, number>;

beforeAll(() => {
  sizes = build();
}, BUILDS_WITHIN_MS);

it(`what starts up is at most ${MAX_MAIN_BYTES} bytes after gzip`, () => {
  expect(sizes.get('index.js')).toBeGreaterThan(1_000);
  expect(sizes.get('index.js')).toBeLessThanOrEqual(MAX_MAIN_BYTES);
});

// A description that is not guarded by DOCS, or a spread of one, brings the schemas of its answers along.
it('what starts up holds no description of the reference', () => {
  expect(main).toContain('/sign-in');
  expect(main).not.toContain('x-name');
});

it(`all modules together are at most ${MAX_BYTES} bytes after gzip`, () => {
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(all).toBeLessThanOrEqual(MAX_BYTES);
});

it('what verifies the hashes of other makers is not loaded at the start', () => {
  expect([...sizes.keys()].filter((name) => name.startsWith('lazy-'))).toContain('lazy-foreign.js');
});
