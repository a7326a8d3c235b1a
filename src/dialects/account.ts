// `account`: registration and login for the account's API token, profile, pictures, deletion.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { findPicture, pictures, readIdentifier } from '../core/index.ts';
import { anyone, type RequiredAuth } from '../http/auth/auth.ts';
import * as sessions from '../http/auth/session-actions.ts';
import * as field from '../http/body/fields.ts';
import type { AppEnv } from '../http/context.ts';
import { annotated, named, type SurfaceDocs } from '../http/docs.ts';
import * as drf from '../http/drf.ts';
import { type Dialect, endpoint } from '../http/endpoint.ts';
import type { FieldError, Json, Reply } from '../http/problem.ts';
import { originOf, respondProblem, send } from '../http/respond.ts';
import { dayMonthYear } from '../http/times.ts';

const registration = z.object({
  username: field.username(field.atMost(32)),
  email: field.email(field.atMost(256)),
  password: field.password(field.atMost(128)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });
const choice = z.object({ id: field.choice(1, pictures.length) });

const succeed = (c: Context<AppEnv>, more: Record<string, Json> = {}): Response =>
  send(c, { status: 200, body: { success: true, ...more } });

const shownPictures = (origin: string) =>
  pictures.map(({ id, name, path }) => ({ id, name, picture: origin + path }));

const hex = () => z.string().check(z.regex(/^[0-9a-f]{40}$/));
const positive = () => z.int().check(z.minimum(1));
const isTrue = () => z.literal(true);
const success = () => named('AccountSuccess', z.strictObject({ success: isTrue() }));

const toRead: RequiredAuth = { via: ['token'], reads: 'nearest' };
const toChange: RequiredAuth = { via: ['token'], reads: 'primary' };

const register = endpoint({
  method: 'POST',
  path: '/register',
  auth: anyone,
  limit: 'registration',
  body: { schema: registration, numbers: 'text', unique: ['username', 'email'] },
  handle: async (c) => {
    const made = await sessions.register(c, c.req.valid('json'), 'derived');
    if (!made.ok) return sessions.refuseError(c, made.error);
    return succeed(c, { token: made.value.token });
  },
  docs: DOCS && {
    id: 'accountRegister',
    summary: 'Register, and get the token',
    successes: [
      {
        status: 200,
        description: 'The account’s token.',
        schema: () => named('AccountRegistered', z.strictObject({ success: isTrue(), token: hex() })),
        headers: ['Set-Cookie'],
      },
    ],
  },
});

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  limit: 'login',
  body: { schema: credentials, numbers: 'text' },
  handle: async (c) => {
    const { username, password } = c.req.valid('json');
    const loggedIn = await sessions.logIn(c, readIdentifier(username), password, 'derived');
    if (!loggedIn.ok) return sessions.refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: { token: loggedIn.value.token } });
  },
  docs: DOCS && {
    id: 'accountLogin',
    summary: 'Log in for the token',
    description: '`username` takes the username or the email. The token is the same while it lives.',
    successes: [
      {
        status: 200,
        description: 'The account’s token.',
        schema: () => named('AccountToken', z.strictObject({ token: hex() })),
        headers: ['Set-Cookie'],
      },
    ],
  },
});

const logOut = endpoint({
  method: 'POST',
  path: '/logout',
  auth: toChange,
  handle: async (c) => {
    await c.var.core.sessions.logOut(c.var.principal, c.var.client);
    return succeed(c);
  },
  docs: DOCS && {
    id: 'accountLogout',
    summary: 'End the token',
    successes: [{ status: 200, description: 'The token is good for nothing any more.', schema: success }],
  },
});

const showProfile = endpoint({
  method: 'GET',
  path: '/profile',
  auth: toRead,
  handle: (c) => {
    const { id, username, email, createdAtMs, pictureId } = c.get('principal').account;
    const data = { id, username: username ?? email, email, created: dayMonthYear(createdAtMs) };
    const picture = findPicture(pictureId);
    return succeed(c, { data: picture ? { ...data, picture: originOf(c) + picture.path } : data });
  },
  docs: DOCS && {
    id: 'accountProfile',
    summary: 'Show your profile',
    successes: [
      {
        status: 200,
        description: 'The profile.',
        schema: () =>
          named(
            'AccountProfile',
            z.strictObject({
              success: isTrue(),
              data: z.strictObject({
                id: positive(),
                username: annotated(z.string(), {
                  description: 'The email, where the account has no username.',
                }),
                email: z.string(),
                created: annotated(z.string().check(z.regex(/^\d{2}-\d{2}-\d{4}$/)), {
                  description: '`DD-MM-YYYY` in UTC.',
                }),
                picture: annotated(z.optional(z.url()), { description: 'Once one is set.' }),
              }),
            }),
          ),
      },
    ],
  },
});

