// Writes src/assets/common-passwords.txt from the dictionary of zxcvbn-ts: `node scripts/make-common-passwords.ts`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dictionary } from '@zxcvbn-ts/language-common';
import { commonForm } from '../src/core/credentials/password-policy.ts';
import { print } from './terminal.ts';
import { PROJECT } from './wrangler.ts';

/** More than three times the 3,000 that OWASP ASVS 5.0 requires (6.2.4). The most common are first. */
const COUNT = 10_000;
/** The minimum length of a password. */
const MIN_CHARACTERS = 8;
/** A shorter word becomes a valid password if digits or signs are appended. */
const MIN_WORD_CHARACTERS = 4;

const lengthOf = (text: string): number => [...text].length;
const all = dictionary['passwords-common'].filter((text) => lengthOf(text) >= MIN_WORD_CHARACTERS);

/** The most common passwords of a valid length, and the most common ones of any length. */
export const commonPasswords: readonly string[] = [
  ...new Set([
    ...all.filter((text) => lengthOf(text) >= MIN_CHARACTERS).slice(0, COUNT),
    ...all.slice(0, COUNT),
  ]),
];

/** The content of the file: each password in the form that is compared. */
export const commonPasswordsFile = (): string =>
  `${[...new Set(commonPasswords.map(commonForm))].join('\n')}\n`;

if (import.meta.main) {
  const file = commonPasswordsFile();
  writeFileSync(join(PROJECT, 'src', 'assets', 'common-passwords.txt'), file);
  print(`${file.split('\n').length - 1} passwords`);
}
