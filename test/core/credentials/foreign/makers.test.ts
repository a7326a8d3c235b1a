// Hashes in the forms of their makers: the import stores each in a form that verifies, and fails with a byte changed.
import { describe, expect, it } from 'vitest';
import { composeHash } from '../../../../scripts/import/hashes.ts';
import { keepsForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { importHash, refusalOf } from './import-support.ts';
import { changeAt, FIREBASE, type Fixture, MAKERS, PEPPERED, TRIMMED } from './support.ts';

const byKind = (fixtures: readonly Fixture[] = []): [kind: string, fixtures: Fixture[]][] => [
  ...Map.groupBy(fixtures, ({ kind }) => kind),
];

/** An index in the second half of the text, which is salt or key in every form, without the last digits. */
const placeIn = (text: string, index: number): number => {
  const half = Math.floor(text.length / 2);
  return half + ((index * 7) % (text.length - half - 4));
};

/** Imports a text, then verifies it with the right password, a wrong one, and one byte of it changed. */
const tryOut = async (
  { password, hash }: Fixture,
  index: number,
  options: Parameters<typeof importHash>[1] = {},
): Promise<string> => {
  const imported = await importHash(hash, options);
  if (!imported) return `refused: ${await refusalOf(hash, options)}`;
  if (!(await verifyForeignHash(password, imported.stored))) return 'does not verify';
  // This kind tries three recipes at full cost before it refuses, which takes a second. The tests of better-auth's
  // hashes, which have the same kind, try wrong passwords. One changed hash is enough.
  const isDear = imported.algorithm === 'scrypt-or-pbkdf2';
  if (isDear && index > 0) return imported.algorithm;
  if (!isDear && (await verifyForeignHash(`${password}!`, imported.stored)))
    return 'verifies another password';
  const changed = await importHash(changeAt(hash, placeIn(hash, index)), options);
  if (changed && (await verifyForeignHash(password, changed.stored))) return 'verifies though changed';
  return imported.algorithm;
};

describe.each(Object.entries(MAKERS))('hashes by %s', (_, { hashes, weak, records }) => {
  it.each(byKind(hashes))(
    'verify if they are %s, and fail with one byte changed',
    async (kind, fixtures) => {
      for (const [index, fixture] of fixtures.entries())
        expect([fixture.hash, await tryOut(fixture, index)]).toEqual([fixture.hash, kind]);
    },
    40_000,
  );

  it.each(byKind(weak))(
    'verify wrapped if they are %s, a fast hash, and fail with one byte changed',
    async (_kind, fixtures) => {
      for (const [index, fixture] of fixtures.entries()) {
        const tried = await tryOut(fixture, index, { weakHashes: true });
        expect([fixture.hash, tried]).toEqual([fixture.hash, expect.stringMatching(/, wrapped$/)]);
      }
    },
  );

  it.each(records ?? [])(
    'verify as one text if they are $kind in several fields',
    async ({ kind, password, record }) => {
      const composed = composeHash(record, FIREBASE) ?? expect.fail();
      const imported = await importHash(composed.text);
      expect(imported?.algorithm).toBe(kind);
      expect(await verifyForeignHash(password, imported?.stored ?? '')).toBe(true);
      expect(await verifyForeignHash(`${password}!`, imported?.stored ?? '')).toBe(false);
      const changed = changeAt(imported?.stored ?? '', (imported?.stored.length ?? 0) - 9);
      expect(await verifyForeignHash(password, changed)).toBe(false);
    },
  );
});

describe('a stored hash with any one character changed', () => {
  /** For slow hashes every fourth character is enough. */
  const beginnings: [maker: string, beginning: string, step?: number][] = [
    ['crypt tools', '$P$'],
    ['crypt tools', '$H$'],
    ['crypt tools', '$5$rounds=1000$', 4],
    ['crypt tools', '$6$rounds=1001$', 4],
    ['Node services', '$S$'],
    ['WordPress 7.1', '$wp$2y$04$'],
    ['Werkzeug 3.1', 'pbkdf2:sha256:1000$'],
    ['published vectors', 'AQAAAAIAAAAyAAAAEOMw'],
    ['published vectors', 'AAABAgME'],
  ];

  it.each(beginnings)('does not verify: %s, %s', async (maker, beginning, step = 1) => {
    const { password, hash } =
      MAKERS[maker]?.hashes.find((each) => each.hash.startsWith(beginning)) ?? expect.fail();
    const stored = (await importHash(hash))?.stored ?? expect.fail();
    expect(await verifyForeignHash(password, stored)).toBe(true);
    const verified: string[] = [];
    for (let index = 0; index < stored.length; index += step) {
      const changed = changeAt(stored, index);
      if (await verifyForeignHash(password, changed)) verified.push(changed);
    }
    expect(verified).toEqual([]);
    for (const other of [stored.slice(0, -1), `${stored}=`, `${stored}\n`, ` ${stored}`])
      expect(await verifyForeignHash(password, other)).toBe(false);
  });
});

describe('a WordPress hash of a trimmed password', () => {
  it.each(TRIMMED)(
    'matches with and without outer spaces, and stays as long as they are typed: $hash',
    async ({ password, hash }) => {
      const trimmed = password.trim();
      for (const typed of [password, trimmed, ` ${trimmed}\n`])
        expect(await verifyForeignHash(typed, hash)).toBe(true);
      expect(await verifyForeignHash(trimmed.replace(' ', ''), hash)).toBe(false);
      expect(keepsForeignHash(password, hash)).toBe(true);
      expect(keepsForeignHash(trimmed, hash)).toBe(false);
    },
  );
});

describe('a fast hash', () => {
  const WEAK = Object.values(MAKERS).flatMap(({ weak }) => weak ?? []);
  const SHA1 = { password: 'password', hash: '5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8' };

  it('needs the flag --weak-hashes, unless it is a salted LDAP hash', async () => {
    const salted = WEAK.filter(({ hash }) => /^\{SSHA/.test(hash));
    expect([salted.length > 0, WEAK.length > salted.length]).toEqual([true, true]);
    for (const { hash } of WEAK) {
      const refusal = await refusalOf(hash);
      if (/^\{SSHA/.test(hash)) expect(refusal).toBeNull();
      else expect([hash, refusal]).toEqual([hash, expect.stringContaining('--weak-hashes')]);
    }
  });

  it('gets wrapped in a slow hash that shows no part of it', async () => {
    const { stored } = (await importHash(SHA1.hash, { weakHashes: true })) ?? expect.fail();
    expect(stored).toMatch(
      /^wrapped\$sha1\$\$pbkdf2-sha512\$i=100,r=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{86}$/,
    );
    expect(await verifyForeignHash(SHA1.password, stored)).toBe(true);
    expect(await verifyForeignHash(SHA1.hash, stored)).toBe(false);
    for (const { hash } of WEAK) {
      const wrapped = (await importHash(hash, { weakHashes: true }))?.stored ?? expect.fail();
      const key = hash.split(/[$}]/).at(-1) ?? '';
      expect(wrapped).not.toContain(key.slice(0, 12));
    }
  });

  it('never verifies without its wrapping', async () => {
    for (const { password, hash } of WEAK) expect(await verifyForeignHash(password, hash)).toBe(false);
  });
});

describe('an import with a pepper', () => {
  const pepper = 'a pepper of the old service';

  it('appends the pepper to the password, and stores the id of the pepper', async () => {
    const { hashSync } = await import('bcryptjs');
    const hash = hashSync(`secret${pepper}`, 4);
    const { stored } = (await importHash(hash, { pepper })) ?? expect.fail();
    expect(stored).toMatch(/^pepper\$[0-9a-f]{8}\$\$2b\$04\$/);
    expect(await verifyForeignHash('secret', stored, { pepper })).toBe(true);
    expect(await verifyForeignHash(`secret${pepper}`, stored, { pepper })).toBe(false);
    expect(await verifyForeignHash('other', stored, { pepper })).toBe(false);
  });

  it.each(PEPPERED.peppered)('verifies $hash by Devise, and fails with one byte changed', async (fixture) => {
    const { pepper } = PEPPERED;
    const { stored } = (await importHash(fixture.hash, { pepper })) ?? expect.fail();
    expect(await verifyForeignHash(fixture.password, stored, { pepper })).toBe(true);
    expect(await verifyForeignHash(`${fixture.password}!`, stored, { pepper })).toBe(false);
    // Imported without the pepper, the hash is of password and pepper, which nobody types.
    expect(await verifyForeignHash(fixture.password, fixture.hash)).toBe(false);
    for (const index of [stored.length - 50, stored.length - 5])
      expect(await verifyForeignHash(fixture.password, changeAt(stored, index), { pepper })).toBe(false);
  });

  it.each([null, 'another pepper'])(
    'makes verification throw if the deployment has no pepper or another one: %s',
    async (other) => {
      const { hashSync } = await import('bcryptjs');
      const { stored } = (await importHash(hashSync(`secret${pepper}`, 4), { pepper })) ?? expect.fail();
      await expect(verifyForeignHash('secret', stored, { pepper: other })).rejects.toThrow('IMPORT_PEPPER');
    },
  );

  it('keeps the hash if the password fills the 72 bytes of bcrypt', async () => {
    const { hashSync } = await import('bcryptjs');
    const { stored } =
      (await importHash(hashSync(`${'x'.repeat(72)}${pepper}`, 4), { pepper })) ?? expect.fail();
    expect(keepsForeignHash('x'.repeat(72), stored)).toBe(true);
    expect(keepsForeignHash('x'.repeat(71), stored)).toBe(false);
  });

  it('adds the pepper to a wrapped hash, and not to an unusable one', async () => {
    const bytes = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`secret${pepper}`)),
    );
    const wrapped = await importHash(bytes.toHex(), { pepper, weakHashes: true });
    expect(await verifyForeignHash('secret', wrapped?.stored ?? '', { pepper })).toBe(true);
    expect((await importHash('!', { pepper }))?.stored).toBe('!');
  });
});

