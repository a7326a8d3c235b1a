// `derive`, the function behind password hashes: the results of other implementations, and the bounds of its cost.
import { describe, expect, it } from 'vitest';
import { derive, isRunnableCost } from '../../../src/core/credentials/own-hash.ts';
import { createPasswords } from '../../../src/core/credentials/passwords.ts';
import { cryptoRandom } from '../../../src/core/secrets.ts';
import { watchHashes } from '../../support/counting.ts';

const utf8 = new TextEncoder();
const countUp = new Uint8Array([...Array(16).keys()]);

const deriveHex = async (password: string, salt: string, iterations: number, rounds: number) =>
  (await derive(password, new Uint8Array(utf8.encode(salt)), { iterations, rounds })).toHex();

describe('derive with one round', () => {
  // RFC 6070's inputs with SHA-512, 64 bytes, as published at https://stackoverflow.com/questions/15593184
  // and since used by many libraries; Python's hashlib.pbkdf2_hmac gives the same.
  it.each([
    [
      'password',
      'salt',
      1,
      '867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252' +
        'c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce',
    ],
    [
      'password',
      'salt',
      2,
      'e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c' +
        'f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e',
    ],
    [
      'password',
      'salt',
      4096,
      'd197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5' +
        '143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5',
    ],
    [
      'passwordPASSWORDpassword',
      'saltSALTsaltSALTsaltSALTsaltSALTsalt',
      4096,
      '8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71' +
        '115b59f9e60cd9532fa33e0f75aefe30225c583a186cd82bd4daea9724a3d3b8',
    ],
  ])(
    'equals PBKDF2-HMAC-SHA512 for %s and %s, %d iterations',
    async (password, salt, iterations, expected) => {
      expect(await deriveHex(password, salt, iterations, 1)).toBe(expected);
    },
  );
});

describe('derive with several rounds', () => {
  // Python: p = password.encode(); for _ in range(r): p = hashlib.pbkdf2_hmac('sha512', p, salt, i); p.hex()
  it.each([
    [
      1,
      2,
      '7477b00ff6fffda1f4a42e300ad3da45af56ad56a563ab7db71168d5bd79c36d' +
        'c664d81b09bea807646c9d7bed31f2afdde9376000bc7e28bc16818c37cb15a7',
    ],
    [
      1,
      3,
      '7b95b8f10f2a2f4faaa712b6f5aaa97a6745ba23df4b531a202dbcf9485364d7' +
        '11de6418343c7999bf9a1a52e3d4a288f5f9f15a863a00b19f5e3c1b0fa62900',
    ],
    [
      4096,
      2,
      '8da0be684666ca9107c08b207f52c6b24f2e438db24bd74a23a72eae8463955d' +
        'e09257ff4f5308476a6fff5a22c2d6b5ca331e46ae3dfeab35fe0fd8e65fe43e',
    ],
    [
      4096,
      3,
      '0e04f91a085fa6eb384e141628e4ec33b0a296859456a2af4f75b89c7eda1da2' +
        'bb0b534b3ca2d01c2a7dc68259ca899d0d153462225377873bf69a8cbce9681d',
    ],
  ])(
    'takes the result of each round as the password of the next: %d iterations, %d rounds',
    async (iterations, rounds, expected) => {
      expect(await deriveHex('password', 'salt', iterations, rounds)).toBe(expected);
    },
  );

  it('encodes the password of the first round as UTF-8', async () => {
    const bytes = await derive('pässwörd 🔑', countUp, { iterations: 1000, rounds: 3 });
    expect(bytes.toHex()).toBe(
      '0506413141b1749d81a0059737a24c2b75b06bf6f71c72f9e1efdc367d248243' +
        '4e0c14a156f5c4bd40d50c114730932d128be91216b8522bb21dfe4f9c22fac2',
    );
  });
});

describe('the cost of a password hash', () => {
  it.each([
    [0, 1],
    [100_001, 1],
    [1.5, 1],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
    [1000, 0],
    [1000, 51],
    [1000, 1.5],
  ])('cannot have %d iterations and %d rounds: throws before it hashes', async (iterations, rounds) => {
    const cost = { iterations, rounds };
    const { value, iterations: hashed } = await watchHashes(() =>
      derive('correct horse 1', countUp, cost).catch((error: unknown) => error),
    );
    expect(value).toBeInstanceOf(RangeError);
    expect(hashed).toEqual([]);
    expect(isRunnableCost(cost)).toBe(false);
    expect(() => createPasswords(cost, cryptoRandom)).toThrow(RangeError);
  });

  it('can have 1 to 100,000 iterations and 1 to 50 rounds', () => {
    expect(isRunnableCost({ iterations: 1, rounds: 1 })).toBe(true);
    expect(isRunnableCost({ iterations: 100_000, rounds: 50 })).toBe(true);
  });
});
