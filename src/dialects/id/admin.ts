// `id` for admins: list, search, show, disable, grant rights, delete.
import type { Context } from 'hono';
import type { AccountError, AdminAction, AdminMail } from '../../core/index.ts';
import type { AppEnv } from '../../http/context.ts';
import type { EndpointDocs, Refusal, Success } from '../../http/docs.ts';
import { endpoint } from '../../http/endpoint.ts';
import { after, afterSession, findAccounts, limit, linkNext, readPage } from '../../http/pagination.ts';
import { accountId } from '../../http/path-parameters.ts';
import { originOf } from '../../http/respond.ts';
import * as answers from './answers.ts';
import { admins } from './auth.ts';
import * as examples from './examples.ts';
import * as fields from './fields.ts';
import { readEventPage, readSessionPage } from './lists.ts';
import { lastAdmin, noSuch, refuse, refuseError } from './refusal.ts';
import { showEvent, showSession, showToAdmin } from './views.ts';

const SHOWN_EVENTS = 50;
const SHOWN_SESSIONS = 100;

const params = { id: accountId };
const idOf = (c: Context<AppEnv>): number => Number(c.req.param('id'));

/** A missing account is `not_found` for an admin, not ended credentials. */
const refuseChange = (c: Context<AppEnv>, error: AccountError) =>
  error.reason === 'gone' ? refuse(c, { reason: 'not_found' }) : refuseError(c, error);

const pageOfAccounts: Success = {
  status: 200,
  description: 'One page of accounts, by id; those of a search by what was found.',
  schema: answers.page,
  headers: ['Link'],
  example: { accounts: [examples.accountToAdmin] },
};

const respondAccounts = async (c: Context<AppEnv>, search: string) => {
  const asked = readPage(c);
  const { rows, next } = await findAccounts(c.var.core, search, asked);
  linkNext(c, asked.limit, next);
  const origin = originOf(c);
  return c.json({ accounts: rows.map((account) => showToAdmin(account, origin)) }, 200);
};

const listAccounts = endpoint({
  method: 'GET',
  path: '/admin/accounts',
  auth: admins,
  handle: (c) => respondAccounts(c, ''),
  docs: DOCS && {
    id: 'idAccounts',
    summary: 'All accounts',
    query: [limit(), after('Where the page begins, as `Link` gives it.')],
    successes: [pageOfAccounts],
  },
});

/** By POST: URLs are kept in logs and histories, and what admins search for is often an email. */
const searchAccounts = endpoint({
  method: 'POST',
  path: '/admin/accounts/search',
  auth: admins,
  body: { schema: fields.accountSearch, numbers: 'text' },
  handle: (c) => respondAccounts(c, c.req.valid('json').search),
  docs: DOCS && {
    id: 'idSearchAccounts',
    summary: 'The accounts that a search finds',
    description:
      'Those whose username, email or name begins with `search`. The next page is a POST of the same body to the `Link`.',
    query: [limit(), after('Where the page begins, as `Link` gives it.')],
    sent: { search: 'mary' },
    successes: [pageOfAccounts],
  },
});

const showOne = endpoint({
  method: 'GET',
  path: '/admin/accounts/:id',
  params,
  auth: admins,
  handle: async (c) => {
    const id = idOf(c);
    const { core, principal } = c.var;
    const account = await core.accounts.get(id);
    if (!account) return refuse(c, { reason: 'not_found' });
    const { sessions } = await core.sessions.list(id, { after: null, limit: SHOWN_SESSIONS });
    const events = await core.auditLog.list(id, { beforeId: null, limit: SHOWN_EVENTS, reader: 'admin' });
    return c.json(
      {
        account: showToAdmin(account, originOf(c)),
        sessions: sessions.map((session) => showSession(session, principal.session.id)),
        events: events.map(showEvent),
      },
      200,
    );
  },
  docs: DOCS && {
    id: 'idAccount',
    summary: 'One account with its last 100 sessions and its last 50 events',
    successes: [
      {
        status: 200,
        description: 'The account.',
        schema: answers.wholeToAdmin,
        example: {
          account: examples.accountToAdmin,
          sessions: [{ ...examples.session, current: false }],
          events: [examples.event],
        },
      },
    ],
    refusals: [noSuch],
  },
});

const listSessionsOf = endpoint({
  method: 'GET',
  path: '/admin/accounts/:id/sessions',
  params,
  auth: admins,
  handle: async (c) => {
    const account = await c.var.core.accounts.get(idOf(c));
    if (!account) return refuse(c, { reason: 'not_found' });
    return c.json({ sessions: await readSessionPage(c, account.id) }, 200);
  },
  docs: DOCS && {
    id: 'idSessionsOf',
    summary: 'Where an account is logged in',
    query: [limit(), afterSession()],
    successes: [
      {
        status: 200,
        description: 'One page of live sessions, the most recently used first.',
        schema: answers.sessions,
        headers: ['Link'],
        example: { sessions: [{ ...examples.session, current: false }] },
      },
    ],
    refusals: [noSuch],
  },
});

const listEventsOf = endpoint({
  method: 'GET',
  path: '/admin/accounts/:id/events',
  params,
  auth: admins,
  handle: async (c) => {
    const account = await c.var.core.accounts.get(idOf(c));
    if (!account) return refuse(c, { reason: 'not_found' });
    return c.json({ events: await readEventPage(c, account.id, 'admin') }, 200);
  },
  docs: DOCS && {
    id: 'idEventsOf',
    summary: 'What happened to an account',
    query: [limit(), after('The id of the event before which the page begins, as `Link` gives it.')],
    successes: [
      {
        status: 200,
        description: 'One page, newest first.',
        schema: answers.events,
        headers: ['Link'],
        example: { events: [examples.event] },
      },
    ],
    refusals: [noSuch],
  },
});

