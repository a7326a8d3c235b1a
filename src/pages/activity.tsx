// What happened to the account, newest first, a page at a time.
import { endpoint } from '../http/endpoint.ts';
import { cutPage, readIdCursor } from '../http/pagination.ts';
import { show } from './layout.tsx';
import { AuditLog } from './lists.tsx';
import { owner } from './session.tsx';

const EVENTS_A_PAGE = 25;

const showActivity = endpoint({
  method: 'GET',
  path: '/activity',
  auth: owner,
  handle: async (c) => {
    const beforeId = readIdCursor(c.req.query('before') ?? '');
    const found = await c.var.core.auditLog.list(c.var.principal.account.id, {
      beforeId,
      limit: EVENTS_A_PAGE + 1,
      reader: 'owner',
    });
    const { rows, next } = cutPage(found, EVENTS_A_PAGE);
    return show(
      c,
      { title: 'Activity', here: '/activity' },
      <>
        <h1>Activity</h1>
        <p class="lead">
          What happened to your account. If you do not recognise something,{' '}
          <a href="/password">change your password</a>.
        </p>
        <section class="card">
          {rows.length > 0 ? <AuditLog events={rows} /> : <p>No older activity.</p>}
        </section>
        <nav class="turn" aria-label="Pages">
          {beforeId !== null && <a href="/activity">Newest</a>}
          {next !== null && <a href={`/activity?before=${next}`}>Older</a>}
        </nav>
      </>,
    );
  },
});

export const activity = [showActivity];
