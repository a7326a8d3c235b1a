// How 000 `users` is described.
import * as z from 'zod';
import { users as dialect } from '../../../src/dialects/users.ts';
import * as drf from '../drf.ts';
import type { DescribedDialect, Success } from '../types.ts';

const user = z
  .strictObject({
    id: z.int().min(1),
    last_login: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}[+-]\d{2}:\d{2}$/)
      .meta({ format: 'date-time' }),
    username: z.string().meta({ description: 'The email, where the account has no username.' }),
    email: z.string(),
    avatar_url: z.url(),
    address: z.string(),
    site_url: z.string(),
    description: z.string(),
  })
  .meta({ id: 'UsersUser', description: 'The eight keys of an account.' });

const loggedOut = z.literal('OK').meta({ id: 'UsersLoggedOut' });

const shown: Success = { status: 200, description: 'The account.', schema: user };
const loggedIn: Success = { ...shown, description: 'The account, and its session.', headers: ['Set-Cookie'] };
const ended: Success = {
  status: 200,
  description: 'The session has ended.',
  schema: loggedOut,
  headers: ['Set-Cookie'],
  example: 'OK',
};

const mary = {
  id: 1,
  last_login: '2018-09-10T12:26:58.277000+00:00',
  username: 'test',
  email: 'test@test.com',
  avatar_url: 'https://www.gravatar.com/avatar/b642b4217b34b1e8d3bd915fc65c4452?s=328&r=g&d=identicon',
  address: 'Lane 1',
  site_url: 'https://example.com',
  description: 'Tests things.',
};

export const users: DescribedDialect = {
  dialect,
  title: 'users',
  description: '000: register, log in and out, and one’s own profile, for browsers with a session cookie.',
  hasSlash: true,
  refusalSchemas: drf.refusals,
  operations: {
    'POST /register': {
      id: 'usersRegister',
      summary: 'Register, and be logged in',
      successes: [loggedIn],
    },
    'POST /login': {
      id: 'usersLogin',
      summary: 'Log in',
      description: '`username` takes the username or the email.',
      successes: [loggedIn],
    },
    'GET /me': {
      id: 'usersMe',
      summary: 'Who is logged in',
      description: 'Whoever is not logged in gets a 404.',
      successes: [{ ...shown, example: mary }],
    },
    'PATCH /me': {
      id: 'usersChangeMe',
      summary: 'Change the profile',
      description: 'Fields that are not sent stay as they are.',
      sent: { address: mary.address, site_url: mary.site_url, description: mary.description },
      successes: [{ ...shown, example: mary }],
    },
    'POST /logout': { id: 'usersLogout', summary: 'Log out', successes: [ended] },
    'GET /logout': { id: 'usersLogoutByGet', summary: 'Log out, by a link', successes: [ended] },
  },
};
