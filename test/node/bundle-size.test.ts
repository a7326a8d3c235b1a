// The modules of a deployment: a small main module, which loads at start-up, lazy ones, and their size together.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { buildWorker } from './support-build.ts';

/** Bytes of the main module after gzip, which each isolate loads when it starts. */
const MAX_MAIN_BYTES = 100_000;

/**
 * Bytes of all modules, each after its own gzip. Lazy modules repeat what they share with the main one. The OpenID Connect
 * provider, metadata documents and their pages are 25 KB of it, webhooks and back-channel logout 12 KB, mostly shared code.
 */
const MAX_BYTES = 240_000;

const GZIP_LEVEL = 9;

/** The time for a build on a busy machine. */
const BUILDS_WITHIN_MS = 60_000;

/** The text of each module. */
let texts: Map<string, string>;

let sizes: Map<string, number>;

beforeAll(async () => {
  const folder = await buildWorker();
  const names = readdirSync(folder).filter((name) => /\.(js|wasm)$/.test(name));
  texts = new Map(
    names
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  const sizeOf = (name: string) =>
    gzipSync(readFileSync(join(folder, name)), { level: GZIP_LEVEL }).byteLength;
  sizes = new Map(names.map((name) => [name, sizeOf(name)]));
}, BUILDS_WITHIN_MS);

it(`has a main module of at most ${MAX_MAIN_BYTES} bytes after gzip`, () => {
  expect(sizes.get('index.js')).toBeGreaterThan(1_000);
  expect(sizes.get('index.js')).toBeLessThanOrEqual(MAX_MAIN_BYTES);
});

// A description that is not guarded by DOCS, or a spread of one, brings the schemas of its responses along.
it('has no description of the API reference in the main module', () => {
  const main = texts.get('index.js');
  expect(main).toContain('/sign-in');
  expect(main).not.toContain('x-name');
});

it(`has modules of at most ${MAX_BYTES} bytes together after gzip`, () => {
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(all).toBeLessThanOrEqual(MAX_BYTES);
});

it('consists of the main module and lazy ones', () => {
  const others = [...texts.keys()].filter((name) => name !== 'index.js');
  expect(others).toContain('lazy-foreign.js');
  expect(others.filter((name) => !name.startsWith('lazy-'))).toEqual([]);
});

/** Texts that occur only in that code: in the reader of hashes, in bcryptjs, in @noble/hashes. */
const MARKS = ['is damaged, cut short', 'Invalid salt revision', 'maxmem'];

it.each(MARKS)('has the code with the text "%s" in a lazy module, not in the main one', (mark) => {
  const holders = [...texts].filter(([, text]) => text.includes(mark)).map(([name]) => name);
  expect(holders.length).toBeGreaterThan(0);
  expect(holders).not.toContain('index.js');
});

it('imports the lazy module by its name, and not statically', () => {
  const main = texts.get('index.js');
  expect(main).toContain('./lazy-foreign.js');
  expect(main).not.toMatch(/(?:from|import)\s*["']\.\/lazy-/);
});
