// What the tests of costs in `id` share.
import { expect } from 'vitest';
import { type Cost, NO_OPERATIONS, type Operations } from '../../support/counting.ts';

/** Two rounds of a thousand iterations: what the test pool sets. */
export const ONE_HASH = [1000, 1000];

/** Expects a status, and what it cost: nothing but the operations that are named, and these hashes. */
export const expectCost = (
  { answer, operations, hashed }: Cost,
  status: number,
  expected: Partial<Operations>,
  hashes: number[] = [],
): void => {
  expect(answer.status).toBe(status);
  expect({ operations, hashed }).toEqual({
    operations: { ...NO_OPERATIONS, ...expected },
    hashed: hashes,
  });
};
