// Which browser and which system a user agent names. A few rules; what none of them knows is not named.

/** The first that matches counts: every browser also names those that it wants to be taken for. */
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

/** The browser by its name; null if it is none of those that the rules know. */
export const findBrowser = (userAgent: string): string | null => find(BROWSERS, userAgent);

/** The system by its name; null if it is none of those that the rules know. */
export const findSystem = (userAgent: string): string | null => find(SYSTEMS, userAgent);
