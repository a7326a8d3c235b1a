// Where the account is signed in, and ending that.
import { Hono } from 'hono';
import type { AppEnv } from '../http/context.ts';
import { deviceWords } from './device-words.ts';
import { goOn } from './done.ts';
import { readTyped } from './form.ts';
import { show } from './layout.tsx';
import { SessionRow } from './lists.tsx';
import { signedIn } from './session.tsx';

export const devices = new Hono<AppEnv>()
  .get('/devices', signedIn, async (c) => {
    const { account, session: current } = c.var.principal;
    const live = await c.var.core.sessions.list(account.id);
    return show(
      c,
      { title: 'Devices', here: '/devices' },
      <>
        <h1>Devices</h1>
        <p class="lead">Browsers and apps that are signed in to your account.</p>
        <ul class="card rows">
          {live.map((session) => (
            <SessionRow session={session} isCurrent={session.id === current.id}>
              {session.id !== current.id && (
                <form method="post" action="/devices/end">
                  <input type="hidden" name="session" value={session.id} />
                  <button
                    type="submit"
                    class="quiet"
                    aria-label={`End the session of ${deviceWords(session.userAgent)}`}
                  >
                    End
                  </button>
                </form>
              )}
            </SessionRow>
          ))}
        </ul>
        {live.length > 1 && (
          <form method="post" action="/devices/end-others">
            <button type="submit" class="danger">
              End all other sessions
            </button>
          </form>
        )}
      </>,
    );
  })
  .post('/devices/end', signedIn, async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const { core, principal, client } = c.var;
    // One that is another account's is none of this one's: the same answer as for one that has ended.
    const isEnded = await core.sessions.end(principal.account.id, typed['session'] ?? '', client);
    return goOn(c, '/devices', isEnded ? 'session-ended' : 'session-gone');
  })
  .post('/devices/end-others', signedIn, async (c) => {
    const { account, session } = c.var.principal;
    await c.var.core.sessions.endAll(account.id, session.id, c.var.client, null);
    return goOn(c, '/devices', 'others-ended');
  });
