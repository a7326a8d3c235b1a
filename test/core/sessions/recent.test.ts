// `isRecent`: whether the owner of a session authenticated in the last ten minutes.
import { expect, it } from 'vitest';
import { isRecent } from '../../../src/core/model.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const MINUTE_MS = 60_000;

const proof = (ageMs: number | null, appPasswordId: number | null = null) => ({
  authenticatedAtMs: ageMs === null ? null : NOW_MS - ageMs,
  appPasswordId,
  firstFactor: null,
  factor: null,
});

it.each([
  ['an authentication of this moment', proof(0), true],
  ['an authentication of almost ten minutes ago', proof(10 * MINUTE_MS - 1), true],
  ['an authentication of ten minutes ago', proof(10 * MINUTE_MS), false],
  ['an authentication by a clock that is a minute ahead', proof(-MINUTE_MS), true],
  // It would stay recent for as long as the clock was ahead.
  ['an authentication by a clock that is further ahead', proof(-MINUTE_MS - 1), false],
  ['no authentication', proof(null), false],
  ['an app password', proof(0, 7), false],
])('takes %s, %j, as recent: %s', (_what, session, expected) => {
  expect(isRecent(session, NOW_MS)).toBe(expected);
});
