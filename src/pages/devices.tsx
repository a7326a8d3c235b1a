// Where the account is signed in, and ending those sessions.
import * as z from 'zod/mini';
import { endpoint } from '../http/endpoint.ts';
import { readSessionCursor, writeSessionCursor } from '../http/pagination.ts';
import { deviceWords } from './device-words.ts';
import { goOn } from './done.ts';
import { show } from './layout.tsx';
import { currentFirst, SessionRow } from './lists.tsx';
import { owner, recentOwner } from './session.tsx';

const SESSIONS_A_PAGE = 100;

const showDevices = endpoint({
  method: 'GET',
  path: '/devices',
  auth: owner,
  handle: async (c) => {
    const { account, session: current } = c.var.principal;
    const after = readSessionCursor(c.req.query('after') ?? '');
    const { sessions, next } = await c.var.core.sessions.list(account.id, { after, limit: SESSIONS_A_PAGE });
    const hasOthers = after !== null || sessions.some(({ id }) => id !== current.id);
    return show(
      c,
      { title: 'Devices', here: '/devices' },
      <>
        <h1>Devices</h1>
        <p class="lead">
          Browsers and apps that are signed in to your account. Sign out each one that you do not recognise.
        </p>
        <ul class="card rows">
          {currentFirst(sessions, current.id).map((session) => (
            <SessionRow session={session} isCurrent={session.id === current.id}>
              {session.id !== current.id && (
                <form method="post" action="/devices/end">
                  <input type="hidden" name="session" value={session.id} />
                  <button
                    type="submit"
                    class="quiet"
                    aria-label={`Sign out ${deviceWords(session.userAgent)}`}
                  >
                    Sign out
                  </button>
                </form>
              )}
            </SessionRow>
          ))}
        </ul>
        <nav class="turn" aria-label="Pages">
          {after !== null && <a href="/devices">Newest</a>}
          {next !== null && <a href={`/devices?after=${writeSessionCursor(next)}`}>Older</a>}
        </nav>
        {hasOthers && (
          <form method="post" action="/devices/end-others">
            <button type="submit" class="danger">
              Sign out all other devices
            </button>
          </form>
        )}
      </>,
    );
  },
});

const endOne = endpoint({
  method: 'POST',
  path: '/devices/end',
  auth: recentOwner,
  body: { schema: z.object({ session: z.optional(z.string()) }), numbers: 'text' },
  handle: async (c) => {
    const { session = '' } = c.req.valid('json');
    const { core, principal, client } = c.var;
    // A session of another account gets the same answer as one that has ended.
    const isEnded = await core.sessions.end(principal.account.id, session, client);
    return goOn(c, '/devices', isEnded ? 'session-ended' : 'session-gone');
  },
});

const endOthers = endpoint({
  method: 'POST',
  path: '/devices/end-others',
  auth: recentOwner,
  handle: async (c) => {
    const { account, session } = c.var.principal;
    await c.var.core.sessions.endAll(account.id, session.id, c.var.client, null);
    return goOn(c, '/devices', 'others-ended');
  },
});

export const devices = [showDevices, endOne, endOthers];
