// How the operations of `id` are described that admins have.
import { after, limit } from '../../parameters.ts';
import type { DescribedDialect, Operation, Parameter, Refusal, Success } from '../../types.ts';
import { accountToAdmin, event, session } from './examples.ts';
import { lastAdmin, noSuch, trailPage } from './owners.ts';
import * as schemas from './schemas.ts';

const ONE = '/admin/accounts/:id{[0-9]+}';

const search: Parameter = {
  name: 'search',
  in: 'query',
  description: 'How the username, the email or the name begins.',
  schema: { type: 'string' },
};

const shown = (account: typeof accountToAdmin | { disabledAt: string } | { isAdmin: true }): Success => ({
  status: 200,
  description: 'The account.',
  schema: schemas.oneToAdmin,
  example: { account: { ...accountToAdmin, ...account } },
});

const standing = (id: string, summary: string, success: Success, refusals: Refusal[] = []): Operation => ({
  id,
  summary,
  successes: [success],
  refusals: [noSuch, ...refusals],
});

export const admins: DescribedDialect['operations'] = {
  'GET /admin/accounts': {
    id: 'idAccounts',
    summary: 'All accounts, or those that a search finds',
    query: [search, limit, after('Where the page begins, as `Link` gives it.')],
    successes: [
      {
        status: 200,
        description: 'One page of accounts, by id; those of a search by what was found.',
        schema: schemas.page,
        headers: ['Link'],
        example: { accounts: [accountToAdmin] },
      },
    ],
  },
  [`GET ${ONE}`]: {
    id: 'idAccount',
    summary: 'One account with its sessions and its last 50 events',
    successes: [
      {
        status: 200,
        description: 'The account.',
        schema: schemas.wholeToAdmin,
        example: { account: accountToAdmin, sessions: [{ ...session, current: false }], events: [event] },
      },
    ],
    refusals: [noSuch],
  },
  [`GET ${ONE}/events`]: {
    id: 'idEventsOf',
    summary: 'What happened to an account',
    ...trailPage,
    refusals: [noSuch],
  },
  [`POST ${ONE}/disable`]: standing(
    'idDisable',
    'Disable an account, and end its sessions',
    shown({ disabledAt: '2026-11-21T09:00:00.000Z' }),
    [lastAdmin],
  ),
  [`POST ${ONE}/enable`]: standing('idEnable', 'Let an account log in again', shown(accountToAdmin)),
  [`POST ${ONE}/grant-admin`]: standing('idGrantAdmin', 'Make an account an admin', shown({ isAdmin: true })),
  [`POST ${ONE}/revoke-admin`]: standing(
    'idRevokeAdmin',
    'Make an admin an account like any other',
    shown(accountToAdmin),
    [lastAdmin],
  ),
  [`DELETE ${ONE}/sessions`]: {
    id: 'idEndSessionsOf',
    summary: 'End all sessions of an account',
    successes: [
      {
        status: 200,
        description: 'How many have ended.',
        schema: schemas.ended,
        example: { endedSessions: 1 },
      },
    ],
    refusals: [noSuch],
  },
  [`DELETE ${ONE}`]: {
    id: 'idDeleteAccount',
    summary: 'Delete an account',
    successes: [{ status: 204, description: 'It is gone, in every dialect.', schema: null }],
    refusals: [noSuch, lastAdmin],
  },
};
