// Full case folding without a table, compared with Unicode's data for every code point.
import { expect, it } from 'vitest';
import { foldCase } from '../../src/core/case-folding.ts';

const files: Record<string, string> = import.meta.glob('../fixtures/unicode/*.txt', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const assigned = files['../fixtures/unicode/assigned.txt'] ?? '';
const foldings = files['../fixtures/unicode/case-folding.txt'] ?? '';

/** The lines of a file of hexadecimal code points, as numbers. */
const pointsOf = (file: string): number[][] =>
  file
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ').map((point) => Number.parseInt(point, 16)));

const folded = new Map(
  pointsOf(foldings).map(([point = 0, ...to]): [number, string] => [point, String.fromCodePoint(...to)]),
);

it('folds every code point of Unicode 15 as the Unicode data say', () => {
  const wrong: string[] = [];
  let compared = 0;
  for (const [from = 0, to = 0] of pointsOf(assigned))
    for (let point = from; point <= to; point += 1) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      compared += 1;
      if (foldCase(character) !== (folded.get(point) ?? character)) wrong.push(point.toString(16));
    }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(280_000);
  expect(folded.size).toBe(1530);
});

it('folds a code point that Unicode 15 does not assign to its lower case', () => {
  const known = new Set<number>();
  for (const [from = 0, to = 0] of pointsOf(assigned))
    for (let point = from; point <= to; point += 1) known.add(point);
  const wrong: string[] = [];
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (known.has(point) || (point >= 0xd800 && point <= 0xdfff)) continue;
    const character = String.fromCodePoint(point);
    if (foldCase(character) !== character.toLowerCase()) wrong.push(point.toString(16));
  }
  expect(wrong).toEqual([]);
});

it('folds each code point of a text independently of its neighbours', () => {
  expect(foldCase('ΟΔΟΣ Σ ΣΑΣ')).toBe('οδοσ σ σασ');
  expect(foldCase('οδος')).toBe('οδοσ');
  expect(foldCase('Straße ẞ')).toBe('strasse ss');
  expect(foldCase('İIıi')).toBe('i\u0307iıi');
  expect(foldCase('\u{10400}😀')).toBe('\u{10428}😀');
});
