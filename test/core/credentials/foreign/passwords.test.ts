// How a password is read for a foreign hash: its Unicode form, its length, NULs, lone surrogates.
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hashSync } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { keepsForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { FILES, fixture } from './support.ts';

const COMPOSED = 'café über';
const DECOMPOSED = COMPOSED.normalize('NFD');

const KINDS: [file: string, beginning: string][] = [
  ['Django 5.2', 'pbkdf2_sha256$1000$'],
  ['Django 5.2', 'pbkdf2_sha256$100001$'],
  ['Django 5.2', 'bcrypt_sha256$$2b$04$'],
  ['Django 5.2', 'scrypt$256$'],
  ['Node', '$2b$04$'],
  ['PHP', '$argon2id$v=19$m=64,'],
];

const SALT = new TextEncoder().encode('salt');

/** A hash in passlib's form with one iteration. */
const hashPbkdf2 = (password: string): string =>
  `$pbkdf2-sha256$1$c2FsdA$${pbkdf2(sha256, password, SALT, { c: 1, dkLen: 32 }).toBase64({ omitPadding: true }).replaceAll('+', '.')}`;

describe.each(KINDS)('a hash by %s that begins with %s', (file, beginning) => {
  it('accepts both Unicode forms if the composed one was hashed', async () => {
    const { hash } = fixture(file, beginning, COMPOSED);
    expect(await verifyForeignHash(COMPOSED, hash)).toBe(true);
    expect(await verifyForeignHash(DECOMPOSED, hash)).toBe(true);
    expect(await verifyForeignHash('cafe uber', hash)).toBe(false);
  });

  it('accepts only the decomposed form if that was hashed', async () => {
    const { hash } = fixture(file, beginning, DECOMPOSED);
    expect(await verifyForeignHash(DECOMPOSED, hash)).toBe(true);
    expect(await verifyForeignHash(COMPOSED, hash)).toBe(false);
  });

  it('accepts only the empty password if that was hashed', async () => {
    const { hash } = fixture(file, beginning, '');
    expect(await verifyForeignHash('', hash)).toBe(true);
    expect(await verifyForeignHash(' ', hash)).toBe(false);
  });
});

// UTF-8 has no lone surrogate: an encoder replaces it by U+FFFD, so two texts would be one password.
it.each([
  ['bcrypt', (password: string) => hashSync(password, 4)],
  ['PBKDF2', hashPbkdf2],
])(
  'rejects a lone surrogate in place of the replacement character that was hashed: %s',
  async (_, hashOf) => {
    const hash = hashOf('a\ufffd');
    expect(await verifyForeignHash('a\ufffd', hash)).toBe(true);
    for (const password of ['a\ud800', 'a\udc00'])
      expect(await verifyForeignHash(password, hash)).toBe(false);
  },
);

describe("better-auth's hash", () => {
  it('accepts the NFKC form of the password', async () => {
    const { hash } = fixture('better-auth', '', '\ufb01ne \u2460 \u212b');
    expect(await verifyForeignHash('fine 1 \u00c5', hash)).toBe(true);
    expect(await verifyForeignHash('fine 1 A', hash)).toBe(false);
  }, 60_000);

  // Our own hash is of the NFC form: in its place, it would refuse the NFKC form.
  it('stays if the NFC and NFKC forms of the password differ', () => {
    const { hash } = fixture('better-auth', '', '\ufb01ne \u2460 \u212b');
    expect(keepsForeignHash('\ufb01ne \u2460 \u212b', hash)).toBe(true);
    expect(keepsForeignHash('fine 1 \u00c5', hash)).toBe(false);
    expect(keepsForeignHash('cafe\u0301', hash)).toBe(false);
  });
});

describe('bcrypt', () => {
  const long = `${'x'.repeat(72)}tail`;

  it.each([
    ['Node', '$2b$04$'],
    ['Node', '$2a$04$'],
    ['PHP', '$2y$04$'],
    ['Django 5.2', 'bcrypt$$2b$04$'],
  ])('ignores what follows the 72nd byte, as in %s: %s', async (file, beginning) => {
    const { hash } = fixture(file, beginning, long);
    expect(await verifyForeignHash('x'.repeat(72), hash)).toBe(true);
    expect(await verifyForeignHash(`${long} and more`, hash)).toBe(true);
    expect(await verifyForeignHash(`${'x'.repeat(71)}y`, hash)).toBe(false);
    expect(await verifyForeignHash('x'.repeat(71), hash)).toBe(false);
  });

  it('distinguishes every byte over SHA-256, as in Django', async () => {
    const { hash } = fixture('Django 5.2', 'bcrypt_sha256$$2b$04$', long);
    expect(await verifyForeignHash(long, hash)).toBe(true);
    expect(await verifyForeignHash('x'.repeat(72), hash)).toBe(false);
  });

  it('reads a NUL as a byte in a hash by Node', async () => {
    const { hash } = fixture('Node', '$2b$04$', 'nul\0inside');
    expect(await verifyForeignHash('nul\0inside', hash)).toBe(true);
    expect(await verifyForeignHash('nul', hash)).toBe(false);
    expect(await verifyForeignHash('nul\0insidf', hash)).toBe(false);
  });

  it.each([
    ['Node', '$2b$04$', 'a', ['a\0', 'a\0a', 'a\0a\0', 'a\0a\0a', 'a\0'.repeat(36), 'a\0'.repeat(40)]],
    ['Node', '$2b$04$', '', ['\0', '\0\0', '\0'.repeat(71), '\0'.repeat(80)]],
    ['Node', '$2b$04$', 'nul\0inside', ['nul\0inside\0nul\0inside', 'nul\0inside\0']],
    ['passlib', '$2a$04$', 'a', ['a\0', 'a\0a']],
    ['Django 5.2', 'bcrypt$$2b$04$', 'a', ['a\0', 'a\0a']],
  ])('rejects the password repeated with a NUL: %s, %s, %j', async (file, beginning, password, others) => {
    const { hash } = fixture(file, beginning, password);
    expect(await verifyForeignHash(password, hash)).toBe(true);
    for (const other of others) expect([other, await verifyForeignHash(other, hash)]).toEqual([other, false]);
  });

  it('rejects a password of 71 bytes with the NUL that bcrypt appends', async () => {
    const password = 'x'.repeat(71);
    const hash = hashSync(password, 4);
    expect(await verifyForeignHash(password, hash)).toBe(true);
    for (const end of ['\0', '\0tail']) expect(await verifyForeignHash(password + end, hash)).toBe(false);
  });

  it('rejects a NUL for a hash by PHP, even if bcrypt reads the same bytes', async () => {
    const { hash } = fixture('PHP', '$2y$04$', 'a');
    expect(await verifyForeignHash('a', hash)).toBe(true);
    // bcrypt repeats the password with a NUL after it, so it reads these two as one.
    expect(await verifyForeignHash('a\0a', hash)).toBe(false);
  });
});

describe('a trailing NUL', () => {
  it.each([
    ['Django 5.2', 'pbkdf2_sha256$1000$'],
    ['Django 5.2', 'pbkdf2_sha256$100001$'],
    ['Django 5.2', 'pbkdf2_sha1$1000$'],
    ['Django 5.2', 'scrypt$256$'],
    ['Django 5.2', 'bcrypt_sha256$$2b$04$'],
    ['Node', '$pbkdf2-sha512$i=1000$'],
    ['Node', '$scrypt$ln=6,'],
    ['Node', '$argon2id$v=19$m=64,'],
    ['passlib', '$pbkdf2-sha512$1000$'],
  ])('makes a different password although HMAC pads keys with zeros: %s, %s', async (file, beginning) => {
    for (const password of ['a', '', 'caf\u00e9 \u00fcber']) {
      const { hash } = fixture(file, beginning, password);
      expect(await verifyForeignHash(password, hash)).toBe(true);
      for (const zeros of ['\0', '\0\0\0'])
        expect([password, await verifyForeignHash(password + zeros, hash)]).toEqual([password, false]);
    }
  });

  it("counts as part of a password longer than HMAC's block", async () => {
    const block = 'x'.repeat(64);
    expect(await verifyForeignHash(`${block}\0`, hashPbkdf2(`${block}\0`))).toBe(true);
    expect(await verifyForeignHash(block, hashPbkdf2(block))).toBe(true);
    expect(await verifyForeignHash(`${block}\0`, hashPbkdf2(block))).toBe(false);
  });
});

it('has fixtures for 13 different passwords in each file of cheap hashes', () => {
  for (const [file, { hashes }] of Object.entries(FILES)) {
    if (hashes.length === 0) continue;
    const passwords = new Set(hashes.map(({ password }) => password));
    expect([file, passwords.size]).toEqual([file, 13]);
  }
});