const remove = endpoint({
  method: 'POST',
  path: '/delete',
  auth: toChange,
  handle: async (c) => {
    // Someone with an app password is not proven to be the owner, and only owners delete accounts.
    if (c.var.principal.session.appPasswordId !== null) return respondProblem(c, { reason: 'forbidden' });
    const removed = await c.var.core.accounts.remove(c.var.principal.account.id, c.var.client);
    return removed.ok ? succeed(c) : sessions.refuseError(c, removed.error);
  },
  docs: DOCS && {
    id: 'accountDelete',
    summary: 'Delete the account',
    successes: [{ status: 200, description: 'The account is gone, in every dialect.', schema: success }],
  },
});

const listPictures = endpoint({
  method: 'GET',
  path: '/get_pictures',
  auth: toRead,
  handle: (c) => succeed(c, { data: shownPictures(originOf(c)) }),
  docs: DOCS && {
    id: 'accountPictures',
    summary: 'The pictures that there are',
    successes: [
      {
        status: 200,
        description: 'Ten pictures.',
        schema: () =>
          named(
            'AccountPictures',
            z.strictObject({
              success: isTrue(),
              data: z.array(z.strictObject({ id: positive(), name: z.string(), picture: z.url() })),
            }),
          ),
      },
    ],
  },
});

const setPicture = endpoint({
  method: 'POST',
  path: '/set_picture',
  auth: toChange,
  body: { schema: choice, numbers: 'text' },
  handle: async (c) => {
    const changes = { pictureId: Number(c.req.valid('json').id) };
    const { core, principal, client } = c.var;
    const changed = await core.accounts.update(principal.account, changes, 'picture_changed', client);
    return changed.ok ? succeed(c) : sessions.refuseError(c, changed.error);
  },
  docs: DOCS && {
    id: 'accountSetPicture',
    summary: 'Choose a picture',
    description: 'The id may be text too: `"2"`.',
    successes: [{ status: 200, description: 'It is set.', schema: success }],
  },
});

const setPictureMisspelt: typeof setPicture = {
  ...setPicture,
  docs: setPicture.docs
    ? {
        ...setPicture.docs,
        id: 'accountSetPictureMisspelt',
        summary: 'Choose a picture, as the document spells the path',
        deprecated: true,
      }
    : false,
};

/** The document's sentences first, then DRF's. */
const text = (error: FieldError): string => {
  if (error.field === 'id') return 'Invalid picture id.';
  return error.code === 'taken' ? `user with this ${error.field} already exists.` : drf.fieldErrorText(error);
};

/** The paths whose errors the document wraps in `errors`; at login they are bare. */
const WRAPPING_PATHS = new Set(['/register', '/set_picture']);

const invalidBody = (path: string, errors: Json): Reply => ({
  status: 400,
  body: WRAPPING_PATHS.has(path) ? { success: false, errors } : errors,
});

/** Registration and the choice of a picture wrap errors of the body; everywhere else they are bare. */
const wrapped = (fields: readonly string[]) => () =>
  z.strictObject({
    success: z.literal(false),
    errors: z.union([drf.fieldErrorsShape(fields)(), drf.nonFieldErrorsShape()]),
  });

const docs: SurfaceDocs | false = DOCS && {
  title: 'account',
  description: 'Register and log in for the account’s API token; profile, pictures, deletion.',
  hasSlash: false,
  refusalSchemas: (fields) => [...drf.refusalSchemas(fields), wrapped(fields)],
};

export const account: Dialect = {
  name: 'account',
  basePath: '/account',
  endpoints: [register, logIn, logOut, showProfile, remove, listPictures, setPicture],
  docs,
  problem(problem, { path }) {
    switch (problem.reason) {
      case 'fields':
      case 'taken':
        return invalidBody(path, drf.fieldErrors(problem.errors, text));
      case 'not_an_object':
        return invalidBody(path, drf.notAnObject(problem.got));
      case 'wrong_credentials':
        return {
          status: 400,
          body: drf.nonFieldErrors('Unable to log in with provided credentials.'),
        };
      case 'credentials':
        return drf.credentialsReply(problem.why);
      default:
        return drf.sharedReply(problem);
    }
  },
};

/** The document misspells one path, and clients follow the document. */
export const misspeltAccount: Dialect = { ...account, basePath: '/acount', endpoints: [setPictureMisspelt] };
