// The bounds of foreign hashes: the limit is accepted, one past it is refused with its reason before any work.
import { describe, expect, it, vi } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';

/** Base64 of that many zero bytes. */
const zeros = (bytes: number, padding: 'padded' | 'unpadded' = 'unpadded'): string => {
  const text = btoa('\0'.repeat(bytes));
  return padding === 'padded' ? text : text.replace(/=+$/, '');
};

const django = (iterations: string, digest = 'sha256', bytes = 32): string =>
  `pbkdf2_${digest}$${iterations}$salt$${zeros(bytes, 'padded')}`;
const djangoScrypt = (cost: { n?: string; r?: string; p?: string; bytes?: number }): string =>
  `scrypt$${cost.n ?? 16384}$salt$${cost.r ?? 8}$${cost.p ?? 1}$${zeros(cost.bytes ?? 64, 'padded')}`;
const argon2 = (cost: { m?: string; t?: string; p?: string; salt?: number; bytes?: number }): string =>
  `$argon2id$v=19$m=${cost.m ?? 64},t=${cost.t ?? 1},p=${cost.p ?? 1}$${zeros(cost.salt ?? 16)}$${zeros(cost.bytes ?? 32)}`;
const bcrypt = (cost: string): string => `$2b$${cost}$${'.'.repeat(53)}`;

const iterations = (asked: string, digest: string, limit: string): string =>
  `It asks for ${asked} iterations of PBKDF2 with ${digest}; at most ${limit} can be verified here.`;
const damaged = (family: string): string =>
  `It begins like ${family}, but is damaged, cut short or written in another form.`;
const tooMuchScryptMemory =
  'It asks for more memory for scrypt (128·N·r bytes); at most 64 MiB can be verified here.';

