// Finds the browser and the system in a user agent, by a few rules. Unknown ones have no name.

/** The first match counts, because browsers also name the browsers that they are compatible with. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPad\b/, 'iPad'],
  [/\biPhone\b/, 'iPhone'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

const find = (rules: typeof BROWSERS, userAgent: string): string | null =>
  rules.find(([form]) => form.test(userAgent))?.[1] ?? null;

/** The name of the browser; null if it is unknown. */
export const findBrowser = (userAgent: string): string | null => find(BROWSERS, userAgent);

/** The name of the system; null if it is unknown. */
export const findSystem = (userAgent: string): string | null => find(SYSTEMS, userAgent);
