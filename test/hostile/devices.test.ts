// Hostile device marks: only a mark signed here is read, and reading never throws.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createKeyring, cryptoRandom } from '../../src/core/secrets.ts';
import { DEVICE_SECONDS } from '../../src/core/throttle/device-seconds.ts';
import { createDevices } from '../../src/core/throttle/devices.ts';
import { runs } from './runs.ts';

const NOW_MS = 1_700_000_000_000;
const open = (secret = 'a secret for tests that is long enough', nowMs = NOW_MS) =>
  createDevices({ keyring: createKeyring([secret]), random: cryptoRandom, nowMs: () => nowMs });

const devices = open();
const ids = fc.integer({ min: 1, max: 2 ** 50 });

/** A hash in our form, whose salt begins with eight characters of a kind. */
const hashOf = (kind: string) =>
  `$pbkdf2-sha512$i=75000,r=3$${kind.repeat(8).padEnd(22, 'A')}$${'B'.repeat(86)}`;
const passwordHash = hashOf('a');
const PIECE = '61'.repeat(8);

it('reads a mark as it was written: the last account first, at most eight', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ids, { minLength: 1, maxLength: 12 }), async (accountIds) => {
      let text: string | null = null;
      for (const id of accountIds) text = await devices.write(await devices.read(text), { id, passwordHash });
      const read = await devices.read(text);
      const last = [...new Set(accountIds.toReversed())].slice(0, 8);
      expect(read?.marks).toEqual(last.map((id) => `${id}_${PIECE}`));
      expect(read?.id).toMatch(/^[0-9a-f]{32}$/);
    }),
    runs(50),
  );
});

it('rejects a mark with any one bit changed or cut off anywhere', async () => {
  const text = await devices.write(null, { id: 42, passwordHash });
  expect(await devices.read(text)).toEqual({ id: text.slice(0, 32), marks: [`42_${PIECE}`], trusts: [] });
  for (let index = 0; index < text.length; index += 1) {
    expect(await devices.read(text.slice(0, index))).toBeNull();
    for (let bit = 0; bit < 7; bit += 1) {
      const changed = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit));
      expect(await devices.read(text.slice(0, index) + changed + text.slice(index + 1))).toBeNull();
    }
  }
});

it('rejects a mark signed with another key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), ids, async (secret, id) => {
      expect(await devices.read(await open(secret).write(null, { id, passwordHash }))).toBeNull();
    }),
    runs(50),
  );
});

it('rejects a mark after four hundred days', async () => {
  const text = await devices.write(null, { id: 42, passwordHash });
  const endMs = NOW_MS + DEVICE_SECONDS * 1000;
  expect(await open(undefined, endMs).read(text)).not.toBeNull();
  expect(await open(undefined, endMs + 1).read(text)).toBeNull();
});

it('rejects a mark with accounts added', async () => {
  const text = await devices.write(null, { id: 42, passwordHash });
  await fc.assert(
    fc.asyncProperty(fc.array(ids, { minLength: 1, maxLength: 9 }), async (others) => {
      const forged = text.replace(/\.42_/, `.${others.map((id) => `${id}_${PIECE}`).join('-')}-42_`);
      fc.pre(forged !== text);
      expect(await devices.read(forged)).toBeNull();
    }),
    runs(50),
  );
});

it('rejects any other text', async () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
  const mark = fc.tuple(fc.nat(), hex(16)).map((parts) => parts.join('_'));
  const alike = fc
    .tuple(hex(32), fc.nat(), fc.array(mark, { minLength: 1, maxLength: 8 }), hex(64))
    .map(([id, seconds, marks, signature]) => [id, seconds, marks.join('-'), signature].join('.'));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), alike, fc.constant(null)), async (text) => {
      expect(await devices.read(text)).toBeNull();
    }),
    runs(300),
  );
});

it('replaces the mark of an account after a change of its password', async () => {
  const first = await devices.write(null, { id: 7, passwordHash });
  const second = await devices.write(await devices.read(first), { id: 42, passwordHash });
  const third = await devices.write(await devices.read(second), { id: 7, passwordHash: hashOf('b') });
  expect((await devices.read(third))?.marks).toEqual([`7_${'62'.repeat(8)}`, `42_${PIECE}`]);
});
