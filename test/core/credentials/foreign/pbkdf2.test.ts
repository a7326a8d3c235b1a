// PBKDF2-HMAC-SHA256 in software: equal to published vectors and to the runtime's, and used past the runtime's limit.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { derivePbkdf2Sha256 } from '../../../../src/core/credentials/foreign/pbkdf2-sha256.ts';
import { fixture } from './support.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

/** The runtime's PBKDF2. Locally, unlike in production, it takes any number of iterations. */
const native = async (
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<string> => {
  const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256)).toHex();
};

describe('PBKDF2-HMAC-SHA256 in software', () => {
  // https://www.rfc-editor.org/rfc/rfc7914#section-11, the first 32 bytes of each
  it.each([
    ['passwd', 'salt', 1, '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc'],
    ['Password', 'NaCl', 80_000, '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56'],
  ])('gives the published result for %s, %s, %d', async (password, salt, iterations, expected) => {
    const derived = await derivePbkdf2Sha256(bytes(password), bytes(salt), iterations);
    expect(derived.toHex()).toBe(expected);
  });

  // HMAC uses a password of up to 64 bytes as its key and hashes a longer one first. A turn has 50,000 iterations.
  it.each([
    [0, 100],
    [1, 100],
    [63, 100],
    [64, 100],
    [65, 100],
    [1024, 100],
    [20, 1],
    [20, 2],
    [20, 50_000],
    [20, 50_001],
    [20, 50_002],
    [20, 100_001],
    [20, 100_002],
  ])(
    "equals the runtime's result for a password of %d bytes and %d iterations",
    async (length, iterations) => {
      const password = new Uint8Array(length).fill(0xa7);
      const derived = await derivePbkdf2Sha256(password, bytes('salt'), iterations);
      expect(derived.toHex()).toBe(await native(password, bytes('salt'), iterations));
    },
  );

  it("equals the runtime's result for random passwords, salts and iterations", async () => {
    const some = (max: number) =>
      fc.uint8Array({ minLength: 0, maxLength: max }).map((each) => new Uint8Array(each));
    await fc.assert(
      fc.asyncProperty(
        some(200),
        some(200),
        fc.integer({ min: 1, max: 300 }),
        async (password, salt, count) => {
          const derived = await derivePbkdf2Sha256(password, salt, count);
          expect(derived.toHex()).toBe(await native(password, salt, count));
        },
      ),
    );
  });

  it('keeps parallel derivations apart', async () => {
    const passwords = ['one', 'another', 'a third'];
    const derived = await Promise.all(
      passwords.map((each) => derivePbkdf2Sha256(bytes(each), bytes('salt'), 120_000)),
    );
    const expected = await Promise.all(passwords.map((each) => native(bytes(each), bytes('salt'), 120_000)));
    expect(derived.map((each) => each.toHex())).toEqual(expected);
  });
});

describe("the runtime's PBKDF2", () => {
  const iterationsAsked = async (file: string, beginning: string): Promise<unknown[]> => {
    const { password, hash } = fixture(file, beginning, 'correct horse battery staple');
    const deriveBits = vi.spyOn(crypto.subtle, 'deriveBits');
    expect(await verifyForeignHash(password, hash)).toBe(true);
    const asked = deriveBits.mock.calls.map(([algorithm]) =>
      typeof algorithm === 'object' && 'iterations' in algorithm ? algorithm.iterations : null,
    );
    deriveBits.mockRestore();
    return asked;
  };

  it('computes all iterations of a hash within its limit', async () => {
    expect(await iterationsAsked('Django 5.2', 'pbkdf2_sha256$1000$')).toEqual([1000]);
    expect(await iterationsAsked('passlib', '$pbkdf2-sha512$1000$')).toEqual([1000]);
  });

  it('never gets more iterations in a call than production allows', async () => {
    expect(await iterationsAsked('Django 5.2', 'pbkdf2_sha256$100001$')).toEqual([1]);
  });
});
