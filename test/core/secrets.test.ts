// Random tokens, digests, comparisons, and the keys that are derived from TOKEN_SECRET.
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
  it('has 256 bits in base64url', () => {
    expect(randomToken(cryptoRandom)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(randomToken((count) => new Uint8Array(count).fill(0xff))).toBe(`${'_'.repeat(42)}8`);
  });

  it('differs each time', () => {
    const tokens = Array.from({ length: 100 }, () => randomToken(cryptoRandom));
    expect(new Set(tokens).size).toBe(100);
  });
});

it('digests the UTF-8 of a text with SHA-256', async () => {
  // FIPS 180-2, appendix B.1, and `printf 'é' | sha256sum`.
  expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(await sha256Hex('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
});

describe('comparison', () => {
  it.each([
    ['', '', true],
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'Abc', false],
    ['abc', 'abcd', false],
    ['abc', '', false],
    ['é', 'e\u0301', false],
  ])('says of the texts %j and %j: %s', (one, other, same) => {
    expect(equalTexts(one, other)).toBe(same);
    expect(equalTexts(other, one)).toBe(same);
  });

  it.each([
    [[1, 2, 3], [1, 2, 3], true],
    [[1, 2, 3], [1, 2, 4], false],
    [[1, 2, 3], [0, 2, 3], false],
    [[1, 2, 3], [1, 2], false],
    [[], [], true],
  ])('says of the bytes %j and %j: %s', (one, other, same) => {
    expect(equalBytes(Uint8Array.from(one), Uint8Array.from(other))).toBe(same);
  });
});

/**
 * HMAC-SHA256 of 'text' under the key of each purpose. Made with Node's `hkdfSync('sha256', secret, salt, info, 32)`, a
 * salt of 32 zero bytes and the info `latchkey <purpose>`. A changed label would void every token of its purpose.
 */
const GOLDEN: Readonly<Record<KeyPurpose, string>> = {
  // The secret itself is the key: RFC 7515.
  jwt: '0b1364395396335d417098ec81d78842294bb893c6bff19633b096884c131289',
  'derived token': '5db34d78df594726e5a386a968f020740fa369c90bfdb2aff36d4bd903eafd92',
  device: 'e3a948b8c0466d4d6371049250733eadc60e73cdf795e970ff0f18073de3ad68',
  identifier: '8adbbaa19534246c036ed5fe062a1de17850e907bb8347bebc22428a5c443ac9',
  challenge: '0baf8e6dc6533f90d6596bdcf297d462435b9a64358233b993ae13c4e1d0f18e',
  'key name': '8c5b44309ed0c9fc62dde69ae314d5cc7c02b1315d82927a869e82a8d067397f',
  proof: 'd5dcddd26d25e68d863ba2274d4665a877c71e166283016f68d3de9be271c18b',
  'proof code': '7b9f9fab4ffad564e103c5570c8f5c409c3b055e10f75303dc4af9c225e2cb77',
  'authorization code': 'e29c44048500a0c1f196b26f19efab8eaeccb9f08bbb4360d396cb67725bf6de',
  'refresh token': 'f12fc4a5fa667553b02469255b4e65a0da8bd13b2d050c8bb3e66d32f115ab19',
};

const isPurpose = (name: string): name is KeyPurpose => name in GOLDEN;

describe('a keyring', () => {
  const purposes = Object.keys(GOLDEN).filter(isPurpose);

  it.each(purposes)('signs for %s as every earlier version did', async (purpose) => {
    expect((await createKeyring([SECRET]).sign(purpose, 'text')).toHex()).toBe(GOLDEN[purpose]);
  });

  it('encrypts as every earlier version did', async () => {
    const [key = expect.fail()] = await createKeyring([SECRET]).encryptionKeys();
    const text = new TextEncoder().encode('text');
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, text);
    // Computed with Node's `aes-256-gcm`: the text, then the tag.
    expect(new Uint8Array(sealed).toHex()).toBe('85fb78a11ecbff82c3700e215ee368ad85ec15cd');
  });

  it('has a different key for every purpose', async () => {
    const keyring = createKeyring([SECRET]);
    const signatures = await Promise.all(purposes.map((purpose) => keyring.sign(purpose, 'text')));
    expect(new Set(signatures.map((signature) => signature.toHex())).size).toBe(purposes.length);
  });

  it.each(purposes)('verifies its own signature for %s, and no other', async (purpose) => {
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

  it('signs under the current secret and verifies under the previous ones too', async () => {
    const before = await createKeyring([OTHER]).sign('device', 'text');
    const rotating = createKeyring([SECRET, OTHER]);
    expect(await rotating.verify('device', 'text', before)).toBe(true);
    expect(await rotating.sign('device', 'text')).toEqual(
      await createKeyring([SECRET]).sign('device', 'text'),
    );
    expect(await rotating.signAll('device', 'text')).toEqual([await rotating.sign('device', 'text'), before]);
  });
});