const applyAction = (action: AdminAction) => async (c: Context<AppEnv>) => {
  const { core, principal, client } = c.var;
  const changed = await core.admin.apply(idOf(c), action, principal.account.id, client);
  if (changed.ok) return c.json({ account: showToAdmin(changed.value, originOf(c)) }, 200);
  return refuseChange(c, changed.error);
};

const actionDocs = (
  id: string,
  summary: string,
  change: { disabledAt: string } | { isAdmin: true } | null,
  refusals: Refusal[] = [],
): EndpointDocs => {
  const shown: Success = {
    status: 200,
    description: 'The account.',
    schema: answers.oneToAdmin,
    example: { account: { ...examples.accountToAdmin, ...change } },
  };
  return { id, summary, successes: [shown], refusals: [noSuch, ...refusals] };
};

const disable = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/disable',
  params,
  auth: admins,
  handle: applyAction('disabled'),
  docs:
    DOCS &&
    actionDocs(
      'idDisable',
      'Disable an account, and end its sessions',
      { disabledAt: '2026-11-21T09:00:00.000Z' },
      [lastAdmin],
    ),
});

const enable = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/enable',
  params,
  auth: admins,
  handle: applyAction('enabled'),
  docs: DOCS && actionDocs('idEnable', 'Let an account log in again', null),
});

const grantAdmin = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/grant-admin',
  params,
  auth: admins,
  handle: applyAction('admin_granted'),
  docs: DOCS && actionDocs('idGrantAdmin', 'Grant the admin role', { isAdmin: true }),
});

const revokeAdmin = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/revoke-admin',
  params,
  auth: admins,
  handle: applyAction('admin_revoked'),
  docs: DOCS && actionDocs('idRevokeAdmin', 'Remove the admin role', null, [lastAdmin]),
});

const verifyEmail = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/verify-email',
  params,
  auth: admins,
  handle: applyAction('email_verified'),
  docs: DOCS && actionDocs('idVerifyEmailOf', 'Take the email address of an account as proven', null),
});

const sendMail = (kind: AdminMail) => async (c: Context<AppEnv>) => {
  const { core, principal, client } = c.var;
  if (!core.mail.settings) return refuse(c, { reason: 'mail_off' });
  const sent = await core.admin.send(idOf(c), kind, principal.account.id, client);
  return sent.ok ? c.body(null, 202) : refuseChange(c, sent.error);
};

const mailDocs = (id: string, summary: string): EndpointDocs => ({
  id,
  summary,
  description: 'Nothing is sent to a disabled account. The limits of mails apply.',
  successes: [{ status: 202, description: 'A mail is on its way.', schema: null }],
  refusals: [noSuch, { summary: 'the service sends no mail', problem: { reason: 'mail_off' } }],
});

const sendReset = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/send-reset',
  params,
  auth: admins,
  handle: sendMail('reset_password'),
  docs: DOCS && mailDocs('idSendReset', 'Mail the owner a link that sets a new password'),
});

const sendVerification = endpoint({
  method: 'POST',
  path: '/admin/accounts/:id/send-verification',
  params,
  auth: admins,
  handle: sendMail('verify_email'),
  docs:
    DOCS &&
    mailDocs('idSendVerification', 'Mail the owner a link that proves the address, unless it is proven'),
});

const endSessionsOf = endpoint({
  method: 'DELETE',
  path: '/admin/accounts/:id/sessions',
  params,
  auth: admins,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    if (!(await core.accounts.get(idOf(c)))) return refuse(c, { reason: 'not_found' });
    const ended = await core.sessions.endAll(idOf(c), null, client, principal.account.id);
    return c.json({ endedSessions: ended }, 200);
  },
  docs: DOCS && {
    id: 'idEndSessionsOf',
    summary: 'End all sessions of an account',
    successes: [
      {
        status: 200,
        description: 'How many have ended.',
        schema: answers.ended,
        example: { endedSessions: 1 },
      },
    ],
    refusals: [noSuch],
  },
});

const removeFactorsOf = endpoint({
  method: 'DELETE',
  path: '/admin/accounts/:id/factors',
  params,
  auth: admins,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const factors = await core.factors();
    const isRemoved = await factors.removeAll(idOf(c), principal.account.id, client);
    return isRemoved ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'idRemoveFactorsOf',
    summary: 'Remove all passkeys, codes and app passwords of an account',
    description:
      'For an owner who has lost all of them. Make sure who asks: afterwards the password is enough. All sessions end.',
    successes: [{ status: 204, description: 'They are gone.', schema: null }],
    refusals: [noSuch],
  },
});

const removeOne = endpoint({
  method: 'DELETE',
  path: '/admin/accounts/:id',
  params,
  auth: admins,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const removal = { actorId: principal.account.id, keepsLastAdmin: true };
    const removed = await core.accounts.remove(idOf(c), client, removal);
    return removed.ok ? c.body(null, 204) : refuseChange(c, removed.error);
  },
  docs: DOCS && {
    id: 'idDeleteAccount',
    summary: 'Delete an account',
    successes: [{ status: 204, description: 'It is gone, in every dialect.', schema: null }],
    refusals: [noSuch, lastAdmin],
  },
});

export const admin = [
  listAccounts,
  searchAccounts,
  showOne,
  listSessionsOf,
  listEventsOf,
  disable,
  enable,
  grantAdmin,
  revokeAdmin,
  verifyEmail,
  sendReset,
  sendVerification,
  endSessionsOf,
  removeFactorsOf,
  removeOne,
] as const;
