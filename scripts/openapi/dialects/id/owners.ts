// How the operations of `id` are described that an owner has: the account, its sessions, its trail.
import { after, limit } from '../../parameters.ts';
import type { DescribedDialect, Operation, Refusal, Success } from '../../types.ts';
import * as examples from './examples.ts';
import * as schemas from './schemas.ts';

const { account, event, password, session } = examples;

/** A page of a trail, one's own or another's. */
export const trailPage: Pick<Operation, 'query' | 'successes'> = {
  query: [limit, after('The id of the event before which the page begins, as `Link` gives it.')],
  successes: [
    {
      status: 200,
      description: 'One page, newest first.',
      schema: schemas.events,
      headers: ['Link'],
      example: { events: [event] },
    },
  ],
};

const shown: Success = {
  status: 200,
  description: 'The account.',
  schema: schemas.one,
  example: { account },
};
/** Where the password was asked for once more, the session goes on with another secret. */
const renewed: Success = {
  ...shown,
  description:
    'The account, and what its session goes on with: a cookie, or a token for a client that has one.',
  schema: schemas.loggedIn,
  headers: ['Set-Cookie'],
};
const done = (description: string): Success => ({ status: 204, description, schema: null });
const cleared = (description: string): Success => ({ ...done(description), headers: ['Set-Cookie'] });

const loggedIn = (status: number): Success => ({
  status,
  description: 'The account, and its session: a cookie, or a token where one was asked for.',
  schema: schemas.loggedIn,
  headers: ['Set-Cookie'],
  example: { account },
});

const passwordError = (
  field: string,
  code: 'common_password' | 'resembling_password',
  summary: string,
): Refusal => ({
  summary,
  problem: { reason: 'fields', errors: [{ field, code, limit: null, value: undefined }] },
});

/** A new password that everybody has, or that is the account's own name. */
const passwordFaults = (field: string): Refusal[] => [
  passwordError(field, 'common_password', 'a password that too many people have'),
  passwordError(field, 'resembling_password', 'a password that is the name'),
];

const taken = (field: 'username' | 'email'): Refusal => ({
  summary: 'taken',
  problem: {
    reason: 'taken',
    fields: [field],
    ownerId: null,
    errors: [{ field, code: 'taken', limit: null, value: undefined }],
  },
});

export const noSuch: Refusal = { summary: 'there is none', problem: { reason: 'not_found' } };
export const lastAdmin: Refusal = { summary: 'the last admin', problem: { reason: 'last_admin' } };

const aboutOneself: Record<string, Operation> = {
  'POST /register': {
    id: 'idRegister',
    summary: 'Register, and be logged in',
    description: '`session` is `cookie` where nothing is said; `token` gives a token in the answer.',
    sent: { username: 'mary', email: account.email, password, name: account.name },
    successes: [loggedIn(201)],
    refusals: passwordFaults('password'),
  },
  'POST /login': {
    id: 'idLogin',
    summary: 'Log in',
    description: '`identifier` takes the username or the email. `session` as for registering.',
    sent: { identifier: 'mary', password },
    successes: [loggedIn(200)],
  },
  'POST /logout': { id: 'idLogout', summary: 'Log out', successes: [cleared('The session has ended.')] },
  'GET /me': { id: 'idMe', summary: 'One’s own account', successes: [shown] },
  'PATCH /me': {
    id: 'idChangeMe',
    summary: 'Change the profile',
    description: 'Fields that are not sent stay as they are.',
    sent: examples.profile,
    successes: [shown],
  },
  'DELETE /me': {
    id: 'idDeleteMe',
    summary: 'Delete the account',
    description: 'Asks for the password.',
    sent: { password },
    successes: [cleared('The account is gone, in every dialect.')],
    refusals: [lastAdmin],
  },
  'PUT /me/password': {
    id: 'idChangePassword',
    summary: 'Change the password',
    description: 'Asks for the old one, and ends all other sessions.',
    sent: { currentPassword: password, newPassword: 'seven doors and a wall' },
    successes: [
      {
        status: 200,
        description: 'How many other sessions have ended, and what this one goes on with, as for the email.',
        schema: schemas.passwordChanged,
        headers: ['Set-Cookie'],
        example: { endedSessions: 2 },
      },
    ],
    refusals: passwordFaults('newPassword'),
  },
  'PUT /me/email': {
    id: 'idChangeEmail',
    summary: 'Change the email',
    description: 'Asks for the password.',
    sent: { email: account.email, password },
    successes: [renewed],
    refusals: [taken('email')],
  },
  'PUT /me/username': {
    id: 'idChangeUsername',
    summary: 'Change the username',
    description: 'Asks for the password.',
    sent: { username: 'mary', password },
    successes: [renewed],
    refusals: [taken('username')],
  },
};

const aboutSessions: Record<string, Operation> = {
  'GET /sessions': {
    id: 'idSessions',
    summary: 'Where the account is logged in',
    successes: [
      {
        status: 200,
        description: 'The live sessions, the one seen last first.',
        schema: schemas.sessions,
        example: { sessions: [session] },
      },
    ],
  },
  'DELETE /sessions': {
    id: 'idEndOtherSessions',
    summary: 'End all other sessions',
    successes: [
      {
        status: 200,
        description: 'How many have ended.',
        schema: schemas.ended,
        example: { endedSessions: 2 },
      },
    ],
  },
  'DELETE /sessions/:id{[0-9a-f]{64}}': {
    id: 'idEndSession',
    summary: 'End one session',
    successes: [done('It has ended.')],
    refusals: [noSuch],
  },
  'GET /events': {
    id: 'idEvents',
    summary: 'What happened to the account',
    ...trailPage,
  },
  'GET /export': {
    id: 'idExport',
    summary: 'Everything that is held about the account, as a file',
    successes: [
      {
        status: 200,
        description: 'A file to keep.',
        schema: schemas.everything,
        headers: ['Content-Disposition'],
        example: { account, sessions: [session], events: [event] },
      },
    ],
  },
};

export const owners: DescribedDialect['operations'] = { ...aboutOneself, ...aboutSessions };
