// The keys by which names are compared.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparisonKey,
  emailKey,
  readEmailIdentifier,
  readIdentifier,
  usernameKey,
} from '../../src/core/identity.ts';

describe('the comparison key of a name', () => {
  it.each([
    ['a capital J with a caron, and the letter that has no capital', 'J\u030c', '\u01f0'],
    ['a last sigma and its capital', 'ΟΔΟΣ', 'οδος'],
    ['a sigma within a word and its capital', 'ΣΑΣ', 'σας'],
    ['a sharp s and its capitals', 'STRASSE', 'straße'],
    ['a capital sharp s', 'STRAẞE', 'Straße'],
    ['a Kelvin sign', 'Kelvin', '\u212aelvin'],
    ['a long s', 'sun', 'ſun'],
    ['a ligature', 'ﬁsh', 'FISH'],
    ['composed and decomposed accents', 'JOSÉ', 'jose\u0301'],
    ['accents in another order', 'a\u0323\u0307', 'A\u0307\u0323'],
    ['an iota below, before and behind another accent', '\u1fb3\u0301', '\u1fb4'],
    ['Cherokee in both cases', '\uab70', '\u13a0'],
    ['a dotted capital I', '\u0130', 'i\u0307'],
    ['Greek with three marks', '\u0390', '\u03ca\u0301'],
  ])('equals that of the other form: %s', (_name, one, other) => {
    expect(comparisonKey(one)).toBe(comparisonKey(other));
    expect(emailKey(`${one}@example.com`)).toBe(emailKey(`${other}@EXAMPLE.com`));
  });

  it.each([
    ['a dotless i and i', 'ı', 'i'],
    ['o and zero', 'o', '0'],
    ['an accent and none', 'é', 'e'],
  ])('differs from that of the other name: %s', (_name, one, other) => {
    expect(comparisonKey(one)).not.toBe(comparisonKey(other));
  });

  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom(...'aIiıΣςσßẞJ\u030c\u01f0\u0345\u0301\u1fb3\u1fb4\u0390\u0149K'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''))
    .filter((joined) => joined.isWellFormed());

  it('equals its own comparison key and has the form NFC', () => {
    fc.assert(
      fc.property(text, (name) => {
        const key = comparisonKey(name);
        expect(comparisonKey(key)).toBe(key);
        expect(key.normalize('NFC')).toBe(key);
      }),
      { numRuns: 2_000 },
    );
  });

  it('equals that of every normalization and letter case of the name', () => {
    fc.assert(
      fc.property(text, (name) => {
        const key = comparisonKey(name);
        for (const form of [name.normalize('NFC'), name.normalize('NFD')])
          expect(comparisonKey(form)).toBe(key);
        // The capital of the dotless i is that of i: this is the one case in which capitals lose a letter.
        if (!name.includes('ı')) expect(comparisonKey(name.normalize('NFD').toUpperCase())).toBe(key);
        expect(comparisonKey(name.toLowerCase())).toBe(key);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('finds a username by letters of another width or style', () => {
  expect(usernameKey('ＡｎＮ')).toBe('ann');
  expect(usernameKey('𝒜nn')).toBe('ann');
});

describe('a name that is longer than any account has', () => {
  const marks = `a${'\u0301'.repeat(32_000)}`;

  it('matches no account at a login', () => {
    expect(readIdentifier(marks)).toMatchObject({ by: 'username', key: '' });
    expect(readIdentifier(`${marks}@b.co`)).toMatchObject({ by: 'email', key: '' });
    expect(readEmailIdentifier(`${marks}@b.co`)).toMatchObject({ by: 'email', key: '' });
    expect(readIdentifier('a'.repeat(1025))).toMatchObject({ by: 'username', key: '' });
  });

  it('has more than 1,024 bytes', () => {
    expect(readIdentifier('a'.repeat(1024)).key).toBe('a'.repeat(1024));
    expect(readIdentifier('é'.repeat(512)).key).toBe('é'.repeat(512));
    expect(readIdentifier(`${'é'.repeat(512)}a`).key).toBe('');
    // The compatibility form is eleven times as long, but only what was typed is limited.
    expect(readIdentifier('\ufdfa'.repeat(341)).key.length).toBe(341 * 18);
  });

  it('gets a RangeError instead of a key', () => {
    for (const key of [comparisonKey, emailKey, usernameKey]) expect(() => key(marks)).toThrow(RangeError);
  });
});
