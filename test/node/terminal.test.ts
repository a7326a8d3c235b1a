// No character that a terminal obeys, or that reorders a line, leaves a command raw; and all commands print by one door.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitCell, writeMarkdownTable, writeTable } from '../../scripts/table.ts';
import { toPlainLines, toPlainText } from '../../scripts/terminal.ts';
import { PROJECT } from '../../scripts/wrangler.ts';

/** Every character of these ranges, and what commands a terminal or hides text. */
const unsafe = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  0xad,
  0x061c,
  0x180e,
  0x200b,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0x202a,
  0x202b,
  0x202c,
  0x202d,
  0x202e,
  0x2060,
  0x2066,
  0x2067,
  0x2068,
  0x2069,
  0xfeff,
  0xd800,
  0xdfff,
  0xe0041,
];

describe('what is printed', () => {
  it.each(unsafe)('holds no raw U+%i', (code) => {
    const character = String.fromCodePoint(code);
    const shown = toPlainText(`a${character}b`);
    expect(shown).not.toContain(character);
    expect(shown).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    // As JSON writes it, so that a program that reads JSON gets the same text.
    expect(JSON.parse(`"${shown}"`)).toBe(`a${character}b`);
  });

  it.each(['plain text', 'Zoë', '名前', 'می\u200cخواهم', '👩\u200d💻', 'e\u0301', '🏳️'])(
    'leaves %s as it is',
    (text) => {
      expect(toPlainText(text)).toBe(text);
    },
  );

  it('keeps line breaks and tabs of our own texts, and escapes those of a name', () => {
    expect(toPlainLines('a\n\tb\r\u009b')).toBe('a\n\tb\\u000d\\u009b');
    expect(toPlainText('a\n\tb')).toBe('a\\u000a\\u0009b');
  });
});

describe('a table', () => {
  it('aligns characters of two columns, and cuts whole characters', () => {
    expect(
      writeTable(
        ['name', 'n'],
        [
          ['名前', 1],
          ['e\u0301a', 20],
        ],
      ),
    ).toBe('name   n\n----  --\n名前   1\ne\u0301a    20');
    expect(fitCell('名前名前', 5)).toBe('名前…');
    expect(fitCell('👩\u200d💻👩\u200d💻', 3)).toBe('👩\u200d💻…');
    expect(fitCell('ab', 4, 'right')).toBe('  ab');
  });

  it('escapes what a terminal would obey before it measures', () => {
    expect(writeTable(['a', 'b'], [['x\u202ey', 'z']])).toBe('a         b\n--------  -\nx\\u202ey  z');
  });

  it('is Markdown where that is asked for', () => {
    expect(writeMarkdownTable(['a', 'b'], [['one', '2']])).toBe(
      '| a    |    b |\n| ---- | ---: |\n| one  |    2 |',
    );
  });
});

it('every command prints through scripts/terminal.ts', () => {
  const folder = join(PROJECT, 'scripts');
  // The bar of a progress is made of escape sequences, and holds numbers alone; the tour paints what is escaped before.
  const exempt = [
    'terminal.ts',
    'import.ts',
    join('import', 'progress.ts'),
    join('tour', 'table.ts'),
    'tour.ts',
  ];
  const raw = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !exempt.includes(path))
    .filter((path) =>
      /\bconsole\.|\.(?:stdout|stderr)\.write\(/.test(readFileSync(join(folder, path), 'utf8')),
    );
  expect(raw).toEqual([]);
});
