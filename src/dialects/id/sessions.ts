// `id`: the sessions and the audit log of an account, and its export.
import { endpoint } from '../../http/endpoint.ts';
import { after, afterSession, limit } from '../../http/pagination.ts';
import { sessionId } from '../../http/path-parameters.ts';
import { originOf } from '../../http/respond.ts';
import * as answers from './answers.ts';
import { toProtect, toRead } from './auth.ts';
import * as examples from './examples.ts';
import { streamExport } from './export.ts';
import { readEventPage, readSessionPage } from './lists.ts';
import { noSuch, refuse } from './refusal.ts';

const listSessions = endpoint({
  method: 'GET',
  path: '/sessions',
  auth: toRead,
  handle: async (c) => c.json({ sessions: await readSessionPage(c, c.var.principal.account.id) }, 200),
  docs: DOCS && {
    id: 'idSessions',
    summary: 'Where the account is logged in',
    query: [limit(), afterSession()],
    successes: [
      {
        status: 200,
        description: 'One page of live sessions, the most recently used first.',
        schema: answers.sessions,
        headers: ['Link'],
        example: { sessions: [examples.session] },
      },
    ],
  },
});

const endOthers = endpoint({
  method: 'DELETE',
  path: '/sessions',
  auth: toProtect,
  handle: async (c) => {
    const { account, session } = c.var.principal;
    const ended = await c.var.core.sessions.endAll(account.id, session.id, c.var.client, null);
    return c.json({ endedSessions: ended }, 200);
  },
  docs: DOCS && {
    id: 'idEndOtherSessions',
    summary: 'End all other sessions',
    successes: [
      {
        status: 200,
        description: 'How many have ended.',
        schema: answers.ended,
        example: { endedSessions: 2 },
      },
    ],
  },
});

const endOne = endpoint({
  method: 'DELETE',
  path: '/sessions/:id',
  params: { id: sessionId },
  auth: toProtect,
  handle: async (c) => {
    const { account } = c.var.principal;
    const isEnded = await c.var.core.sessions.end(account.id, c.req.param('id'), c.var.client);
    return isEnded ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'idEndSession',
    summary: 'End one session',
    successes: [{ status: 204, description: 'It has ended.', schema: null }],
    refusals: [noSuch],
  },
});

const listEvents = endpoint({
  method: 'GET',
  path: '/events',
  auth: toRead,
  handle: async (c) => c.json({ events: await readEventPage(c, c.var.principal.account.id, 'owner') }, 200),
  docs: DOCS && {
    id: 'idEvents',
    summary: 'What happened to the account',
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
  },
});

const exportAll = endpoint({
  method: 'GET',
  path: '/export',
  auth: toProtect,
  handle: async (c) => {
    const { core, principal } = c.var;
    const file = await streamExport(core, principal, originOf(c));
    c.header('Content-Disposition', `attachment; filename="latchkey-account-${principal.account.id}.json"`);
    c.header('Content-Type', 'application/json');
    return c.body(file, 200);
  },
  docs: DOCS && {
    id: 'idExport',
    summary: 'Everything that is held about the account, as a file',
    successes: [
      {
        status: 200,
        description: 'A file to keep.',
        schema: answers.everything,
        headers: ['Content-Disposition'],
        example: {
          account: examples.account,
          sessions: [examples.session],
          events: [examples.event],
          factors: [examples.factor],
          appPasswords: [examples.appPassword],
          apps: [examples.app],
        },
      },
    ],
  },
});

export const sessions = [listSessions, endOthers, endOne, listEvents, exportAll] as const;
