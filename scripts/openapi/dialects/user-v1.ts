// How 001 `user-v1` is described.
import * as z from 'zod';
import { userV1 as dialect } from '../../../src/dialects/user-v1.ts';
import type { DescribedDialect } from '../types.ts';

const succeeded = z.literal('success');

const registered = z
  .strictObject({ status: succeeded, user_id: z.int().min(1) })
  .meta({ id: 'UserV1Registered' });

const loggedIn = z
  .strictObject({
    status: succeeded,
    username: z.string().meta({ description: 'The email, where the account has no username.' }),
    email: z.string(),
    uid: z.string().regex(/^[1-9][0-9]*$/),
  })
  .meta({ id: 'UserV1LoggedIn' });

const loggedOut = z.strictObject({ status: succeeded, uid: z.int().min(1) }).meta({ id: 'UserV1LoggedOut' });

const failure = z.strictObject({ status: z.literal('failed'), desc: z.string(), error_code: z.int() }).meta({
  id: 'UserV1Failure',
  description:
    '101 login required, 102 wrong name or password, 103 a body or field that is not good, 104 what no other ' +
    'code says, 112 not allowed, 113 throttled or unavailable, 114 taken.',
});

export const userV1: DescribedDialect = {
  dialect,
  title: 'user-v1',
  description:
    '001: register, log in and out in one envelope, with a session cookie. The envelope tells a refusal.',
  hasSlash: true,
  refusalSchemas: () => [failure],
  code: 'error_code',
  operations: {
    'POST /register': {
      id: 'userV1Register',
      summary: 'Register',
      description: 'Logs nobody in. JSON numbers are not taken as text.',
      successes: [
        { status: 200, description: 'Registered, or refused: the envelope tells.', schema: registered },
      ],
    },
    'POST /login': {
      id: 'userV1Login',
      summary: 'Log in',
      description: '`username` takes the username or the email.',
      successes: [
        {
          status: 200,
          description: 'Logged in, or refused: the envelope tells.',
          schema: loggedIn,
          headers: ['Set-Cookie'],
        },
      ],
    },
    'POST /logout': {
      id: 'userV1Logout',
      summary: 'Log out',
      successes: [
        { status: 200, description: 'The session has ended.', schema: loggedOut, headers: ['Set-Cookie'] },
      ],
    },
  },
};
