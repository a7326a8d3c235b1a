// `conjugator`: registration, login for the API token, the owner's names, and the list of users for admins.
import * as z from 'zod/mini';
import { type Account, namesOf, readEmailIdentifier, readIdentifier } from '../core/index.ts';
import { anyone, type RequiredAuth } from '../http/auth/auth.ts';
import * as sessions from '../http/auth/session-actions.ts';
import * as field from '../http/body/fields.ts';
import { type AnswerSchema, named } from '../http/docs.ts';
import * as drf from '../http/drf.ts';
import { type Dialect, endpoint } from '../http/endpoint.ts';
import { after, cutPage, limit, linkNext, readAfterId, readPage } from '../http/pagination.ts';
import { accountId } from '../http/path-parameters.ts';
import { respondProblem, send } from '../http/respond.ts';

const MAX_CHARACTERS = 255;

const registration = z.object({
  first_name: field.line(field.atMost(MAX_CHARACTERS)),
  last_name: field.line(field.atMost(MAX_CHARACTERS)),
  email: field.email(field.atMost(MAX_CHARACTERS)),
  password: field.password(field.atMost(MAX_CHARACTERS)),
});
const credentials = z.object({ username: field.identifier(), password: field.password() });
/** This API's front end sends `email` instead of `username`. */
const emailForUsername = { name: 'email', standsFor: 'username' };
const names = z.object({
  first_name: z.optional(field.line(field.atMost(MAX_CHARACTERS))),
  last_name: z.optional(field.line(field.atMost(MAX_CHARACTERS))),
});

/** The four keys of a user, in the document's order. */
const show = (account: Account) => {
  const { firstName, lastName } = namesOf(account);
  return { id: account.id, first_name: firstName, last_name: lastName, email: account.email };
};

const keys = () => ({
  id: z.int().check(z.minimum(1)),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
});
const user = () => named('ConjugatorUser', z.strictObject(keys()));

/** This API's clients may send the token alone in the header. */
const toRead: RequiredAuth = { via: ['token', 'bare-token'], reads: 'nearest' };
const toChange: RequiredAuth = { via: ['token', 'bare-token'], reads: 'primary' };

const register = endpoint({
  method: 'POST',
  path: '/register',
  auth: anyone,
  limit: 'registration',
  body: { schema: registration, numbers: 'text' },
  handle: async (c) => {
    const { first_name: firstName, last_name: lastName, email, password } = c.req.valid('json');
    const account = { username: null, email, password, firstName, lastName };
    const made = await sessions.register(c, account, null);
    if (!made.ok) return sessions.refuseError(c, made.error);
    // The document shows the hash here. Hashes never leave the server: docs/security/threat-model.md.
    return send(c, { status: 201, body: { ...show(made.value.account), password: '********' } });
  },
  docs: DOCS && {
    id: 'conjugatorRegister',
    summary: 'Register',
    description:
      'A taken email is answered with 500, `{}` and the account’s `Location`: so the document has it.',
    successes: [
      {
        status: 201,
        description: 'The account.',
        schema: () =>
          named(
            'ConjugatorRegistered',
            z.strictObject({ ...keys(), password: z.literal('********') }),
            'No password and no hash is ever shown.',
          ),
      },
    ],
  },
});

const logIn = endpoint({
  method: 'POST',
  path: '/login',
  auth: anyone,
  limit: 'login',
  body: { schema: credentials, numbers: 'text', alias: emailForUsername },
  handle: async (c) => {
    const { username, password } = c.req.valid('json');
    const read = Object.hasOwn(c.var.rawBody, 'username') ? readIdentifier : readEmailIdentifier;
    const loggedIn = await sessions.logIn(c, read(username), password, 'derived');
    if (!loggedIn.ok) return sessions.refuseError(c, loggedIn.error);
    return send(c, { status: 200, body: { token: loggedIn.value.token } });
  },
  docs: DOCS && {
    id: 'conjugatorLogin',
    summary: 'Log in for the token',
    description: '`username` takes the email or the username; `email` may be sent in its place.',
    successes: [
      {
        status: 200,
        description: 'The account’s token.',
        schema: () =>
          named('ConjugatorToken', z.strictObject({ token: z.string().check(z.regex(/^[0-9a-f]{40}$/)) })),
        headers: ['Set-Cookie'],
      },
    ],
  },
});

