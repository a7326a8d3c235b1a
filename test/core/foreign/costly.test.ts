// Hashes at the cost that each tool has by default: each verifies, and does not once one thing is changed.
import { describe, expect, it } from 'vitest';
import { describeForeignHash, verifyForeignHash } from '../../../src/core/foreign/index.ts';
import { damage, FILES } from './support.ts';

describe.each(Object.entries(FILES).filter(([, { costly }]) => costly.length > 0))(
  'a costly hash made by %s',
  (_, { costly }) => {
    it.each(costly.map((each, index) => ({ ...each, index })))(
      '$index: $kind verifies, changed it does not',
      async (each) => {
        const { kind, password, hash, index } = each;
        expect(describeForeignHash(hash)).toEqual({ ok: true, algorithm: kind });
        expect(await verifyForeignHash(password, hash)).toBe(true);
        // All three on the cheap hashes of the same kinds; here one, in turn, since each takes long.
        const { badSalt, badKey } = damage(hash, index);
        const changed: [string, string][] = [
          [password, badKey],
          [`!${password}`, hash],
          [password, badSalt],
        ];
        const [otherPassword, otherHash] = changed[index % 3] ?? ['', ''];
        expect(describeForeignHash(otherHash)).toEqual({ ok: true, algorithm: kind });
        expect(await verifyForeignHash(otherPassword, otherHash)).toBe(false);
      },
      120_000,
    );
  },
);
