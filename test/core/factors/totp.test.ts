// One-time codes: the vectors of RFC 4226 and RFC 6238, the window, one use of each step, and base32.
import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../../src/core/factors/base32.ts';
import {
  findStep,
  hotp,
  normalizeCode,
  packTotp,
  stepOf,
  type Totp,
  type TotpHash,
  totpUri,
  USUAL_TOTP,
  unpackTotp,
} from '../../../src/core/factors/totp.ts';
import { toUtf8 } from '../../support/authenticator.ts';

const SEED = '12345678901234567890';

const usual: Totp = { ...USUAL_TOTP, secret: toUtf8(SEED) };

describe('HOTP by RFC 4226, appendix D', () => {
  it.each([
    [0, '755224'],
    [1, '287082'],
    [2, '359152'],
    [3, '969429'],
    [4, '338314'],
    [5, '254676'],
    [6, '287922'],
    [7, '162583'],
    [8, '399871'],
    [9, '520489'],
  ])('gives counter %i the code %s', async (counter, code) => {
    expect(await hotp(usual, counter)).toBe(code);
  });
});

describe('TOTP by RFC 6238, appendix B', () => {
  const generators: Record<TotpHash, Totp> = {
    'SHA-1': { secret: toUtf8(SEED), hash: 'SHA-1', digits: 8, periodSeconds: 30 },
    'SHA-256': { secret: toUtf8(`${SEED}123456789012`), hash: 'SHA-256', digits: 8, periodSeconds: 30 },
    'SHA-512': { secret: toUtf8(`${SEED.repeat(3)}1234`), hash: 'SHA-512', digits: 8, periodSeconds: 30 },
  };

  it.each<[seconds: number, codes: Record<TotpHash, string>]>([
    [59, { 'SHA-1': '94287082', 'SHA-256': '46119246', 'SHA-512': '90693936' }],
    [1111111109, { 'SHA-1': '07081804', 'SHA-256': '68084774', 'SHA-512': '25091201' }],
    [1111111111, { 'SHA-1': '14050471', 'SHA-256': '67062674', 'SHA-512': '99943326' }],
    [1234567890, { 'SHA-1': '89005924', 'SHA-256': '91819424', 'SHA-512': '93441116' }],
    [2000000000, { 'SHA-1': '69279037', 'SHA-256': '90698825', 'SHA-512': '38618901' }],
    [20000000000, { 'SHA-1': '65353130', 'SHA-256': '77737706', 'SHA-512': '47863826' }],
  ])('gives second %i the published codes of all three hashes', async (seconds, codes) => {
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-512'] as const) {
      const totp = generators[hash];
      const step = stepOf(totp, seconds * 1000);
      expect(await hotp(totp, step)).toBe(codes[hash]);
      expect(await findStep(totp, codes[hash], seconds * 1000, { window: 0, lastStep: 0 })).toBe(step);
    }
  });
});

describe('the window', () => {
  const NOW_MS = 1_111_111_111_000;
  const now = stepOf(usual, NOW_MS);
  const find = async (offset: number, window: number, lastStep = 0) =>
    findStep(usual, await hotp(usual, now + offset), NOW_MS, { window, lastStep });

  it('accepts the current step and neither the last nor the next one if it is 0', async () => {
    expect(await find(0, 0)).toBe(now);
    expect(await find(-1, 0)).toBeNull();
    expect(await find(1, 0)).toBeNull();
  });

  it('accepts one step before and one after, and no more, if it is 1', async () => {
    expect(await find(-1, 1)).toBe(now - 1);
    expect(await find(1, 1)).toBe(now + 1);
    expect(await find(-2, 1)).toBeNull();
    expect(await find(2, 1)).toBeNull();
  });

  it('rejects a step whose code was used, and every step before it', async () => {
    expect(await find(0, 1, now)).toBeNull();
    expect(await find(-1, 1, now)).toBeNull();
    expect(await find(1, 1, now)).toBe(now + 1);
  });

  it('begins and ends with the step, to the millisecond', async () => {
    const code = await hotp(usual, now);
    const startMs = now * 30_000;
    const at = (ms: number) => findStep(usual, code, ms, { window: 0, lastStep: 0 });
    expect(await at(startMs)).toBe(now);
    expect(await at(startMs + 29_999)).toBe(now);
    expect(await at(startMs + 30_000)).toBeNull();
    expect(await at(startMs - 1)).toBeNull();
  });

  it.each(['', '12345', '1234567', 'abcdef', '１２３４５６'])('rejects the code %j', async (code) => {
    expect(await findStep(usual, code, NOW_MS, { window: 1, lastStep: 0 })).toBeNull();
  });
});

it('reads a code with spaces or hyphens', () => {
  expect(normalizeCode(' 123 456 ')).toBe('123456');
  expect(normalizeCode('123-456')).toBe('123456');
});

it('writes the otpauth URI that authenticator apps read', () => {
  expect(totpUri(usual, 'Acme: Accounts', 'ann@example.com')).toBe(
    'otpauth://totp/Acme%20%20Accounts:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%20Accounts&algorithm=SHA1&digits=6&period=30',
  );
});

it('unpacks what it packed, and rejects other bytes', () => {
  const imported: Totp = { secret: toUtf8(SEED), hash: 'SHA-512', digits: 8, periodSeconds: 60 };
  expect(unpackTotp(packTotp(imported))).toEqual(imported);
  expect(unpackTotp(packTotp(usual))).toEqual(usual);
  for (const hex of ['', '00061e', '03061e01', '00051e01', '00091e01', '00060001'])
    expect(unpackTotp(Uint8Array.fromHex(hex))).toBeNull();
});

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('matches the vector of RFC 4648 for %j', (plain, encoded) => {
    expect(encodeBase32(toUtf8(plain))).toBe(encoded);
    expect(decodeBase32(encoded)).toEqual(toUtf8(plain));
  });

  it('reads lower case, groups and padding', () => {
    expect(decodeBase32('mzxw 6ytb-oi======')).toEqual(toUtf8('foobar'));
  });

  it.each(['MZXW6Y1B', 'MZ=XQ', 'M', 'MZ', 'MZXW6YT', 'Ä'])('rejects %j', (text) => {
    expect(decodeBase32(text)).toBeNull();
  });
});
