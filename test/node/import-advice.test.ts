// The flags that an import report suggests: with them, a Django project with the oddities of real ones is imported.
import { describe, expect, it } from 'vitest';
import { readCommand } from '../../scripts/import/options.ts';
import { BCRYPT, importInto, openDatabase, tempFile } from './import-support.ts';

const PEOPLE = 400;

/** How accounts differ from a usual one. Each oddity is at least as frequent as in real files. */
const ODDITIES: readonly ((index: number) => object)[] = [
  () => ({ email: '' }),
  () => ({ email: '' }),
  () => ({ email: 'shared@x.example' }),
  (index) => ({ username: `user ${index}` }),
  (index) => ({ username: `usér${index}` }),
  (index) => ({ username: `user${index}@work.example` }),
  () => ({ email: 'not an email' }),
  () => ({ password: '' }),
  () => ({ password: '!c0ffeeC0FFEEc0ffeeC0FFEEc0ffeeC0FFEEc0ff' }),
  () => ({ password: `sha1$abcdef$${'0a'.repeat(20)}` }),
  () => ({ password: 'd41d8cd98f00b204e9800998ecf8427e' }),
  () => ({ password: 'Correct-Horse-7' }),
  () => ({ bio: 'x'.repeat(2_000) }),
];

const DUMP = JSON.stringify(
  Array.from({ length: PEOPLE }, (_, index) => ({
    model: 'auth.user',
    pk: index + 1,
    fields: {
      username: `user${index}`,
      email: `user${index}@x.example`,
      password: BCRYPT,
      last_login: null,
      is_active: true,
      is_superuser: index === 0,
      date_joined: '2023-01-16T12:33:44Z',
      ...(index % 3 === 0 ? ODDITIES[(index / 3) % ODDITIES.length]?.(index) : {}),
    },
  })),
);

describe('the flags that an import report suggests', () => {
  it('import at least 95 of 100 accounts of a Django project with common oddities', async () => {
    const path = tempFile('dump.json', DUMP);
    const first = await importInto(openDatabase(), path);
    expect(first.counts.imported).toBeLessThan(PEOPLE * 0.8);
    const named = first.reasons
      .filter(({ kind }) => kind === 'refused' || kind === 'conflict')
      .flatMap(
        ({ reason }) => reason.match(/--(?:map \S+=ignore|[a-z-]+(?: (?:placeholder|reset|drop))?)/g) ?? [],
      );
    const flags = [...new Set(named)];
    expect(flags.sort()).toEqual([
      '--bad-username drop',
      '--map bio=ignore',
      '--no-email placeholder',
      '--no-password reset',
      '--plain-text-passwords',
      '--shared-email placeholder',
      '--weak-hashes',
    ]);
    const { rules, merge, map, hashes } = readCommand(
      [path, ...flags.flatMap((flag) => flag.split(' '))],
      '/',
    );
    const { counts } = await importInto(openDatabase(), path, {
      rules,
      merge,
      map: Object.fromEntries(map),
      hashes: { weakHashes: hashes.weakHashes, plainText: hashes.plainText, pepper: null },
      // Hashing would take long and does not change what is imported.
      dryRun: true,
    });
    expect(counts.imported).toBeGreaterThanOrEqual(PEOPLE * 0.95);
  });
});
