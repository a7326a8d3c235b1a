// How 004 `auth` is described.
import * as z from 'zod';
import { auth as dialect } from '../../../src/dialects/auth.ts';
import type { DescribedDialect, Success } from '../types.ts';

const token = z
  .strictObject({
    status: z.literal('success'),
    token: z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]{43}$/),
  })
  .meta({ id: 'AuthToken', description: 'A JSON Web Token, HS256.' });

const failed = z.literal('fail');

const failure = z
  .strictObject({
    status: failed,
    errors: z.strictObject({ main: z.strictObject({ value: z.unknown().optional(), msg: z.string() }) }),
  })
  .meta({ id: 'AuthFailure', description: 'What concerns the request as a whole.' });

/** One fault a field, the first. `value` is what was sent, but for a password. */
const fieldFaults = (fields: readonly string[]): z.ZodType => {
  const fault = (field: string) =>
    z.strictObject({
      ...(field !== 'password' && { value: z.unknown().optional() }),
      msg: z.string(),
      param: z.literal(field),
      location: z.literal('body'),
    });
  const errors = fields.map((field) => [field, fault(field).optional()]);
  return z.strictObject({ status: failed, errors: z.strictObject(Object.fromEntries(errors)) });
};

const issued: Success = {
  status: 200,
  description: 'A token.',
  schema: token,
  headers: ['Set-Cookie'],
};

export const auth: DescribedDialect = {
  dialect,
  title: 'auth',
  description: '004: register and log in for a JSON Web Token, with the faults of express-validator.',
  hasSlash: true,
  refusalSchemas: (fields) => [failure, fieldFaults(fields)],
  operations: {
    'POST /register': { id: 'authRegister', summary: 'Register, and get a token', successes: [issued] },
    'POST /login': { id: 'authLogin', summary: 'Log in for a token', successes: [issued] },
  },
};
