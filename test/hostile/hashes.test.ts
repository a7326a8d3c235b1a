// Hostile texts of password hashes: a text is read exactly or not at all, and never causes too much work.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../src/core/credentials/foreign/index.ts';
import { parseHash } from '../../src/core/credentials/own-hash.ts';
import { createPasswords } from '../../src/core/credentials/passwords.ts';
import { cryptoRandom } from '../../src/core/secrets.ts';
import { watchHashes } from '../support/counting.ts';
import { runs } from './runs.ts';

const passwords = createPasswords({ iterations: 1, rounds: 1 }, cryptoRandom);

const base64 = (bytes: Uint8Array): string => bytes.toBase64({ omitPadding: true });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** Hashes in Latchkey's own form. */
const ours = fc.record({
  iterations: fc.integer({ min: 1, max: 100_000 }),
  rounds: fc.integer({ min: 1, max: 50 }),
  salt: bytes(16),
  hash: bytes(64),
});
type Ours = { iterations: number | string; rounds: number | string; salt: Uint8Array; hash: Uint8Array };
const write = ({ iterations, rounds, salt, hash }: Ours): string =>
  `$pbkdf2-sha512$i=${iterations},r=${rounds}$${base64(salt)}$${base64(hash)}`;

/** A text with one character inserted, removed or replaced. */
const mutate = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(
      texts,
      fc.nat(),
      fc.constantFrom('put', 'take', 'replace'),
      fc.string({ minLength: 1, maxLength: 2 }),
    )
    .map(([text, at, how, other]) => {
      const index = at % (text.length + 1);
      const rest = text.slice(how === 'put' ? index : index + 1);
      return text.slice(0, index) + (how === 'take' ? '' : other) + rest;
    });

describe("a hash in Latchkey's own form", () => {
  it('parses to the parts that it was written from', () => {
    fc.assert(
      fc.property(ours, (parts) => {
        const parsed = parseHash(write(parts));
        expect(parsed && { ...parsed, salt: [...parsed.salt], hash: [...parsed.hash] }).toEqual({
          ...parts,
          salt: [...parts.salt],
          hash: [...parts.hash],
        });
      }),
      runs(100),
    );
  });

  it('parses to other parts or not at all with any change', () => {
    fc.assert(
      fc.property(mutate(ours.map(write)), (text) => {
        const parsed = parseHash(text);
        if (parsed) expect(write(parsed)).toBe(text);
      }),
      runs(500),
    );
  });

  const tooMuch = fc.oneof(
    fc.integer({ min: 100_001 }).map(String),
    fc.bigInt({ min: 100_001n }).map(String),
    fc.constantFrom(
      '0',
      '-1',
      '1e3',
      '0x10',
      '1.5',
      '01',
      '+1',
      ' 1',
      'NaN',
      'Infinity',
      '',
      '١',
      '9'.repeat(400),
    ),
  );

  it.each(['iterations', 'rounds'] as const)('does not parse if its %s are out of bounds', (name) => {
    fc.assert(
      fc.property(ours, tooMuch, (parts, cost) => {
        expect(parseHash(write({ ...parts, [name]: cost }))).toBeNull();
      }),
      runs(200),
    );
    const zeros = { salt: new Uint8Array(16), hash: new Uint8Array(64) };
    expect(parseHash(write({ iterations: 100_000, rounds: 50, ...zeros }))).not.toBeNull();
    expect(parseHash(write({ iterations: 100_001, rounds: 50, ...zeros }))).toBeNull();
    expect(parseHash(write({ iterations: 100_000, rounds: 51, ...zeros }))).toBeNull();
  });
});

