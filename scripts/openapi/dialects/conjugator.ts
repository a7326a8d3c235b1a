// How 002 `conjugator` is described.
import * as z from 'zod';
import { conjugator as dialect } from '../../../src/dialects/conjugator.ts';
import * as drf from '../drf.ts';
import { after, limit } from '../parameters.ts';
import type { DescribedDialect } from '../types.ts';

const keys = {
  id: z.int().min(1),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
};

const user = z.strictObject(keys).meta({ id: 'ConjugatorUser' });
const registered = z
  .strictObject({ ...keys, password: z.literal('********') })
  .meta({ id: 'ConjugatorRegistered', description: 'No password and no hash is ever shown.' });
const page = z.array(user).meta({ id: 'ConjugatorUsers' });
const token = z.strictObject({ token: z.string().regex(/^[0-9a-f]{40}$/) }).meta({ id: 'ConjugatorToken' });
const nothing = z.strictObject({}).meta({ id: 'ConjugatorNothing', description: 'An empty object.' });

export const conjugator: DescribedDialect = {
  dialect,
  title: 'conjugator',
  description:
    '002: register, log in for the account’s one token, one’s own names, and the admins’ list of users. The token ' +
    'may also stand alone in `Authorization`.',
  hasSlash: true,
  refusalSchemas: (fields) => [nothing, ...drf.refusals(fields)],
  operations: {
    'POST /register': {
      id: 'conjugatorRegister',
      summary: 'Register',
      description:
        'A taken email is answered with 500, `{}` and the account’s `Location`: so the document has it.',
      successes: [{ status: 201, description: 'The account.', schema: registered }],
    },
    'POST /login': {
      id: 'conjugatorLogin',
      summary: 'Log in for the token',
      description: '`username` takes the email or the username; `email` may be sent in its place.',
      successes: [
        { status: 200, description: 'The account’s token.', schema: token, headers: ['Set-Cookie'] },
      ],
    },
    'GET /user': {
      id: 'conjugatorUser',
      summary: 'One’s own account',
      successes: [{ status: 200, description: 'The account.', schema: user }],
    },
    'PUT /user': {
      id: 'conjugatorChangeUser',
      summary: 'Change one’s names',
      description: 'Either, both or none. `id` and `email` are ignored.',
      successes: [{ status: 200, description: 'The whole account.', schema: user }],
    },
    'GET /accounts/:id{[0-9]+}': {
      id: 'conjugatorAccount',
      summary: 'One’s own account by its id; for an admin any account',
      successes: [{ status: 200, description: 'The account.', schema: user }],
      refusals: [{ summary: 'another account, or none', problem: { reason: 'not_found' } }],
    },
    'GET /admin/users': {
      id: 'conjugatorUsers',
      summary: 'All accounts, for admins',
      query: [limit, after('The id after which the page begins.')],
      successes: [
        {
          status: 200,
          description: 'One page of accounts, by id.',
          schema: page,
          headers: ['Link'],
          example: [{ id: 5, first_name: 'Peter', last_name: 'Griffin', email: 'BirdIsTheWord@quahog.com' }],
        },
      ],
    },
  },
};
