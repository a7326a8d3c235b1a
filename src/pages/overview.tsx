// The front page of an account: its data, and links to what is not in the navigation.
import type { Child } from 'hono/jsx';
import { findPrincipal } from '../http/auth/auth.ts';
import { endpoint } from '../http/endpoint.ts';
import { Avatar, nameOf } from './avatar.tsx';
import { Badge } from './badge.tsx';
import { show } from './layout.tsx';
import { Day } from './moment.tsx';
import { visitor } from './session.tsx';

interface EntryProps {
  href: string;
  label: string;
  /** Red: it cannot be undone. */
  danger?: boolean;
  children?: Child;
}

const Entry = ({ href, label, danger, children }: EntryProps) => (
  <li>
    <a class={danger ? 'row entry bad' : 'row entry'} href={href}>
      <span class="strong">{label}</span>
      <span class="aside">{children}</span>
    </a>
  </li>
);

const showOverview = endpoint({
  method: 'GET',
  path: '/',
  auth: visitor,
  handle: (c) => {
    const principal = findPrincipal(c);
    if (!principal) return c.redirect('/sign-in', 303);
    const { account } = principal;
    return show(
      c,
      { title: 'Account', here: '/' },
      <>
        <div class="person">
          <Avatar account={account} size="large" />
          <div>
            <h1>{nameOf(account)}</h1>
            <p class="aside">
              Member since <Day ms={account.createdAtMs} />
              {account.isAdmin && <Badge>Admin</Badge>}
            </p>
          </div>
        </div>
        <section aria-labelledby="names">
          <h2 id="names">How you sign in</h2>
          <ul class="card rows">
            <Entry href="/email" label="Email">
              {account.email || 'None yet'}
            </Entry>
            <Entry href="/username" label="Username">
              {account.username ?? 'None yet'}
            </Entry>
          </ul>
        </section>
        <section aria-labelledby="data">
          <h2 id="data">Your data</h2>
          <ul class="card rows">
            {c.var.httpSettings.hasApps && (
              <Entry href="/apps" label="Apps">
                Where you sign in with this account
              </Entry>
            )}
            <Entry href="/export" label="Export your data">
              One JSON file
            </Entry>
            <Entry href="/delete" label="Delete account" danger />
          </ul>
        </section>
      </>,
    );
  },
});

export const overview = [showOverview];
