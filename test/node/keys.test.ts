// `npm run keys`: creates and rotates signing keys in a file that only its owner can read.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import {
  createSigningKeys,
  parseSigningKeys,
  rotateSigningKeys,
  writeSigningKeys,
} from '../../scripts/keys/signing-keys.ts';
import { PROJECT } from '../../scripts/wrangler.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'keys.json');
beforeEach(() => rmSync(file, { force: true }));

const keys = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/keys.ts', ...args], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const namesIn = (text: string): string[] =>
  [...text.matchAll(/^\d{4}-\d\d-\d\d-[\w-]{8}/gm)].map(([name]) => name);

it('creates two keys; a rotation signs with the next one and keeps the former one', () => {
  const [signing, next] = namesIn(keys('create', '--file', file).stdout);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const rotated = keys('rotate', '--file', file);
  expect(rotated.stdout).toContain(`npx wrangler secret put SIGNING_KEYS < ${file}`);
  const [nowSigning, newNext, former] = namesIn(rotated.stdout);
  expect([nowSigning, former]).toEqual([next, signing]);
  expect([signing, next]).not.toContain(newNext);
  expect(namesIn(keys('show', '--file', file).stdout)).toEqual([nowSigning, newNext, former]);
  expect(parseSigningKeys(readFileSync(file, 'utf8'))?.map(({ kid }) => kid)).toEqual([
    nowSigning,
    newNext,
    former,
  ]);
  // No private key is printed.
  for (const { d } of parseSigningKeys(readFileSync(file, 'utf8')) ?? [])
    expect(rotated.stdout).not.toContain(d);
});

it('overwrites no file, and says what is wrong with an unreadable one', () => {
  writeFileSync(file, 'mine');
  expect(keys('create', '--file', file)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('already exists'),
  });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(keys('rotate', '--file', file)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('holds no list'),
  });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(keys('show', '--file', `${file}.none`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('There is no file'),
  });
  expect(keys('rotat')).toMatchObject({ status: 2, stderr: expect.stringContaining('Did you mean rotate?') });
});

it('keeps at most three keys, each with its own name', async () => {
  let made = await createSigningKeys(0);
  for (let turn = 0; turn < 5; turn += 1) made = await rotateSigningKeys(made, 0);
  expect(made).toHaveLength(3);
  expect(new Set(made.map(({ kid }) => kid)).size).toBe(3);
  expect(parseSigningKeys(writeSigningKeys(made))).toEqual(made);
});