const pairs: [what: string, taken: string, refused: string, reason: string][] = [
  [
    'iterations with SHA-256',
    django('2000000'),
    django('2000001'),
    iterations('2000001', 'SHA-256', '2000000'),
  ],
  [
    'iterations with SHA-1',
    django('1500000', 'sha1', 20),
    django('1500001', 'sha1', 20),
    iterations('1500001', 'SHA-1', '1500000'),
  ],
  [
    'iterations with SHA-512',
    `$pbkdf2-sha512$500000$AA$${zeros(64)}`,
    `$pbkdf2-sha512$500001$AA$${zeros(64)}`,
    iterations('500001', 'SHA-512', '500000'),
  ],
  [
    'iterations in a PHC string',
    `$pbkdf2-sha256$i=2000000$AA$${zeros(32)}`,
    `$pbkdf2-sha256$i=2147483647$AA$${zeros(32)}`,
    iterations('2147483647', 'SHA-256', '2000000'),
  ],
  ['at least one iteration', django('1'), django('0'), damaged('a PBKDF2 hash')],
  ['a number of ten digits', django('2000000'), django('10000000000'), damaged('a PBKDF2 hash')],
  ["the PBKDF2 key's length", django('1'), django('1', 'sha256', 64), damaged('a PBKDF2 hash')],
  [
    'the shortest PBKDF2 salt',
    `$pbkdf2-sha256$1$AA$${zeros(32)}`,
    `$pbkdf2-sha256$1$$${zeros(32)}`,
    'Its salt is not of 1 to 128 bytes.',
  ],
  [
    'the longest PBKDF2 salt',
    django('1').replace('salt', 's'.repeat(128)),
    django('1').replace('salt', 's'.repeat(129)),
    'Its salt is not of 1 to 128 bytes.',
  ],
  ["scrypt's memory", djangoScrypt({ n: '65536' }), djangoScrypt({ n: '131072' }), tooMuchScryptMemory],
  [
    "scrypt's memory, by block size",
    djangoScrypt({ r: '32' }),
    djangoScrypt({ r: '33' }),
    tooMuchScryptMemory,
  ],
  [
    "scrypt's exponent",
    `$scrypt$ln=16,r=8,p=1$AA$${zeros(32)}`,
    `$scrypt$ln=9999999999,r=8,p=1$AA$${zeros(32)}`,
    tooMuchScryptMemory,
  ],
  [
    "scrypt's block size",
    djangoScrypt({ n: '2', r: '32' }),
    djangoScrypt({ n: '2', r: '33' }),
    'It asks for a scrypt block size of 33; at most 32 can be verified here.',
  ],
  [
    "scrypt's parallelism",
    djangoScrypt({ n: '2', p: '16' }),
    djangoScrypt({ n: '2', p: '17' }),
    'It asks for a scrypt parallelism of 17; at most 16 can be verified here.',
  ],
  [
    "scrypt's work",
    djangoScrypt({ p: '8' }),
    djangoScrypt({ p: '9' }),
    'It asks for 1179648 units of scrypt work (N·r·p); at most 1048576 can be verified here.',
  ],
  [
    "scrypt's work factor, a power of two",
    djangoScrypt({ n: '2' }),
    djangoScrypt({ n: '3' }),
    'Its scrypt work factor is not a power of two.',
  ],
  [
    "scrypt's work factor, above 1",
    djangoScrypt({ n: '4' }),
    djangoScrypt({ n: '1' }),
    'Its scrypt work factor is not a power of two.',
  ],
  [
    "scrypt's shortest key",
    djangoScrypt({ bytes: 32 }),
    djangoScrypt({ bytes: 31 }),
    damaged('a scrypt hash'),
  ],
  [
    "scrypt's keys between 32 and 64 bytes",
    djangoScrypt({ bytes: 64 }),
    djangoScrypt({ bytes: 48 }),
    damaged('a scrypt hash'),
  ],
  ["scrypt's longest key", djangoScrypt({}), djangoScrypt({ bytes: 65 }), damaged('a scrypt hash')],
  [
    "Argon2's memory",
    argon2({ m: '102400' }),
    argon2({ m: '102401' }),
    'It asks for 102401 KiB of memory for Argon2; at most 102400 KiB can be verified here.',
  ],
  [
    "Argon2's passes",
    argon2({ m: '65536', t: '4' }),
    argon2({ m: '65536', t: '5' }),
    'It asks for 5 passes of Argon2 over 65536 KiB; at most 262144 KiB in all passes can be verified here.',
  ],
  [
    "Argon2's lanes",
    argon2({ m: '1024', p: '16' }),
    argon2({ m: '1024', p: '17' }),
    'It asks for 17 lanes of Argon2; at most 16 can be verified here.',
  ],
  [
    "Argon2's memory for each lane",
    argon2({ m: '32', p: '4' }),
    argon2({ m: '31', p: '4' }),
    'It gives 4 lanes of Argon2 only 31 KiB of memory, less than 8 each.',
  ],
  ["Argon2's shortest salt", argon2({ salt: 8 }), argon2({ salt: 7 }), damaged('an Argon2 hash')],
  ["Argon2's longest salt", argon2({ salt: 128 }), argon2({ salt: 129 }), damaged('an Argon2 hash')],
  ["Argon2's shortest key", argon2({ bytes: 16 }), argon2({ bytes: 15 }), damaged('an Argon2 hash')],
  ["Argon2's longest key", argon2({ bytes: 64 }), argon2({ bytes: 65 }), damaged('an Argon2 hash')],
  [
    "bcrypt's highest cost",
    bcrypt('14'),
    bcrypt('15'),
    'It asks for bcrypt at cost 15; at most 14 can be verified here.',
  ],
  ["bcrypt's lowest cost", bcrypt('04'), bcrypt('03'), damaged('a bcrypt hash')],
];

describe('the bounds of a foreign hash', () => {
  it.each(pairs)('accept the limit and refuse what is past it: %s', async (_, taken, refused, reason) => {
    expect(describeForeignHash(taken)).toEqual({ ok: true, algorithm: expect.any(String) });
    expect(describeForeignHash(refused)).toEqual({ ok: false, reason });
    const native = vi.spyOn(crypto.subtle, 'importKey');
    expect(await verifyForeignHash('password', refused)).toBe(false);
    expect(native).not.toHaveBeenCalled();
    native.mockRestore();
  });

  it('accept 512 characters and refuse 513', () => {
    expect(describeForeignHash(`!${'x'.repeat(511)}`)).toEqual({ ok: true, algorithm: 'unusable' });
    const reason = 'It is longer than 512 characters.';
    expect(describeForeignHash(`!${'x'.repeat(512)}`)).toEqual({ ok: false, reason });
  });
});

describe('a foreign hash of impossible cost', () => {
  it.each([
    django('9999999999'),
    '$scrypt$ln=1000,r=8,p=1$AAAA$AAAA',
    djangoScrypt({ n: '1073741824', r: '1024', p: '1024' }),
    argon2({ m: '4294967295', t: '4294967295', p: '255' }),
    bcrypt('31'),
    bcrypt('99'),
  ])('matches no password and is not computed: %s', async (hash) => {
    expect(describeForeignHash(hash).ok).toBe(false);
    expect(await verifyForeignHash('password', hash)).toBe(false);
  });
});
