// The shapes of refusals that 000, 002 and 003 share: those of Django REST framework.
import * as z from 'zod';

export const detail = z
  .strictObject({ detail: z.string() })
  .meta({ id: 'Detail', description: 'What concerns the request as a whole.' });

export const nonFieldErrors = z
  .strictObject({ non_field_errors: z.array(z.string()).min(1) })
  .meta({ id: 'NonFieldErrors', description: 'What is wrong with a body, but with none of its fields.' });

/** Texts by field. */
export const fieldErrors = (fields: readonly string[]) =>
  z
    .strictObject(Object.fromEntries(fields.map((field) => [field, z.array(z.string()).min(1).optional()])))
    .meta({ minProperties: 1 });

/** The most particular first: a body of no known field is none of the fields' errors. */
export const refusals = (fields: readonly string[]): z.ZodType[] => [
  detail,
  nonFieldErrors,
  ...(fields.length > 0 ? [fieldErrors(fields)] : []),
];
