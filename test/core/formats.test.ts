// The formats of emails and URLs: what a registration accepts, and what an imported account can have.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canBeEmail, isEmail, isWebUrl } from '../../src/core/formats.ts';

describe('an address literal in an email', () => {
  it.each([
    '127.0.0.1',
    '255.255.255.255',
    '0.0.0.0',
    '::1',
    '::',
    '2001:DB8::1',
    '::ffff:192.0.2.1',
    'fe80::1:2',
  ])('can be [%s]', (address) => {
    expect([isEmail(`a@[${address}]`), canBeEmail(`a@[${address}]`)]).toEqual([true, true]);
  });

  it.each([
    ...[
      '256.0.0.1',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.04',
      '1..2.3',
      '.1.2.3',
      '1.2.3.',
      '12',
      'ab',
      '..',
    ],
    ...[
      ':::',
      '1::2::3',
      ':1',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      '::1.2.3',
      '::256.1.1.1',
      'fe80::1%eth0',
      'g::1',
    ],
    '1.2.3.4:80',
  ])('cannot be [%s]', (address) => {
    expect([isEmail(`a@[${address}]`), canBeEmail(`a@[${address}]`)]).toEqual([false, false]);
  });

  it('can have the tag of RFC 5321 in an import, but not at registration, as in Django', () => {
    expect([isEmail('a@[IPv6:::1]'), canBeEmail('a@[IPv6:::1]')]).toEqual([false, true]);
    expect(canBeEmail('a@[IPv6:1.2.3]')).toBe(false);
  });
});

describe('the email of an imported account', () => {
  it.each([
    'a..b@docomo.ne.jp',
    '.a@b.co',
    'a.@b.co',
    '"zoë z"@example.com',
    'a@b_c.co',
    'a@-b.co',
    'a@b.c',
    'a@b.c0m',
    `${'a'.repeat(100)}@example.com`,
  ])('can be %s', (email) => {
    expect(canBeEmail(email)).toBe(true);
  });

  it.each([
    'a',
    'a@',
    '@b.co',
    'wrong@format',
    'a@@b.co',
    'a b@c.co',
    'a@b c.co',
    'a@b.co.',
    'a@.co',
    'a@b..co',
    '"@b.co',
  ])('cannot be %s', (email) => {
    expect(canBeEmail(email)).toBe(false);
  });

  it('can be every email that a registration accepts', () => {
    const characters = fc.constantFrom(...'aZ09.+-_"\\@[]:[] éß名\u0301%');
    const email = fc
      .tuple(fc.string({ unit: characters, maxLength: 12 }), fc.string({ unit: characters, maxLength: 12 }))
      .map(([local, domain]) => `${local}@${domain}.co`);
    const known = fc.oneof(
      email,
      fc.emailAddress(),
      fc.ipV6().map((address) => `a@[${address}]`),
    );
    fc.assert(
      fc.property(known, (text) => {
        if (isEmail(text)) expect(canBeEmail(text)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a URL', () => {
  it.each([
    'https://example.com/@someone?a=b@c#d@e',
    'http://localhost:8080',
    'https://[::1]/',
    'https://example.com?x',
    'https://example.com/a%5Cb',
    `https://example.com/${'x'.repeat(2000)}`,
  ])('can be %s', (url) => {
    expect(isWebUrl(url)).toBe(true);
  });

  it.each([
    'https://bank.test@evil.test/',
    'https://user:password@example.com/',
    'https://:@example.com/',
    'https://@example.com/',
    'https://evil.test\\@bank.test/',
    'https:\\\\example.com\\',
    'https:/\\example.com/',
    'https://example.com/\\',
    'https://example.com\\.evil.test',
    'https://exa mple.com',
    'https://?x',
    'https://#x',
    'https://[::1',
    `https://example.com/${'x'.repeat(3000)}`,
  ])('cannot be %s', (url) => {
    expect(isWebUrl(url)).toBe(false);
  });
});

it('rejects an email that is longer than any account can have', () => {
  const long = 'a'.repeat(64_000);
  expect(isEmail(`${long}@example.com`)).toBe(false);
  expect(canBeEmail(`${long}@example.com`)).toBe(false);
  expect(isEmail(`a@${'名'.repeat(63)}.${'名'.repeat(63)}.co`)).toBe(true);
  expect(isEmail(`${'é'.repeat(244)}@example.com`)).toBe(true);
});
