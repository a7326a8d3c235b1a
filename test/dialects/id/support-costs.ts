// Shared by the cost tests of `id`.
import { expect } from 'vitest';
import { type Cost, NO_OPERATIONS, type Operations } from '../../support/counting.ts';

/** Two PBKDF2 calls of 100 iterations each: the setting of the tests. */
export const ONE_HASH = [100, 100];

/** Expects this status, these operations and no others, and these hashes. */
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
