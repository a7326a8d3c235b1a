// Commands print no raw control or reordering characters, and all of them print through scripts/terminal.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitCell, writeMarkdownTable, writeTable } from '../../scripts/table.ts';
import { toPlainLines, toPlainText } from '../../scripts/terminal.ts';
import { PROJECT } from '../../scripts/wrangler.ts';

/** Control characters, and characters that reorder or hide text. */
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

describe('toPlainText and toPlainLines', () => {
  it.each(unsafe)('escape the character with the code %i', (code) => {
    const character = String.fromCodePoint(code);
    const shown = toPlainText(`a${character}b`);
    expect(shown).not.toContain(character);
    expect(shown).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    // Escaped as in JSON, so that a program that reads JSON gets the same text.
    expect(JSON.parse(`"${shown}"`)).toBe(`a${character}b`);
  });

  it.each(['plain text', 'Zoë', '名前', 'می\u200cخواهم', '👩\u200d💻', 'e\u0301', '🏳️'])(
    'keep %s unchanged',
    (text) => {
      expect(toPlainText(text)).toBe(text);
    },
  );

  it('keep line breaks and tabs of messages, and escape those of a name', () => {
    expect(toPlainLines('a\n\tb\r\u009b')).toBe('a\n\tb\\u000d\\u009b');
    expect(toPlainText('a\n\tb')).toBe('a\\u000a\\u0009b');
  });
});

describe('writeTable and writeMarkdownTable', () => {
  it('align characters of double width, and cut only whole characters', () => {
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

  it('escape control characters before they measure', () => {
    expect(writeTable(['a', 'b'], [['x\u202ey', 'z']])).toBe('a         b\n--------  -\nx\\u202ey  z');
  });

  it('write Markdown', () => {
    expect(writeMarkdownTable(['a', 'b'], [['one', '2']])).toBe(
      '| a    |    b |\n| ---- | ---: |\n| one  |    2 |',
    );
  });
});

it('uses scripts/terminal.ts for the output of every command', () => {
  const folder = join(PROJECT, 'scripts');
  // The progress bar consists of escape sequences and numbers. The tour colours text that is already escaped.
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
