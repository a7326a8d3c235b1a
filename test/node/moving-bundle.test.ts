// The modules of a deployment: a small main module, and the verification of foreign hashes in a lazy one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { buildWorker } from './support-build.ts';

/** The limit of the main module, which loads at start-up. */
const MAX_GZIP_BYTES = 100_000;

const modules = new Map<string, string>();

beforeAll(async () => {
  const folder = await buildWorker();
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.js')))
    modules.set(name, readFileSync(join(folder, name), 'utf8'));
});

const gzipBytes = (name: string): number => gzipSync(modules.get(name) ?? '', { level: 9 }).byteLength;

/** Texts that occur only in that code: in the reader of hashes, in bcryptjs, in @noble/hashes. */
const MARKS = ['is damaged, cut short', 'Invalid salt revision', 'maxmem'];

it('consists of one main module and lazy ones', () => {
  const others = [...modules.keys()].filter((name) => name !== 'index.js');
  expect(modules.has('index.js')).toBe(true);
  expect(others).toContain('lazy-foreign.js');
  expect(others.filter((name) => !name.startsWith('lazy-'))).toEqual([]);
});

it('has a main module of at most 100 KB after gzip', () => {
  expect(gzipBytes('index.js')).toBeGreaterThan(10_000);
  expect(gzipBytes('index.js')).toBeLessThanOrEqual(MAX_GZIP_BYTES);
});

it.each(MARKS)('has the code with the text "%s" in a lazy module, not in the main one', (mark) => {
  const holders = [...modules].filter(([, text]) => text.includes(mark)).map(([name]) => name);
  expect(holders.length).toBeGreaterThan(0);
  expect(holders).not.toContain('index.js');
});

it('imports the lazy module by its name, and not statically', () => {
  const start = modules.get('index.js') ?? '';
  expect(start).toContain('./lazy-foreign.js');
  expect(start).not.toMatch(/(?:from|import)\s*["']\.\/lazy-/);
});
