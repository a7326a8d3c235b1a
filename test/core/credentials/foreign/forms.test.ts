// Texts that are not verifiable hashes: no password matches them, and an import reports the reason.
import { describe, expect, it } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { fixture } from './support.ts';

const PASSWORD = 'correct horse battery staple';
const unknown = 'Its form is not one that is known here.';
const damaged = (family: string): string =>
  `It begins like ${family}, but is damaged, cut short or written in another form.`;

const django = fixture('Django 5.2', 'pbkdf2_sha256$1000$', PASSWORD).hash;
const phc = fixture('Node', '$pbkdf2-sha512$i=1000$', PASSWORD).hash;
const argon2 = fixture('argon2-cffi', '$argon2id$v=19$', PASSWORD).hash;
const oldArgon2 = fixture('argon2-cffi', '$argon2id$v=16$', PASSWORD).hash;
const bcrypt = fixture('passlib', '$2b$04$', PASSWORD).hash;
const betterAuth = 'c8b879fa8f077ee48e4d011f4a9bc2cc:'.padEnd(33 + 127, '0123456789abcdef');

const refused: [what: string, hash: string, reason: string][] = [
  ['an empty text', '', 'There is no hash.'],
  ['a password', 'hunter2', unknown],
  ['a password that begins like a hash', '$2 is what it costs', unknown],
  ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99', unknown],
  ["Django's MD5", 'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99', unknown],
  ['SHA-1', '5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8', unknown],
  ["Django's SHA-1", 'sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8', unknown],
  ["Django's crypt", 'crypt$$ab1.234567890', unknown],
  ['MD5-crypt', '$1$salt$qJH7.N4xYta3aEG/dfqo/0', unknown],
  ['SHA-256-crypt', '$5$salt$abc', damaged('a SHA-crypt hash')],
  ['SHA-512-crypt', '$6$salt$abc', damaged('a SHA-crypt hash')],
  ['yescrypt', '$y$j9T$abc$def', unknown],
  ['scrypt of crypt(3)', '$7$C6..../....abc$def', unknown],
  ['phpass', '$P$B12345678abcdefghijklmnopqrst', damaged('a phpass hash')],
  ['Argon2d', argon2.replace('argon2id', 'argon2d'), unknown],
  ['bcrypt of a broken revision', bcrypt.replace('$2b$', '$2x$'), unknown],
  ['bcrypt of the first revision', bcrypt.replace('$2b$', '$2$'), unknown],
  ["passlib's bcrypt-sha256", '$bcrypt-sha256$v=2,t=2b,r=12$abc$def', unknown],
  ["Werkzeug's scrypt", 'scrypt:32768:8:1$salt$abcdef', unknown],
  ["an LDAP directory's hash", '{SSHA}abcdef', unknown],
  [
    "Latchkey's own hash",
    phc.replace('i=1000', 'i=1000,r=3'),
    'It is a PBKDF2 hash with other parameters than iterations and key length.',
  ],
  [
    'a PHC string with a version',
    phc.replace('$i=', '$v=1$i='),
    'It is a PBKDF2 hash with other parameters than iterations and key length.',
  ],
  [
    'Argon2 with a secret key',
    argon2.replace(',p=', ',keyid=AAAA,p='),
    'It is an Argon2 hash with other parameters than memory, passes and lanes.',
  ],
  [
    'Argon2 without a parameter',
    argon2.replace(/,p=\d/, ''),
    'It is an Argon2 hash with other parameters than memory, passes and lanes.',
  ],
  ['Argon2 with a parameter twice', argon2.replace(',p=3', ',p=3,p=3'), damaged('an Argon2 hash')],
  ['Argon2 of an unknown version', argon2.replace('v=19', 'v=20'), damaged('an Argon2 hash')],
  ['Argon2 without a hash', argon2.slice(0, argon2.lastIndexOf('$')), damaged('an Argon2 hash')],
  ['a hash cut short', django.slice(0, -1), damaged('a PBKDF2 hash')],
  ['a hash with a trailing character', `${django}A`, damaged("one of Django's PBKDF2 hashes")],
  ['a field too few', 'pbkdf2_sha256$1000$salt', damaged("one of Django's PBKDF2 hashes")],
  [
    'a digest that Django does not use',
    django.replace('sha256', 'sha512'),
    damaged("one of Django's PBKDF2 hashes"),
  ],
  ['a number with a leading zero', django.replace('$1000$', '$01000$'), damaged('a PBKDF2 hash')],
  ['a number with a sign', django.replace('$1000$', '$+1000$'), damaged("one of Django's PBKDF2 hashes")],
  ['a number with an exponent', django.replace('$1000$', '$1e3$'), damaged("one of Django's PBKDF2 hashes")],
  ['a line break at the end', `${bcrypt}\n`, damaged('a bcrypt hash')],
  ['a leading space', ` ${bcrypt}`, unknown],
  ['bcrypt with unused bits set', bcrypt.replace(/.$/, '/'), damaged('a bcrypt hash')],
  ['scrypt with a field too few', 'scrypt$16384$salt$8$AAAA', damaged("one of Django's scrypt hashes")],
  ['scrypt without parameters', '$scrypt$AAAA$AAAA', damaged('a scrypt hash')],
  ["better-auth's hash in capitals", `${betterAuth}f`.toUpperCase(), unknown],
  ["better-auth's hash, cut short", betterAuth, unknown],
];

describe('a text that is not a verifiable hash', () => {
  it.each(refused)('gets its reason and matches no password: %s', async (_, hash, reason) => {
    expect(describeForeignHash(hash)).toEqual({ ok: false, reason });
    expect(await verifyForeignHash(PASSWORD, hash)).toBe(false);
    expect(await verifyForeignHash('', hash)).toBe(false);
  });

  it('does not appear in its reason', () => {
    for (const [, hash] of refused) {
      const described = describeForeignHash(hash);
      const reason = described.ok ? '' : described.reason;
      expect(reason).toMatch(/^[A-Z][^\n]*\.$/);
      for (const part of hash
        .split(/[$:]/)
        .filter((each) => each.length > 6 && !/^(argon|pbkdf2|bcrypt)/.test(each)))
        expect(reason).not.toContain(part);
    }
  });
});

it('reads an Argon2 string without a version as version 1.0, as the format says', async () => {
  const hash = oldArgon2.replace('$v=16', '');
  expect(hash).not.toBe(oldArgon2);
  expect(describeForeignHash(hash)).toEqual({ ok: true, algorithm: 'argon2id' });
  expect(await verifyForeignHash(PASSWORD, hash)).toBe(true);
  expect(await verifyForeignHash(PASSWORD, argon2.replace('$v=19', ''))).toBe(false);
});
