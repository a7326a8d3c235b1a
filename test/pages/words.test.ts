// The words of the pages for devices, places, events and times.
import { describe, expect, it } from 'vitest';
import { deviceWords, placeWords } from '../../src/pages/device-words.ts';
import { type Done, doneMessage } from '../../src/pages/done.ts';
import { eventWords, isRefusal } from '../../src/pages/event-words.ts';
import { agoWords, exactWords } from '../../src/pages/moment.tsx';

const SAFARI = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0';

describe('deviceWords', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox on Linux'],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`, 'Chrome on Windows'],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36 Edg/131.0.0.0`, 'Edge on Windows'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`, 'Chrome on ChromeOS'],
    [`Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`, 'Chrome on Android'],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36',
      'Samsung Internet on Android',
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${CHROME} Safari/537.36 OPR/116.0.0.0`,
      'Opera on macOS',
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${SAFARI} Version/18.1 Mobile/15E148 Safari/604.1`,
      'Safari on iPhone',
    ],
    [
      `Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) ${SAFARI} FxiOS/132.0 Mobile/15E148 Safari/605.1.15`,
      'Firefox on iPad',
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SAFARI} Version/18.1 Safari/605.1.15`,
      'Safari on macOS',
    ],
    ['curl/8.5.0', 'curl'],
    ['python-requests/2.32.3', 'python-requests'],
    ['node', 'node'],
    ['MyApp', 'MyApp'],
    ['Mozilla/5.0 (something)', 'Unknown device'],
    ['(no name)', 'Unknown device'],
    ['  ', 'Unknown device'],
    ['', 'Unknown device'],
    [null, 'Unknown device'],
    ['x'.repeat(300), 'x'.repeat(40)],
  ])('turns %j into %s', (userAgent, words) => {
    expect(deviceWords(userAgent)).toBe(words);
  });
});

describe('placeWords', () => {
  it.each([
    ['DE', 'Germany'],
    ['US', 'United States'],
    ['T1', 'Tor network'],
    ['XX', 'Unknown place'],
    ['ZQ', 'ZQ'],
    ['7?', '7?'],
    [null, 'Unknown place'],
  ])('turns %j into %s', (country, words) => {
    expect(placeWords(country)).toBe(words);
  });
});

describe('eventWords', () => {
  const event = { id: 1, dialect: 'id', addressPrefix: null, userAgent: null, createdAtMs: 0 };

  it('names the event, and says if an admin caused it', () => {
    expect(eventWords({ ...event, type: 'login', actorId: null })).toBe('Signed in');
    expect(eventWords({ ...event, type: 'disabled', actorId: 7 })).toBe('Account disabled, by an admin');
  });

  it('returns the type if there are no words for it', () => {
    expect(eventWords({ ...event, type: 'constructor', actorId: null })).toBe('constructor');
  });
});

it('doneMessage returns a text for known codes only', () => {
  const known: Done = 'signed-out';
  expect(doneMessage(known)).toBe('You are signed out.');
  for (const code of ['', 'nothing', 'constructor', '__proto__', undefined])
    expect(doneMessage(code)).toBeNull();
});

describe('the words for a time', () => {
  const NOW = Date.UTC(2026, 10, 25, 12, 0);
  const MINUTE_MS = 60_000;
  const DAY_MS = 24 * 60 * MINUTE_MS;

  it.each([
    [-MINUTE_MS, 'just now'],
    [0, 'just now'],
    [MINUTE_MS - 1, 'just now'],
    [MINUTE_MS, '1 minute ago'],
    [59 * MINUTE_MS, '59 minutes ago'],
    [60 * MINUTE_MS, '1 hour ago'],
    [DAY_MS - 1, '23 hours ago'],
    [DAY_MS, '1 day ago'],
    [30 * DAY_MS, '30 days ago'],
    [31 * DAY_MS, '25 October 2026'],
  ])('turn %i ms ago into %s', (passedMs, words) => {
    expect(agoWords(NOW - passedMs, NOW)).toBe(words);
  });

  it('give the exact time for the tooltip', () => {
    expect(exactWords(NOW)).toBe('25 Nov 2026, 12:00 UTC');
  });
});

it.each([
  ['login_refused', true],
  ['factor_refused', true],
  ['login', false],
])('isRefusal, which highlights the event %s, is %s', (type, isRefused) => {
  expect(isRefusal({ type })).toBe(isRefused);
});
