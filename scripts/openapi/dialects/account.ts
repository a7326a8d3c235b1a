// How 003 `account` is described, and the one path that its document misspells.
import * as z from 'zod';
import { account as dialect, misspeltAccount as misspeltDialect } from '../../../src/dialects/account.ts';
import * as drf from '../drf.ts';
import type { DescribedDialect, Operation } from '../types.ts';

const hex = z.string().regex(/^[0-9a-f]{40}$/);

const registered = z.strictObject({ success: z.literal(true), token: hex }).meta({ id: 'AccountRegistered' });
const token = z.strictObject({ token: hex }).meta({ id: 'AccountToken' });
const success = z.strictObject({ success: z.literal(true) }).meta({ id: 'AccountSuccess' });
const profile = z
  .strictObject({
    success: z.literal(true),
    data: z.strictObject({
      id: z.int().min(1),
      username: z.string().meta({ description: 'The email, where the account has no username.' }),
      email: z.string(),
      created: z
        .string()
        .regex(/^\d{2}-\d{2}-\d{4}$/)
        .meta({ description: '`DD-MM-YYYY` in UTC.' }),
      picture: z.url().optional().meta({ description: 'Once one is set.' }),
    }),
  })
  .meta({ id: 'AccountProfile' });
const pictures = z
  .strictObject({
    success: z.literal(true),
    data: z.array(z.strictObject({ id: z.int().min(1), name: z.string(), picture: z.url() })),
  })
  .meta({ id: 'AccountPictures' });

/** Register and set_picture wrap what is wrong with a body; elsewhere it stands bare. */
const wrapped = (fields: readonly string[]): z.ZodType =>
  z.strictObject({
    success: z.literal(false),
    errors: z.union([
      drf.fieldErrors(fields),
      z.strictObject({ non_field_errors: z.array(z.string()).min(1) }),
    ]),
  });

const refusalSchemas = (fields: readonly string[]) => [...drf.refusals(fields), wrapped(fields)];

const setPicture: Operation = {
  id: 'accountSetPicture',
  summary: 'Choose a picture',
  description: 'The id may be text too: `"2"`.',
  successes: [{ status: 200, description: 'It is set.', schema: success }],
};

export const account: DescribedDialect = {
  dialect,
  title: 'account',
  description: '003: register and log in for the account’s one token, profile, pictures, deletion.',
  hasSlash: false,
  refusalSchemas,
  operations: {
    'POST /register': {
      id: 'accountRegister',
      summary: 'Register, and get the token',
      successes: [
        { status: 200, description: 'The account’s token.', schema: registered, headers: ['Set-Cookie'] },
      ],
    },
    'POST /login': {
      id: 'accountLogin',
      summary: 'Log in for the token',
      description: '`username` takes the username or the email. The token is the same while it lives.',
      successes: [
        { status: 200, description: 'The account’s token.', schema: token, headers: ['Set-Cookie'] },
      ],
    },
    'POST /logout': {
      id: 'accountLogout',
      summary: 'End the token',
      successes: [{ status: 200, description: 'The token is good for nothing any more.', schema: success }],
    },
    'GET /profile': {
      id: 'accountProfile',
      summary: 'One’s own profile',
      successes: [{ status: 200, description: 'The profile.', schema: profile }],
    },
    'POST /delete': {
      id: 'accountDelete',
      summary: 'Delete the account',
      successes: [{ status: 200, description: 'The account is gone, in every dialect.', schema: success }],
    },
    'GET /get_pictures': {
      id: 'accountPictures',
      summary: 'The pictures that there are',
      successes: [{ status: 200, description: 'Ten pictures.', schema: pictures }],
    },
    'POST /set_picture': setPicture,
  },
};

export const misspeltAccount: DescribedDialect = {
  ...account,
  dialect: misspeltDialect,
  operations: {
    'POST /set_picture': {
      ...setPicture,
      id: 'accountSetPictureMisspelt',
      summary: 'Choose a picture, as the document spells the path',
      deprecated: true,
    },
  },
};
