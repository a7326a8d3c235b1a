// A user agent in words: "Firefox on Linux". A few rules; an unknown client is shown by its own name.
import { findBrowser, findSystem, type SessionView } from '../core/index.ts';

/** A longer name would not fit a phone. */
const MAX_NAME_CHARACTERS = 40;

/** Names the client of a user agent. */
export const deviceWords = (userAgent: string | null): string => {
  if (userAgent === null || userAgent.trim() === '') return 'Unknown device';
  const [browser, system] = [findBrowser(userAgent), findSystem(userAgent)];
  if (browser && system) return `${browser} on ${system}`;
  // `curl/8.5.0`, `python-requests/2.32`: a program's own name.
  const product = /^[^/\s(]+/.exec(userAgent.trim())?.[0]?.slice(0, MAX_NAME_CHARACTERS);
  return browser ?? (product === undefined || product === 'Mozilla' ? 'Unknown device' : product);
};

/** The kinds of sessions other than a browser's. */
export const kindWords = ({ kind }: SessionView): string | null => (kind === 'cookie' ? null : 'App');

/** Created when first needed: it takes longer than everything else at start-up. */
let regions: Intl.DisplayNames | null = null;

/** The name of a country by its two letters. The edge has two codes that are not countries. */
export const placeWords = (country: string | null): string => {
  if (country === null || country === 'XX') return 'Unknown place';
  if (country === 'T1') return 'Tor network';
  try {
    regions ??= new Intl.DisplayNames('en', { type: 'region' });
    return regions.of(country) ?? country;
  } catch {
    return country;
  }
};
