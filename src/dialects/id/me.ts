// `id`: what owners do with their account.
import { clearSessionCookie } from '../../http/auth/cookies.ts';
import { renew } from '../../http/auth/session-actions.ts';
import type { Refusal, Success } from '../../http/docs.ts';
import { endpoint } from '../../http/endpoint.ts';
import { originOf } from '../../http/respond.ts';
import * as answers from './answers.ts';
import { toChange, toRead } from './auth.ts';
import * as examples from './examples.ts';
import * as fields from './fields.ts';
import { passwordRefusals, refusePassword } from './login.ts';
import { lastAdmin, refuseError } from './refusal.ts';
import { showAccount } from './views.ts';

const shown: Success = {
  status: 200,
  description: 'The account.',
  schema: answers.one,
  example: { account: examples.account },
};

/** Changes that need the password renew the session. */
const renewed: Success = {
  // Written out: the bundler keeps what a spread names.
  status: 200,
  description:
    'The account, and the new credential of its session: a cookie, or a token for a client that uses one.',
  schema: answers.loggedIn,
  headers: ['Set-Cookie'],
  example: { account: examples.account },
};

/** A function: the bundler keeps what a spread names. */
const pending = (): Success => ({
  status: 202,
  description: 'As above; the new address is in `pendingEmail` until it is confirmed.',
  schema: answers.loggedIn,
  headers: ['Set-Cookie'],
  example: { account: { ...examples.account, pendingEmail: 'mary.jones@example.com' } },
});

const taken = (field: 'username' | 'email'): Refusal => ({
  summary: 'taken',
  problem: {
    reason: 'taken',
    fields: [field],
    ownerId: null,
    errors: [{ field, code: 'taken', limit: null, value: undefined }],
  },
});

const showMe = endpoint({
  method: 'GET',
  path: '/me',
  auth: toRead,
  handle: (c) => c.json({ account: showAccount(c.get('principal').account, originOf(c)) }, 200),
  docs: DOCS && { id: 'idMe', summary: 'Show your account', successes: [shown] },
});

const changeMe = endpoint({
  method: 'PATCH',
  path: '/me',
  auth: toChange,
  body: { schema: fields.profile, numbers: 'text' },
  handle: async (c) => {
    const { pictureId, ...texts } = c.req.valid('json');
    const changes = {
      ...texts,
      pictureId: typeof pictureId === 'string' ? Number(pictureId) : pictureId,
    };
    const { core, principal, client } = c.var;
    const { account } = principal;
    if (Object.values(changes).every((value) => value === undefined))
      return c.json({ account: showAccount(account, originOf(c)) }, 200);
    const changed = await core.accounts.update(account, changes, 'profile_changed', client);
    if (!changed.ok) return refuseError(c, changed.error);
    return c.json({ account: showAccount(changed.value, originOf(c)) }, 200);
  },
  docs: DOCS && {
    id: 'idChangeMe',
    summary: 'Change the profile',
    description: 'Fields that are not sent stay as they are.',
    sent: examples.profile,
    successes: [shown],
  },
});

const deleteMe = endpoint({
  method: 'DELETE',
  path: '/me',
  auth: toChange,
  limit: 'login',
  body: { schema: fields.confirmation, numbers: 'text' },
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const { password } = c.req.valid('json');
    const removed = await core.credentials.deleteAccount(principal, password, client);
    if (!removed.ok) return refuseError(c, removed.error);
    if (principal.session.kind === 'cookie') clearSessionCookie(c);
    return c.body(null, 204);
  },
  docs: DOCS && {
    id: 'idDeleteMe',
    summary: 'Delete the account',
    description: 'Asks for the password.',
    sent: { password: examples.password },
    successes: [
      {
        status: 204,
        description: 'The account is gone, in every dialect.',
        schema: null,
        headers: ['Set-Cookie'],
      },
    ],
    refusals: [lastAdmin],
  },
});

const changePassword = endpoint({
  method: 'PUT',
  path: '/me/password',
  auth: toChange,
  limit: 'login',
  body: { schema: fields.passwordChange, numbers: 'text' },
  handle: async (c) => {
    const { currentPassword: current, newPassword: next } = c.req.valid('json');
    const { core, principal, client } = c.var;
    const { username, email } = principal.account;
    const refused = await refusePassword(c, 'newPassword', next, [username, email]);
    if (refused) return refused;
    const changed = await core.credentials.changePassword(principal, { current, next }, client);
    if (!changed.ok) return refuseError(c, changed.error);
    const { endedSessions } = changed.value;
    return c.json({ endedSessions, ...renew(c, changed.value) }, 200);
  },
  docs: DOCS && {
    id: 'idChangePassword',
    summary: 'Change the password',
    description: 'Asks for the old one, and ends all other sessions.',
    sent: { currentPassword: examples.password, newPassword: 'seven doors and a wall' },
    successes: [
      {
        status: 200,
        description:
          'The number of other sessions that ended, and the new credential of this one, as for the email.',
        schema: answers.passwordChanged,
        headers: ['Set-Cookie'],
        example: { endedSessions: 2 },
      },
    ],
    refusals: passwordRefusals('newPassword'),
  },
});

const changeEmail = endpoint({
  method: 'PUT',
  path: '/me/email',
  auth: toChange,
  limit: 'login',
  body: { schema: fields.emailChange, numbers: 'text' },
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changeEmail(principal, c.req.valid('json'), client);
    if (!changed.ok) return refuseError(c, changed.error);
    const account = showAccount(changed.value.account, originOf(c));
    const isPending = changed.value.account.pendingEmail !== null;
    return c.json({ account, ...renew(c, changed.value) }, isPending ? 202 : 200);
  },
  docs: DOCS && {
    id: 'idChangeEmail',
    summary: 'Change the email',
    description:
      'Asks for the password. If the service sends mail, the new address is pending until it is confirmed by the mail that goes there.',
    sent: { email: examples.account.email, password: examples.password },
    successes: [renewed, pending()],
    refusals: [taken('email')],
  },
});

const changeUsername = endpoint({
  method: 'PUT',
  path: '/me/username',
  auth: toChange,
  limit: 'login',
  body: { schema: fields.usernameChange, numbers: 'text' },
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changeUsername(principal, c.req.valid('json'), client);
    if (!changed.ok) return refuseError(c, changed.error);
    const account = showAccount(changed.value.account, originOf(c));
    return c.json({ account, ...renew(c, changed.value) }, 200);
  },
  docs: DOCS && {
    id: 'idChangeUsername',
    summary: 'Change the username',
    description: 'Asks for the password.',
    sent: { username: 'mary', password: examples.password },
    successes: [renewed],
    refusals: [taken('username')],
  },
});

export const me = [showMe, changeMe, deleteMe, changePassword, changeEmail, changeUsername] as const;
