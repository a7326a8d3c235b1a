// The list of `npm run mutate`: every fault can still be made, and names tests that exist.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findNew, toDocument, toScore } from '../../scripts/mutate/score.ts';
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

it('makes no fault twice', () => {
  const faults = mutants.map(({ file, from, to }) => JSON.stringify([file, from, to]));
  expect(faults.filter((fault, at) => faults.indexOf(fault) !== at)).toEqual([]);
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

describe('the page of a run', () => {
  const fault = (what: string, file = 'src/a.ts') => ({ what, file, from: 'a', to: 'b', tests: [] });
  const [one, other, third] = [fault('One.'), fault('Other.'), fault('One.', 'src/b.ts')];
  const first = toDocument(
    [one, other],
    toScore([
      { mutant: one, outcome: 'noticed' },
      { mutant: other, outcome: 'unnoticed' },
    ]),
    '',
  );

  it('counts and lists what the tests noticed', () => {
    expect(first).toContain('**1 of 2** faults');
    expect(first).toContain('| One. | yes |\n| Other. | **no** |');
  });

  it('keeps the results of faults that a later run did not try', () => {
    const second = toDocument([one, other, third], toScore([{ mutant: other, outcome: 'noticed' }]), first);
    expect(second).toContain('| One. | yes |\n| Other. | yes |');
    expect(second).toContain(
      '## [src/b.ts](../../src/b.ts)\n\n| Fault | Noticed |\n|---|---|\n| One. | **not tried** |',
    );
    expect(second).toContain('**2 of 3** faults');
    expect(findNew([one, other, third], second)).toEqual([third]);
  });

  it('drops faults that are gone, and takes a fault with another sentence or file for a new one', () => {
    expect(toDocument([other], toScore([]), first)).not.toContain('One.');
    expect(findNew([one, other, third], first)).toEqual([third]);
  });
});
