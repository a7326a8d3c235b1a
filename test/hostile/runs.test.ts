// How long the properties shrink what they find.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stopShrinkingAfter } from './runs.ts';

/** Each run takes a second of this clock. */
const check = (isAsync: boolean, limitMs: number, fails: (value: number) => boolean) => {
  let runs = 0;
  const holds = (value: number): boolean => {
    runs += 1;
    return !fails(value);
  };
  const options = { seed: 7, plugins: [stopShrinkingAfter(limitMs, () => runs * 1_000)] };
  const values = fc.integer({ min: 0, max: 2 ** 30 });
  return isAsync
    ? fc.check(
        fc.asyncProperty(values, async (value) => holds(value)),
        options,
      )
    : fc.check(fc.property(values, holds), options);
};

const isLarge = (value: number): boolean => value >= 1_000;

it.each([
  ['synchronous', false],
  ['asynchronous', true],
])('a %s property shrinks no longer than the limit, and reports seed and path', async (_, isAsync) => {
  const whole = await check(isAsync, Number.POSITIVE_INFINITY, isLarge);
  expect(whole).toMatchObject({ failed: true, interrupted: false, counterexample: [1_000] });
  const cut = await check(isAsync, 5_000, isLarge);
  expect(cut).toMatchObject({ failed: true, interrupted: true, seed: 7, numRuns: whole.numRuns });
  expect(cut.counterexamplePath).toMatch(/^\d+(:\d+)*$/);
  expect(cut.numShrinks).toBeLessThan(whole.numShrinks);
  expect(cut.numShrinks).toBeLessThanOrEqual(5);
  expect(isLarge(Number(cut.counterexample))).toBe(true);
});

it('a run that finds nothing is not limited', async () => {
  expect(await check(true, 0, () => false)).toMatchObject({
    failed: false,
    interrupted: false,
    numRuns: 100,
  });
});
