// ACCENT_COLOR: the accepted colours, and enough contrast in light and dark mode.
import { describe, expect, it } from 'vitest';
import { contrast, GROUNDS, isReadable, MIN_CONTRAST, mix } from '../../src/http/colors.ts';
import { accentStyle } from '../../src/pages/accent.ts';

it.each([
  ['#000000', '#ffffff', 21],
  ['#ffffff', '#000000', 21],
  ['#777777', '#777777', 1],
  ['#767676', '#ffffff', 4.54],
  ['#ff0000', '#ffffff', 4],
])('contrast of %s and %s is %f', (one, other, ratio) => {
  expect(contrast(one, other)).toBeCloseTo(ratio, 1);
});

it('mixes two colours by their share', () => {
  expect([mix('#ffffff', '#000000', 0), mix('#ffffff', '#000000', 1)]).toEqual(['#000000', '#ffffff']);
  expect(mix('#ffffff', '#000000', 0.5)).toBe('#808080');
});

describe('ACCENT_COLOR', () => {
  it.each(['#1c6b58', '#7a1fa2', '#0B57D0', '#b3261e', '#000000'])(
    'accepts %s, with enough contrast in both modes',
    (color) => {
      expect(isReadable(color, GROUNDS.light)).toBe(true);
      const [, dark = ''] =
        /--accent:light-dark\(#[0-9a-f]{6}, (#[0-9a-f]{6})\)/i.exec(accentStyle(color)) ?? [];
      for (const ground of GROUNDS.dark) expect(contrast(dark, ground)).toBeGreaterThanOrEqual(MIN_CONTRAST);
      // The text of a button.
      expect(contrast('#ffffff', color)).toBeGreaterThanOrEqual(MIN_CONTRAST);
      expect(contrast(GROUNDS.dark[0], dark)).toBeGreaterThanOrEqual(MIN_CONTRAST);
    },
  );

  it.each(['#ffcc00', '#8ab4f8', '#ffffff', '#777777', 'red', '#123', '1c6b58', '#1c6b58;}', ''])(
    'rejects %j',
    (color) => {
      expect(isReadable(color, GROUNDS.light)).toBe(false);
    },
  );
});
