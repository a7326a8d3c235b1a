// What is loaded when: nothing, until a hash is to be verified that needs a library.
import { expect, it, vi } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { FILES, fixture } from './support.ts';

const PASSWORD = 'correct horse battery staple';

// Whoever loads one of these here fails.
vi.mock('bcryptjs', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/argon2.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/legacy.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/pbkdf2.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/scrypt.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/sha2.js', () => Promise.reject(new Error('loaded')));
vi.mock('../../../../src/core/credentials/foreign/pbkdf2-sha256.ts', () =>
  Promise.reject(new Error('loaded')),
);

it('every hash is described with nothing loaded', () => {
  for (const { hashes, costly } of Object.values(FILES))
    for (const { hash, kind } of [...hashes, ...costly])
      expect(describeForeignHash(hash)).toEqual({ ok: true, algorithm: kind });
});

it('PBKDF2 within the cap is verified with nothing loaded', async () => {
  for (const beginning of ['$pbkdf2$1000$', '$pbkdf2-sha256$1000$', '$pbkdf2-sha512$1000$']) {
    const { hash } = fixture('passlib', beginning, PASSWORD);
    expect(await verifyForeignHash(PASSWORD, hash)).toBe(true);
    expect(await verifyForeignHash('another', hash)).toBe(false);
  }
});

it.each([
  '',
  '!unusable',
  'md5$salt$hash',
  '$2b$31$'.padEnd(60, '.'),
  '$argon2id$v=19$m=9999999,t=1,p=1$AAAA$AAAA',
])('what no password matches is answered with nothing loaded: %s', async (hash) => {
  expect(await verifyForeignHash(PASSWORD, hash)).toBe(false);
});

it.each([
  ['passlib', '$2b$04$'],
  ['PHP', '$argon2id$'],
  ['Node', '$scrypt$'],
  ['passlib', '$pbkdf2-sha512$100001$', 'café über'],
  ['Django 5.2', 'pbkdf2_sha256$100001$'],
])(
  'a hash by %s that begins with %s is verified by what is loaded then',
  async (file, beginning, password = PASSWORD) => {
    const { hash } = fixture(file, beginning, password);
    await expect(verifyForeignHash(password, hash)).rejects.toThrow();
  },
);
