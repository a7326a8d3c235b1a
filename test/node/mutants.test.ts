// The list of `npm run mutate`: every fault can still be made, and names tests that exist.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { mutants } from '../mutation/mutants.ts';

const texts = new Map<string, string>();
const textOf = (file: string): string => {
  const text = texts.get(file) ?? readFileSync(file, 'utf8');
  texts.set(file, text);
  return text;
};

it('has at least 100 faults, each with its own description', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(100);
  expect(new Set(mutants.map(({ what }) => what)).size).toBe(mutants.length);
});

it('finds the text of every fault exactly once in its file', () => {
  const lost = mutants
    .map(({ what, file, from }) => ({ what, file, times: textOf(file).split(from).length - 1 }))
    .filter(({ times }) => times !== 1);
  expect(lost).toEqual([]);
});

it('changes the text with each fault, and names existing tests', () => {
  expect(mutants.filter(({ from, to }) => from === to)).toEqual([]);
  const missing = mutants.flatMap(({ tests }) => tests).filter((test) => !existsSync(`test/${test}.test.ts`));
  expect(missing).toEqual([]);
});
