// Arbitrary text instead of a hash: it is described without throwing, and verified in bounded time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { FILES } from './support.ts';

const hashes = Object.values(FILES).flatMap((file) => file.hashes.map(({ hash }) => hash));
const anyText = fc.string({ unit: 'binary', maxLength: 600 });
const pieces = fc.constantFrom(
  '$',
  ':',
  ',',
  '=',
  '!',
  '.',
  '/',
  '+',
  '\0',
  '\n',
  '\ud800',
  'é',
  'v=19',
  'm=64',
  't=1',
  'p=1',
  'i=1',
  'ln=1',
  'r=8',
  'm=-1',
  'm=1e9',
  'i=99999999999999999999',
  'NaN',
  'Infinity',
  '0',
  '1',
  '16384',
  '4294967296',
  '__proto__',
  'constructor',
  'pbkdf2_sha256',
  'pbkdf2_sha1',
  'pbkdf2',
  '$pbkdf2-sha256',
  '$pbkdf2-constructor',
  'bcrypt',
  'bcrypt_sha256',
  '$2b$04',
  'argon2',
  '$argon2id',
  '$argon2i',
  'scrypt',
  '$scrypt',
  'AAAAAAAAAAAAAAAAAAAAAA',
  'A'.repeat(43),
  '.'.repeat(53),
  'a'.repeat(128),
);
const assembled = fc
  .array(fc.oneof(pieces, fc.string({ maxLength: 5 }), fc.constant('$')), { maxLength: 20 })
  .map((parts) => parts.join(''));
/** A real hash with a part of it replaced. */
const damaged = fc
  .tuple(fc.constantFrom(...hashes), fc.nat(200), fc.nat(20), fc.oneof(pieces, anyText))
  .map(([hash, at, length, piece]) => hash.slice(0, at) + piece + hash.slice(at + length));
const hostile = fc.oneof(anyText, assembled, damaged);

describe('a hostile text instead of a hash', () => {
  it('gets a kind or a reason without throwing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const described = describeForeignHash(text);
        if (described.ok) expect(described.algorithm).toMatch(/^[a-z0-9-]+$/);
        else expect(described.reason).toMatch(/^[A-Z][ -~·]*\.$/);
      }),
      { numRuns: 5000 },
    );
  });

  it('matches no password and does not throw', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, hostile, async (password, text) => {
        fc.pre(!hashes.includes(text));
        expect(await verifyForeignHash(password, text)).toBe(false);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('gets refused at once if it is long and repetitive', () => {
    for (const piece of [
      '$',
      '=',
      'A',
      ',m=1',
      '$argon2id$',
      'pbkdf2_sha256$',
      '$pbkdf2-sha256$',
      'scrypt$1$',
    ])
      for (const length of [512, 1_000_000])
        expect(describeForeignHash(piece.repeat(length).slice(0, length)).ok).toBe(false);
  });
});
