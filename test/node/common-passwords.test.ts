// OWASP ASVS 5.0, V6.2.4, with the whole list: common passwords and their usual variants are refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dictionary } from '@zxcvbn-ts/language-common';
import { expect, it } from 'vitest';
import { commonPasswordsFile } from '../../scripts/make-common-passwords.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { findPasswordWeakness } from '../../src/core/credentials/password-policy.ts';

const file = readFileSync(join(PROJECT, 'src/assets/common-passwords.txt'), 'utf8');
/** The list as the Worker reads it. */
const common = new Set(file.split('\n').filter((line) => line !== ''));

const MIN_CHARACTERS = 8;
const lengthOf = (text: string): number => [...text].length;
const ofLength = (min: number): string[] =>
  dictionary['passwords-common'].filter((text) => lengthOf(text) >= min).slice(0, 10_000);
const whole = ofLength(MIN_CHARACTERS);
const words = ofLength(4);

const swap = (swaps: Record<string, string>) => (text: string) =>
  [...text].map((one) => swaps[one.toLowerCase()] ?? one).join('');

/** What people do to a word, and guessing programs try. */
const MANGLES: Record<string, (word: string) => string> = {
  unchanged: (word) => word,
  'in capitals': (word) => word.toUpperCase(),
  'with a capital': (word) => word.charAt(0).toUpperCase() + word.slice(1),
  'with 1': (word) => `${word}1`,
  'with !': (word) => `${word}!`,
  'with 123': (word) => `${word}123`,
  'with a year': (word) => `${word}2024`,
  'with a capital, a year and !': (word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}2024!`,
  'with a space and digits': (word) => `${word} 4711`,
  'with digits for letters': swap({ a: '4', e: '3', i: '1', o: '0', s: '5', t: '7', b: '8', g: '9' }),
  'with signs for letters': swap({ a: '@', i: '!', s: '$', t: '+' }),
  'with 1 for l, 0 for o and !': (word) => `${swap({ l: '1', o: '0' })(word)}!`,
};

it('matches the file to the output of the script', () => {
  expect(file).toBe(commonPasswordsFile());
  expect(whole).toHaveLength(10_000);
});

it.each(Object.entries(MANGLES))('refuses each common password, %s', (_name, mangle) => {
  const passing = [...whole, ...words]
    .map(mangle)
    .filter((password) => lengthOf(password) >= MIN_CHARACTERS)
    .filter((password) => findPasswordWeakness(password, [], common) !== 'common');
  expect(passing).toEqual([]);
});

it.each(['Passw0rd!', 'letmein123', 'summer2024', 'aaaaaaaaaa', 'Winter2025!', 'Welcome1', 'qwerty12345'])(
  'refuses %s',
  (password) => {
    expect(findPasswordWeakness(password, [], common)).toBe('common');
  },
);

it.each([
  'four walls and a door',
  'correct horse battery staple',
  'purple-Tuesday-lamp',
  'zqxjkvbw',
  '72944083',
  'AAAABBBC',
  'my12345678',
  'Tr0ub4dor&3',
])('accepts %s', (password) => {
  expect(findPasswordWeakness(password, [], common)).toBeNull();
});
