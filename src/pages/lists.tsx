// The two lists that owners and admins both see: sessions and the audit log.
import type { Child } from 'hono/jsx';
import type { EventView, SessionView } from '../core/index.ts';
import { Badge } from './badge.tsx';
import { deviceWords, kindWords, placeWords } from './device-words.ts';
import { eventWords, isRefusal } from './event-words.ts';
import { Moment } from './moment.tsx';

interface SessionRowProps {
  session: SessionView;
  isCurrent: boolean;
  children?: Child;
}

/** The sessions with the one of this request first. */
export const currentFirst = (sessions: readonly SessionView[], currentId: string): SessionView[] =>
  sessions.toSorted((a, b) => Number(b.id === currentId) - Number(a.id === currentId));

/** A session on one line, with what can be done to it. */
export const SessionRow = ({ session, isCurrent, children }: SessionRowProps) => {
  const kind = kindWords(session);
  return (
    <li class="row">
      <div class="line">
        <p class="strong">
          {deviceWords(session.userAgent)}
          {isCurrent && <Badge>This device</Badge>}
          {kind !== null && <Badge kind="plain">{kind}</Badge>}
        </p>
        <p class="aside">
          {placeWords(session.country)} · signed in <Moment ms={session.createdAtMs} /> ·{' '}
          {isCurrent ? (
            'active now'
          ) : (
            <>
              last used <Moment ms={session.lastSeenAtMs} />
            </>
          )}
        </p>
      </div>
      {children}
    </li>
  );
};

/** The audit log, newest first. A refused password or code stands out. */
export const AuditLog = ({ events }: { events: readonly EventView[] }) => (
  <ol class="rows">
    {events.map((event) => (
      <li class={isRefusal(event) ? 'row refused' : 'row'}>
        <div>
          <p class="strong">{eventWords(event)}</p>
          <p class="aside">
            {deviceWords(event.userAgent)}
            {event.addressPrefix !== null && ` · ${event.addressPrefix}`}
          </p>
        </div>
        <p class="aside when">
          <Moment ms={event.createdAtMs} />
        </p>
      </li>
    ))}
  </ol>
);
