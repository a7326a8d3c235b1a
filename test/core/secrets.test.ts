// Random tokens, digests, equality and the keys that one secret yields.
import { describe, expect, it } from 'vitest';
import {
  createKeyring,
  cryptoRandom,
  equalBytes,
  equalTexts,
  type KeyPurpose,
  randomToken,
  sha256Hex,
} from '../../src/core/secrets.ts';

const SECRET = 'a secret for tests that is long enough';
const OTHER = 'another secret for tests, as long as it must be';

describe('a random token', () => {
  it('is 256 bits in base64url', () => {
    expect(randomToken(cryptoRandom)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(randomToken((count) => new Uint8Array(count).fill(0xff))).toBe(`${'_'.repeat(42)}8`);
  });

  it('is never the same twice', () => {
    const tokens = Array.from({ length: 100 }, () => randomToken(cryptoRandom));
    expect(new Set(tokens).size).toBe(100);
  });
});

it('digests the UTF-8 of a text with SHA-256', async () => {
  // FIPS 180-2, appendix B.1, and `printf 'é' | sha256sum`.
  expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(await sha256Hex('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
});

describe('equality', () => {
  it.each([
    ['', '', true],
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'Abc', false],
    ['abc', 'abcd', false],
    ['abc', '', false],
    ['é', 'e\u0301', false],
  ])('of %j and %j is %s', (one, other, same) => {
    expect(equalTexts(one, other)).toBe(same);
    expect(equalTexts(other, one)).toBe(same);
  });

  it.each([
    [[1, 2, 3], [1, 2, 3], true],
    [[1, 2, 3], [1, 2, 4], false],
    [[1, 2, 3], [0, 2, 3], false],
    [[1, 2, 3], [1, 2], false],
    [[], [], true],
  ])('of the bytes %j and %j is %s', (one, other, same) => {
    expect(equalBytes(Uint8Array.from(one), Uint8Array.from(other))).toBe(same);
  });
});

describe('a keyring', () => {
  const purposes: KeyPurpose[] = ['jwt', 'derived token', 'device', 'identifier'];

  it('has another key for every purpose', async () => {
    const keyring = createKeyring([SECRET]);
    const signatures = await Promise.all(purposes.map((purpose) => keyring.sign(purpose, 'text')));
    expect(new Set(signatures.map((signature) => signature.toHex())).size).toBe(purposes.length);
  });

  it.each(purposes)('knows its own signature for %s, and no other', async (purpose) => {
    const keyring = createKeyring([SECRET]);
    const signature = await keyring.sign(purpose, 'text');
    const flipped = signature.map((byte, index) => (index === 31 ? byte ^ 1 : byte));
    expect(await keyring.verify(purpose, 'text', signature)).toBe(true);
    expect(await keyring.verify(purpose, 'Text', signature)).toBe(false);
    expect(await keyring.verify(purpose, 'text', flipped)).toBe(false);
    expect(await keyring.verify(purpose, 'text', signature.slice(0, 31))).toBe(false);
    expect(await keyring.verify(purpose, 'text', new Uint8Array(0))).toBe(false);
    expect(await createKeyring([OTHER]).verify(purpose, 'text', signature)).toBe(false);
  });

  it('signs under the current secret and honours those before it', async () => {
    const before = await createKeyring([OTHER]).sign('device', 'text');
    const rotating = createKeyring([SECRET, OTHER]);
    expect(await rotating.verify('device', 'text', before)).toBe(true);
    expect(await rotating.sign('device', 'text')).toEqual(
      await createKeyring([SECRET]).sign('device', 'text'),
    );
    expect(await rotating.signAll('device', 'text')).toEqual([await rotating.sign('device', 'text'), before]);
  });
});
