// The parameters of pages of a list, which two dialects have.
import type { Parameter } from './types.ts';

export const limit: Parameter = {
  name: 'limit',
  in: 'query',
  description:
    'How many rows at most. What is out of bounds is brought within them; 100 where nothing is said.',
  schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
};

export const after = (description: string): Parameter => ({
  name: 'after',
  in: 'query',
  description,
  schema: { type: 'string' },
});
