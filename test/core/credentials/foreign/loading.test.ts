// Lazy loading: no library is loaded before a hash that needs it is verified.
import { expect, it, vi } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { FILES, fixture } from './support.ts';

const PASSWORD = 'correct horse battery staple';

// In this file the import of any of these fails.
vi.mock('bcryptjs', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/argon2.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/legacy.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/pbkdf2.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/scrypt.js', () => Promise.reject(new Error('loaded')));
vi.mock('@noble/hashes/sha2.js', () => Promise.reject(new Error('loaded')));
vi.mock('../../../../src/core/credentials/foreign/pbkdf2-sha256.ts', () =>
  Promise.reject(new Error('loaded')),
);

it('describes every hash without loading a library', () => {
  for (const { hashes, costly } of Object.values(FILES))
    for (const { hash, kind } of [...hashes, ...costly])
      expect(describeForeignHash(hash)).toEqual({ ok: true, algorithm: kind });
});

it("verifies PBKDF2 within the runtime's limit without loading a library", async () => {
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
])('rejects what no password matches without loading a library: %s', async (hash) => {
  expect(await verifyForeignHash(PASSWORD, hash)).toBe(false);
});

it.each([
  ['passlib', '$2b$04$'],
  ['PHP', '$argon2id$'],
  ['Node', '$scrypt$'],
  ['passlib', '$pbkdf2-sha512$100001$', 'café über'],
  ['Django 5.2', 'pbkdf2_sha256$100001$'],
])(
  'loads a library to verify a hash by %s that begins with %s',
  async (file, beginning, password = PASSWORD) => {
    const { hash } = fixture(file, beginning, password);
    await expect(verifyForeignHash(password, hash)).rejects.toThrow();
  },
);
