// The front page of an account: what it is, and the way to everything that can be changed.
import type { Child } from 'hono/jsx';
import { findPicture, namesOf } from '../core/index.ts';
import { findPrincipal } from '../http/auth/auth.ts';
import { endpoint } from '../http/endpoint.ts';
import { Avatar, nameOf } from './avatar.tsx';
import { Badge } from './badge.tsx';
import { eventWords } from './event-words.ts';
import { show } from './layout.tsx';
import { Day, Moment } from './moment.tsx';
import { visitor } from './session.tsx';

interface EntryProps {
  href: string;
  label: string;
  children?: Child;
}

const Entry = ({ href, label, children }: EntryProps) => (
  <li>
    <a class="row entry" href={href}>
      <span class="strong">{label}</span>
      <span class="aside">{children}</span>
    </a>
  </li>
);

const showOverview = endpoint({
  method: 'GET',
  path: '/',
  auth: visitor,
  handle: async (c) => {
    const principal = findPrincipal(c);
    if (!principal) return c.redirect('/sign-in', 303);
    const { account } = principal;
    const [sessionCount, [latest]] = await Promise.all([
      c.var.core.sessions.count(account.id),
      c.var.core.auditLog.list(account.id, { beforeId: null, limit: 1, reader: 'owner' }),
    ]);
    return show(
      c,
      { title: 'Account', here: '/' },
      <>
        <div class="person">
          <Avatar account={account} size="large" />
          <div>
            <h1>{nameOf(account)}</h1>
            <p class="aside">
              Here since <Day ms={account.createdAtMs} />
              {account.isAdmin && <Badge>Admin</Badge>}
            </p>
          </div>
        </div>
        <section aria-labelledby="about">
          <h2 id="about">About you</h2>
          <ul class="card rows">
            <Entry href="/profile" label="Profile">
              {namesOf(account).name || 'No name yet'}
            </Entry>
            <Entry href="/picture" label="Picture">
              {findPicture(account.pictureId)?.name ?? 'None yet'}
            </Entry>
            <Entry href="/email" label="Email">
              {account.email || 'None yet'}
            </Entry>
            <Entry href="/username" label="Username">
              {account.username ?? 'None yet'}
            </Entry>
          </ul>
        </section>
        <section aria-labelledby="security">
          <h2 id="security">Security</h2>
          <ul class="card rows">
            <Entry href="/password" label="Password">
              Change it
            </Entry>
            <Entry href="/security" label="Passkeys and codes">
              More than a password
            </Entry>
            <Entry href="/devices" label="Devices">
              {sessionCount === 1 ? 'Only this one' : `Signed in on ${sessionCount}`}
            </Entry>
            <Entry href="/activity" label="Activity">
              {latest && (
                <>
                  {eventWords(latest)}, <Moment ms={latest.createdAtMs} />
                </>
              )}
            </Entry>
          </ul>
        </section>
        <section aria-labelledby="data">
          <h2 id="data">Your data</h2>
          <ul class="card rows">
            <Entry href="/export" label="Export">
              All of it in one file
            </Entry>
            <Entry href="/delete" label="Delete the account" />
          </ul>
        </section>
      </>,
    );
  },
});

export const overview = [showOverview];
