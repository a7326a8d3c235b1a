// What happened to the account, newest first, a page at a time.
import { Hono } from 'hono';
import type { AppEnv } from '../http/context.ts';
import { show } from './layout.tsx';
import { Trail } from './lists.tsx';
import { signedIn } from './session.tsx';

const EVENTS_A_PAGE = 25;

export const activity = new Hono<AppEnv>().get('/activity', signedIn, async (c) => {
  const before = c.req.query('before') ?? '';
  const beforeId = /^\d{1,15}$/.test(before) ? Number(before) : null;
  const found = await c.var.core.listEvents(c.var.principal.account.id, {
    beforeId,
    limit: EVENTS_A_PAGE + 1,
  });
  const page = found.slice(0, EVENTS_A_PAGE);
  return show(
    c,
    { title: 'Activity', here: '/activity' },
    <>
      <h1>Activity</h1>
      <p class="lead">What happened to your account. Change your password where you do not know it again.</p>
      <section class="card">
        {page.length > 0 ? <Trail events={page} /> : <p>There is nothing older.</p>}
      </section>
      <nav class="turn" aria-label="Pages">
        {beforeId !== null && <a href="/activity">Newest</a>}
        {found.length > EVENTS_A_PAGE && <a href={`/activity?before=${page.at(-1)?.id}`}>Older</a>}
      </nav>
    </>,
  );
});
