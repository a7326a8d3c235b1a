// Colours: their contrast, and mixing them.

type Rgb = readonly [red: number, green: number, blue: number];

/** Reads `#rrggbb`; null for every other text. */
const parseColor = (text: string): Rgb | null => {
  const [, red, green, blue] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text) ?? [];
  if (red === undefined || green === undefined || blue === undefined) return null;
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
};

const parse = (text: string): Rgb => {
  const color = parseColor(text);
  if (!color) throw new Error(`${text} is no colour of the form #rrggbb.`);
  return color;
};

/** The share of light of a channel. @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
const linear = (channel: number): number => {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

const luminance = ([red, green, blue]: Rgb): number =>
  0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);

/** From 1 (the same) to 21 (black and white). @see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export const contrast = (one: string, other: string): number => {
  const [darker = 0, lighter = 0] = [luminance(parse(one)), luminance(parse(other))].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
};

/** A colour between two: `share` of the first, from 0 to 1. */
export const mix = (one: string, other: string, share: number): string => {
  const [from, to] = [parse(other), parse(one)];
  const channels = from.map((channel, at) => Math.round(channel + ((to[at] ?? 0) - channel) * share));
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
};

/** The contrast that text needs. @see https://www.w3.org/TR/WCAG22/#contrast-minimum */
export const MIN_CONTRAST = 4.5;

/** The grounds of the pages: `--ground` and `--sheet` of src/assets/style.css. */
export const GROUNDS = { light: ['#f6f5f1', '#fffefb'], dark: ['#121614', '#1a1f1d'] } as const;
/** The share of the accent in the ground of highlighted elements. */
export const TINT_SHARE = 0.1;

/** Whether text in a colour is readable on the pages' grounds, and on those grounds tinted with it. */
export const isReadable = (color: string, grounds: readonly string[]): boolean =>
  parseColor(color) !== null &&
  grounds.every(
    (ground) =>
      contrast(color, ground) >= MIN_CONTRAST &&
      contrast(color, mix(color, ground, TINT_SHARE)) >= MIN_CONTRAST,
  );
