// How an import reads times, flags and numbers, and how it writes texts as SQL.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote } from '../../scripts/import/sql.ts';
import { readFlag, readNumber, readTime } from '../../scripts/import/values.ts';
import { importRecords, openDatabase, person } from './import-support.ts';

describe('readTime', () => {
  it.each([
    ['2024-01-02T03:04:05.678Z', Date.UTC(2024, 0, 2, 3, 4, 5, 678)],
    ['2024-01-02T03:04:05.678901+08:00', Date.UTC(2024, 0, 1, 19, 4, 5, 678)],
    ['2024-01-02 03:04:05.6', Date.UTC(2024, 0, 2, 3, 4, 5, 600)],
    ['2024-01-02 03:04:05+00', Date.UTC(2024, 0, 2, 3, 4, 5)],
    ['2024-01-02T03:04-0330', Date.UTC(2024, 0, 2, 6, 34)],
    ['2024-01-02\n    03:04:05', Date.UTC(2024, 0, 2, 3, 4, 5)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    [1_700_000_000, 1_700_000_000_000],
    ['1700000000.25', 1_700_000_000_250],
    [1_700_000_000_123, 1_700_000_000_123],
    ['', null],
    [null, null],
    [undefined, null],
    // MySQL's zero date, and what only resembles it.
    ['0000-00-00', null],
    ['0000-00-00 00:00:00.000000', null],
    ['0000-01-00', undefined],
    ['20230116', undefined],
    ['20230116133344', undefined],
    ['2023-02-29', undefined],
    ['2024-13-01', undefined],
    ['2024-01-01T25:00:00Z', undefined],
    ['1969-12-31', undefined],
    ['yesterday', undefined],
    [true, undefined],
    [-1, undefined],
  ])('reads %s as %s', (text, expected) => {
    expect(readTime(text)).toBe(expected);
  });

  it('returns the same time for any ISO 8601 text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 0) }), (ms) => {
        expect(readTime(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });
});

describe('readFlag and readNumber', () => {
  it.each([
    [true, true],
    ['T', true],
    [1, true],
    ['no', false],
    ['0', false],
    ['', null],
    [undefined, null],
    ['2', undefined],
    [{}, undefined],
  ])('read the flag %s as %s', (value, expected) => {
    expect(readFlag(value)).toBe(expected);
  });

  it.each([
    [7, 7],
    ['7', 7],
    ['', null],
    [0, undefined],
    ['07', undefined],
    [-1, undefined],
    [1.5, undefined],
    ['9007199254740993', undefined],
    ['c0ffee', undefined],
  ])('read the number %s as %s', (value, expected) => {
    expect(readNumber(value)).toBe(expected);
  });
});

describe('texts as SQL', () => {
  it('keep their value except for outer spaces, whatever they contain', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((some) => !/\p{Cc}|\p{Cs}/u.test(some));
    await fc.assert(
      fc.asyncProperty(text, async (name) => {
        const scratch = openDatabase();
        await importRecords(scratch, [
          person('ann', { name, description: `'; DROP TABLE users; --\n"${name}` }),
        ]);
        expect(scratch.users('name, description')).toEqual([
          { name: name.trim(), description: `'; DROP TABLE users; --\n"${name}`.trim() },
        ]);
        scratch.database.close();
      }),
      { numRuns: 50 },
    );
  });

  it('double their quotes, and throw with NUL or half of a surrogate pair', () => {
    expect(quote("O'Neil")).toBe("'O''Neil'");
    expect(() => quote('a\0')).toThrow('cannot say');
    expect(() => quote('a\udc00')).toThrow('cannot say');
  });
});
