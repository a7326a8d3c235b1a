// Trusted browsers: for 30 days the password is enough, as long as password and factor do not change.
import { describe, expect, it } from 'vitest';
import { createKeyring, cryptoRandom } from '../../../src/core/secrets.ts';
import { createDevices } from '../../../src/core/throttle/devices.ts';

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const open = (nowMs = NOW_MS, secrets: [string, ...string[]] = ['a secret for tests that is long enough']) =>
  createDevices({ keyring: createKeyring(secrets), random: cryptoRandom, nowMs: () => nowMs });

const hashOf = (kind: string) =>
  `$pbkdf2-sha512$i=75000,r=3$${kind.repeat(8).padEnd(22, 'A')}$${'B'.repeat(86)}`;
const ann = { id: 42, passwordHash: hashOf('a') };
const ben = { id: 43, passwordHash: hashOf('a') };
const FACTOR = 7;

const trusted = async () => open().write(null, ann, FACTOR);

/** Whether the text that a device keeps is trusted at a moment. */
const isTrusted = async (
  text: string,
  {
    at = NOW_MS,
    account = ann,
    factorIds = [FACTOR],
  }: { at?: number; account?: typeof ann; factorIds?: number[] } = {},
) => {
  const devices = open(at);
  return devices.isTrusted(await devices.read(text), account, factorIds);
};

describe('a trusted browser', () => {
  it('stays trusted for 30 days, to the second', async () => {
    const text = await trusted();
    expect(await isTrusted(text)).toBe(true);
    expect(await isTrusted(text, { at: NOW_MS + 30 * DAY_MS - 1000 })).toBe(true);
    expect(await isTrusted(text, { at: NOW_MS + 30 * DAY_MS })).toBe(false);
  });

  it('has no trust for another account', async () => {
    expect(await isTrusted(await trusted(), { account: ben })).toBe(false);
  });

  it('has no trust after a change of the password', async () => {
    expect(await isTrusted(await trusted(), { account: { ...ann, passwordHash: hashOf('b') } })).toBe(false);
  });

  it('has no trust after its factor is removed, even if others exist', async () => {
    expect(await isTrusted(await trusted(), { factorIds: [] })).toBe(false);
    expect(await isTrusted(await trusted(), { factorIds: [8] })).toBe(false);
    expect(await isTrusted(await trusted(), { factorIds: [6, FACTOR, 8] })).toBe(true);
  });

  it('has no trust if the hash is not one of ours', async () => {
    const imported = { id: 42, passwordHash: 'pbkdf2_sha256$1$salt$hash' };
    const text = await open().write(null, imported, FACTOR);
    expect(await isTrusted(text, { account: imported })).toBe(false);
  });

  it('stays trusted until the same day if the account logs in again', async () => {
    const later = open(NOW_MS + 20 * DAY_MS);
    const text = await later.write(await later.read(await trusted()), ann);
    expect(await isTrusted(text, { at: NOW_MS + 29 * DAY_MS })).toBe(true);
    expect(await isTrusted(text, { at: NOW_MS + 31 * DAY_MS })).toBe(false);
  });

  it('stays trusted when another account logs in', async () => {
    const devices = open();
    const text = await devices.write(await devices.read(await trusted()), ben);
    expect(await isTrusted(text)).toBe(true);
    expect(await isTrusted(text, { account: ben })).toBe(false);
  });

  it('loses its trust with a login after a change of the password', async () => {
    const devices = open();
    const changed = { ...ann, passwordHash: hashOf('b') };
    const text = await devices.write(await devices.read(await trusted()), changed);
    expect(await isTrusted(text)).toBe(false);
    expect(await isTrusted(text, { account: changed })).toBe(false);
  });

  it('has the same mark to count failures as one that is not trusted', async () => {
    const devices = open();
    const [plain, trusting] = await Promise.all([devices.write(null, ann), trusted()]);
    expect((await devices.read(trusting))?.marks).toEqual((await devices.read(plain))?.marks);
  });

  it('gets rejected if a client wrote the trust into its text', async () => {
    const plain = await open().write(null, ann);
    const [id, seconds, mark, signature] = plain.split('.');
    const until = Math.floor(NOW_MS / 1000) + 1000;
    expect(await open().read(`${id}.${seconds}.${mark}_${FACTOR}_${until}.${signature}`)).toBeNull();
  });
});