describe('any text as a hash', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), mutate(ours.map(write)));

  it('matches no password and does not throw', async () => {
    const right = await passwords.hash('correct horse 1');
    expect(await passwords.verify('correct horse 1', right)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), mutate(fc.constant(right))), async (text) => {
        fc.pre(text !== right);
        // A text that is still a hash could ask for all the work that the bounds allow, which would be slow.
        fc.pre((parseHash(text)?.iterations ?? 0) < 20);
        expect(await passwords.verify('correct horse 1', text)).toBe(false);
        expect(typeof (await passwords.needsRehash(text, 'any'))).toBe('boolean');
      }),
      runs(200),
    );
  });

  it('causes at most fifty calls of at most 100,000 iterations', async () => {
    const dearest = write({ iterations: 2, rounds: 50, salt: new Uint8Array(16), hash: new Uint8Array(64) });
    const { iterations } = await watchHashes(() => passwords.verify('x', dearest));
    expect(iterations).toEqual(Array(50).fill(2));
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseHash(text);
        expect(parsed === null || (parsed.iterations <= 100_000 && parsed.rounds <= 50)).toBe(true);
      }),
      runs(300),
    );
  });
});

describe('a hash that other software made', () => {
  const SALT = 'c2FsdHNhbHRzYWx0c2FsdA';
  const KEY = 'a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U';
  const BCRYPT = 'N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy';
  const known = [
    `pbkdf2_sha256$600000$salt$${KEY}=`,
    `$pbkdf2-sha256$i=1000$${SALT}$${KEY}`,
    `$2b$10$${BCRYPT}`,
    `bcrypt_sha256$$2b$12$${BCRYPT}`,
    `$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${KEY}`,
    `$scrypt$ln=14,r=8,p=1$${SALT}$${KEY}`,
    `scrypt$16384$salt$8$1$${KEY}=`,
    `${'0a'.repeat(16)}:${'0b'.repeat(64)}`,
  ];
  const foreign = fc.constantFrom(...known);
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    mutate(foreign),
    mutate(mutate(foreign)),
  );

  it.each(known)('has a kind that can be verified: %s', (text) => {
    expect(describeForeignHash(text).ok).toBe(true);
  });

  it('gets a kind or a reason that quotes neither salt nor key', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const described = describeForeignHash(text);
        const said = described.ok ? described.algorithm : described.reason;
        expect(said.length).toBeGreaterThan(3);
        expect(said.length).toBeLessThan(200);
        for (const secret of [SALT.slice(2, 12), KEY.slice(2, 12), BCRYPT.slice(2, 12), '0a0a0a', '0b0b0b'])
          expect(said).not.toContain(secret);
      }),
      runs(500),
    );
  });

  it('gets refused if any of its parameters is past the bounds', () => {
    const more = fc.bigInt({ min: 2_000_001n, max: 10n ** 40n });
    const asking: ((count: bigint) => string)[] = [
      (count) => `pbkdf2_sha256$${count}$salt$${KEY}=`,
      (count) => `$pbkdf2-sha256$i=${count}$${SALT}$${KEY}`,
      (count) => `$pbkdf2-sha256$${count}$${SALT}$${KEY}`,
      (count) => `$2b$${count}$${BCRYPT}`,
      (count) => `$argon2id$v=19$m=${count},t=3,p=4$${SALT}$${KEY}`,
      (count) => `$argon2id$v=19$m=65536,t=${count},p=4$${SALT}$${KEY}`,
      (count) => `$argon2id$v=19$m=65536,t=3,p=${count}$${SALT}$${KEY}`,
      (count) => `$argon2id$v=${count}$m=65536,t=3,p=4$${SALT}$${KEY}`,
      (count) => `$scrypt$ln=${count},r=8,p=1$${SALT}$${KEY}`,
      (count) => `$scrypt$ln=14,r=${count},p=1$${SALT}$${KEY}`,
      (count) => `$scrypt$ln=14,r=8,p=${count}$${SALT}$${KEY}`,
      (count) => `scrypt$${count}$salt$8$1$${KEY}=`,
    ];
    fc.assert(
      fc.property(more, fc.constantFrom(...asking), (count, ask) => {
        expect(describeForeignHash(ask(count)).ok).toBe(false);
      }),
      runs(300),
    );
  });

  it('matches no password, at no cost, if it is not a verifiable hash', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.string({ unit: 'binary' }), async (text, password) => {
        fc.pre(!describeForeignHash(text).ok);
        const { value, iterations } = await watchHashes(() => verifyForeignHash(password, text));
        expect([value, iterations]).toEqual([false, []]);
      }),
      runs(200),
    );
  });
});
