// Writes src/assets/common-passwords.txt from the dictionary of zxcvbn-ts: `node scripts/make-common-passwords.ts`.
import { writeFileSync } from 'node:fs';
import { dictionary } from '@zxcvbn-ts/language-common';
import { print } from './terminal.ts';

/** Shorter ones are refused for their length. */
const MIN_CHARACTERS = 8;
/** More than three times the 3,000 that OWASP ASVS 5.0 asks for (6.2.4); the most common come first. */
const COUNT = 10_000;

const common = dictionary['passwords-common'].filter((text) => [...text].length >= MIN_CHARACTERS);
const lines = [...new Set(common.slice(0, COUNT).map((text) => text.normalize('NFC').toLowerCase()))];
writeFileSync(new URL('../src/assets/common-passwords.txt', import.meta.url), `${lines.join('\n')}\n`);
print(`${lines.length} passwords`);