describe('an import of passwords in plain text', () => {
  it('needs the flag --plain-text-passwords, and stores only their hashes', async () => {
    expect(await refusalOf('Correct-Horse-7')).toBe(
      'It looks like a password in plain text: --plain-text-passwords takes it, hashed.',
    );
    for (const text of [
      'Correct-Horse-7',
      '!secret',
      'hunter2hunter',
      '$100 bill',
      'x'.repeat(40),
      '{noop}secret',
    ]) {
      const { stored } = (await importHash(text, { plainText: true })) ?? expect.fail(text);
      expect(stored).toMatch(/^\$pbkdf2-sha512\$i=100,r=2\$/);
    }
  });

  it.each([
    '$2b$10$tooshort',
    '{FOO}abcdefghijk',
    `${'0a'.repeat(28)}`,
    '$argon2id$v=19$m=1,t=1',
    'x'.repeat(1025),
  ])('refuses what looks like a damaged or unknown hash: %s', async (text) => {
    expect(await refusalOf(text, { plainText: true })).not.toBeNull();
  });
});

describe('the refusal of an unknown hash', () => {
  it.each([
    ['$y$j9T$abc$def', 'It looks like yescrypt.'],
    ['$1$salt$qJH7.N4xYta3aEG/dfqo/0', 'It looks like MD5-crypt.'],
    ['$argon2d$v=19$m=64,t=1,p=1$AAAA$AAAA', 'It looks like Argon2d.'],
    ['$foo-bar$abc', 'It looks like a hash that begins with $foo-bar$.'],
    ['0a'.repeat(28), 'It looks like 56 hexadecimal digits.'],
    ['aB3dE5gH7jK9mN1paB3dE5gH7jK9mN1paB3dE5gH7jK9', 'It looks like 44 characters of base64.'],
    ['*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19', "It looks like MySQL's PASSWORD()."],
    ['$firebase$', "It is Firebase's, which needs the project's parameters: --firebase-params takes it."],
  ])('says what %s looks like', async (text, reason) => {
    expect(await refusalOf(text)).toBe(reason);
  });
});

describe("Werkzeug's PBKDF2 without a number of iterations", () => {
  it.each([
    ['sha256', 1000],
    ['sha256', 50_000],
    ['sha256', 150_000],
    ['sha1', 50_000],
    ['sha512', 1000],
  ])('verifies with the default of each release: %s, %d', async (digest, iterations) => {
    const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('secret'), 'PBKDF2', false, [
      'deriveBits',
    ]);
    const salt = new TextEncoder().encode('aB3dE5gH');
    const bits = { sha1: 160, sha256: 256, sha512: 512 }[digest] ?? 0;
    const hash = digest.replace('sha', 'SHA-');
    const derived = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash, salt, iterations }, key, bits);
    const text = `pbkdf2:${digest}$aB3dE5gH$${new Uint8Array(derived).toHex()}`;
    const imported = await importHash(text);
    expect(imported).toEqual({ algorithm: `pbkdf2-${digest}`, stored: text });
    expect(await verifyForeignHash('secret', text)).toBe(true);
  });

  it('rejects a wrong password after trying every default', async () => {
    expect(await verifyForeignHash('secret', `pbkdf2:sha1$salt$${'0a'.repeat(20)}`)).toBe(false);
  }, 20_000);
});