const showUser = endpoint({
  method: 'GET',
  path: '/user',
  auth: toRead,
  handle: (c) => send(c, { status: 200, body: show(c.get('principal').account) }),
  docs: DOCS && {
    id: 'conjugatorUser',
    summary: 'Show your account',
    successes: [{ status: 200, description: 'The account.', schema: user }],
  },
});

const changeUser = endpoint({
  method: 'PUT',
  path: '/user',
  auth: toChange,
  body: { schema: names, numbers: 'text' },
  handle: async (c) => {
    const { first_name: firstName, last_name: lastName } = c.req.valid('json');
    const { core, principal, client } = c.var;
    const changes = { firstName, lastName };
    const changed = await core.accounts.update(principal.account, changes, 'profile_changed', client);
    if (!changed.ok) return sessions.refuseError(c, changed.error);
    return send(c, { status: 200, body: show(changed.value) });
  },
  docs: DOCS && {
    id: 'conjugatorChangeUser',
    summary: 'Change your names',
    description: 'Either, both or none. `id` and `email` are ignored.',
    successes: [{ status: 200, description: 'The whole account.', schema: user }],
  },
});

const showAccount = endpoint({
  method: 'GET',
  path: '/accounts/:id',
  params: { id: accountId },
  auth: toChange,
  handle: async (c) => {
    const id = Number(c.req.param('id'));
    const { account } = c.var.principal;
    if (account.id === id) return send(c, { status: 200, body: show(account) });
    const other = account.isAdmin ? await c.var.core.accounts.get(id) : null;
    return other ? send(c, { status: 200, body: show(other) }) : respondProblem(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'conjugatorAccount',
    summary: 'Show your account by its id; as an admin, any account',
    successes: [{ status: 200, description: 'The account.', schema: user }],
    refusals: [{ summary: 'another account, or none', problem: { reason: 'not_found' } }],
  },
});

const listUsers = endpoint({
  method: 'GET',
  path: '/admin/users',
  auth: { ...toChange, role: 'admin' },
  handle: async (c) => {
    const asked = readPage(c);
    const page = { afterId: readAfterId(asked.after), limit: asked.limit + 1 };
    const { rows, next } = cutPage(await c.var.core.accounts.list(page), asked.limit);
    linkNext(c, asked.limit, next);
    return send(c, { status: 200, body: rows.map(show) });
  },
  docs: DOCS && {
    id: 'conjugatorUsers',
    summary: 'All accounts, for admins',
    query: [limit(), after('The id after which the page begins.')],
    // The document writes this path without a trailing slash.
    hasSlash: false,
    successes: [
      {
        status: 200,
        description: 'One page of accounts, by id.',
        schema: () => named('ConjugatorUsers', z.array(user())),
        headers: ['Link'],
        example: [{ id: 5, first_name: 'Peter', last_name: 'Griffin', email: 'BirdIsTheWord@quahog.com' }],
      },
    ],
  },
});

const nothing: AnswerSchema = () => named('ConjugatorNothing', z.strictObject({}), 'An empty object.');

export const conjugator: Dialect = {
  name: 'conjugator',
  basePath: '/api',
  endpoints: [register, logIn, showUser, changeUser, showAccount, listUsers],
  docs: DOCS && {
    title: 'conjugator',
    description:
      'Register, log in for the account’s API token, the owner’s names, and the list of users for admins. The token ' +
      'may also be alone in `Authorization`.',
    hasSlash: true,
    refusalSchemas: (fields) => [nothing, ...drf.refusalSchemas(fields)],
  },
  problem(problem, { origin }) {
    switch (problem.reason) {
      case 'fields':
        return { status: 400, body: drf.fieldErrors(problem.errors) };
      case 'taken':
        // The status and headers of the document. This is a refusal, although 500 looks like a failure.
        return {
          status: 500,
          statusText: 'SEE OTHER',
          headers: { Location: `${origin}/api/accounts/${problem.ownerId}/` },
          body: {},
        };
      case 'not_an_object':
        return { status: 400, body: drf.notAnObject(problem.got) };
      case 'wrong_credentials':
        return { status: 400, body: drf.nonFieldErrors('Unable to login with provided credentials.') };
      case 'credentials':
        return drf.credentialsReply(problem.why);
      default:
        return drf.sharedReply(problem);
    }
  },
};
