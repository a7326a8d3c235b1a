// When a session counts as one whose owner has just proved to be there.
import { expect, it } from 'vitest';
import { isRecent } from '../../../src/core/model.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const MINUTE_MS = 60_000;

const proof = (ageMs: number | null, appPasswordId: number | null = null) => ({
  authenticatedAtMs: ageMs === null ? null : NOW_MS - ageMs,
  appPasswordId,
  factor: null,
});

it.each([
  ['a proof of this moment', proof(0), true],
  ['a proof of almost ten minutes ago', proof(10 * MINUTE_MS - 1), true],
  ['a proof of ten minutes ago', proof(10 * MINUTE_MS), false],
  ['a proof by a clock that is a minute ahead', proof(-MINUTE_MS), true],
  ['a proof by a clock that is further ahead: it would be recent for as long', proof(-MINUTE_MS - 1), false],
  ['no proof', proof(null), false],
  ['an app password', proof(0, 7), false],
])('%s: %j is %s', (_what, session, expected) => {
  expect(isRecent(session, NOW_MS)).toBe(expected);
});
