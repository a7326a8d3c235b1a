// Hashes made by other tools: each verifies with its password, and fails if the hash or the password changes.
import { describe, expect, it } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { changeAt, damage, FILES, UNUSABLE } from './support.ts';

describe.each(Object.entries(FILES).filter(([, { hashes }]) => hashes.length > 0))(
  'a hash made by %s',
  (_, { hashes }) => {
    const cases = hashes.map((each, index) => ({ ...each, index }));

    it.each(cases)(
      '$index: $kind verifies, and fails if the hash or the password changes',
      async (each) => {
        const { kind, password, hash, index } = each;
        const { badSalt, badKey } = damage(hash, index);
        for (const text of [hash, badSalt, badKey])
          expect(describeForeignHash(text)).toEqual({ ok: true, algorithm: kind });
        expect(await verifyForeignHash(password, hash)).toBe(true);
        const changed: [string, string][] = [
          [password, badSalt],
          [password, badKey],
          [`!${password}`, hash],
        ];
        // Past 100,000 iterations a hash is computed in software and slow: try one of the three changes, in turn.
        const tried = hash.includes('$100001$') ? changed.slice(index % 3, (index % 3) + 1) : changed;
        for (const [otherPassword, otherHash] of tried)
          expect(await verifyForeignHash(otherPassword, otherHash)).toBe(false);
      },
      60_000,
    );
  },
);

describe('a hash with any one character changed', () => {
  /** For slow hashes every fourth character is enough. */
  const beginnings: [file: string, beginning: string, step?: number][] = [
    ['Django 5.2', 'pbkdf2_sha256$1000$'],
    ['Django 5.2', 'pbkdf2_sha1$1000$'],
    ['Django 5.2', 'bcrypt_sha256$$2b$04$', 4],
    ['Django 5.2', 'argon2$argon2id$v=19$m=512,'],
    ['Django 5.2', 'argon2$argon2i$v=19$m=512,'],
    ['Django 5.2', 'scrypt$256$', 4],
    ['Node', '$2b$04$', 4],
    ['Node', '$pbkdf2-sha1$i='],
    ['Node', '$pbkdf2-sha256$i='],
    ['Node', '$pbkdf2-sha512$i='],
    ['Node', '$scrypt$ln=6,', 4],
    ['Node', '$argon2id$v=19$m=64,'],
    ['passlib', '$pbkdf2$1000$'],
    ['passlib', '$pbkdf2-sha256$1000$'],
    ['passlib', '$pbkdf2-sha512$1000$'],
    ['PHP', '$argon2i$v=19$m=64,'],
  ];

  it.each(beginnings)(
    'does not verify: %s, %s',
    async (file, beginning, step = 1) => {
      const found = FILES[file]?.hashes.find(({ hash }) => hash.startsWith(beginning));
      const hash = found?.hash ?? '';
      const password = found?.password ?? '';
      expect(await verifyForeignHash(password, hash)).toBe(true);
      const verified: string[] = [];
      for (let index = 0; index < hash.length; index += step) {
        const changed = changeAt(hash, index);
        if (await verifyForeignHash(password, changed)) verified.push(changed);
      }
      expect(verified).toEqual([]);
      expect(await verifyForeignHash(password, hash.slice(0, -1))).toBe(false);
      expect(await verifyForeignHash(password, `${hash}=`)).toBe(false);
      expect(await verifyForeignHash(password, `${hash}\n`)).toBe(false);
      expect(await verifyForeignHash(password, ` ${hash}`)).toBe(false);
    },
    60_000,
  );
});

describe("Django's marker of an unusable password", () => {
  it.each([...UNUSABLE, '!'])('has the kind unusable and matches no password: %s', async (hash) => {
    expect(describeForeignHash(hash)).toEqual({ ok: true, algorithm: 'unusable' });
    for (const password of ['', '!', hash, hash.slice(1)])
      expect(await verifyForeignHash(password, hash)).toBe(false);
  });
});
