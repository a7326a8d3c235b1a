// For admins: all accounts, a page at a time, and searching them by the beginning of a name.
import type { Account } from '../core/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { findAccounts } from '../http/pagination.ts';
import { Avatar, nameOf } from './avatar.tsx';
import { Badge } from './badge.tsx';
import { show } from './layout.tsx';
import { admins } from './session.tsx';

const ACCOUNTS_A_PAGE = 25;

const addressOf = (search: string, after: string | null): string => {
  const query = new URLSearchParams();
  if (search !== '') query.set('search', search);
  if (after !== null) query.set('after', after);
  return query.size > 0 ? `/admin?${query}` : '/admin';
};

const listUsers = endpoint({
  method: 'GET',
  path: '/admin',
  auth: admins,
  handle: async (c) => {
    const search = c.req.query('search')?.trim() ?? '';
    const after = c.req.query('after') ?? '';
    const page = { after, limit: ACCOUNTS_A_PAGE };
    const { rows: accounts, next } = await findAccounts(c.var.core, search, page);
    return show(
      c,
      { title: 'Users', here: '/admin' },
      <>
        <h1>Users</h1>
        <search>
          <form class="search" method="get" action="/admin">
            <label for="search">Search</label>
            <input
              id="search"
              name="search"
              type="search"
              value={search}
              autocomplete="off"
              aria-describedby="search-hint"
            />
            <button type="submit">Search</button>
            <p class="hint" id="search-hint">
              By the beginning of a username, an email or a name.
            </p>
          </form>
        </search>
        {accounts.length === 0 ? (
          <p class="card">{search === '' ? 'There is nobody here.' : 'Nobody is found.'}</p>
        ) : (
          <ul class="card rows">
            {accounts.map((account) => (
              <UserRow account={account} />
            ))}
          </ul>
        )}
        <nav class="turn" aria-label="Pages">
          {after !== '' && <a href={addressOf(search, null)}>First page</a>}
          {next !== null && <a href={addressOf(search, next)}>Next page</a>}
        </nav>
      </>,
    );
  },
});

export const adminUsers = [listUsers];

const UserRow = ({ account }: { account: Account }) => (
  <li>
    <a class="row entry user" href={`/admin/users/${account.id}`}>
      <Avatar account={account} size="small" />
      <span>
        <span class="strong">
          {nameOf(account)}
          <Badges account={account} />
        </span>
        <span class="aside">
          {[account.username, account.email].filter((text) => text && text !== nameOf(account)).join(' · ')}
        </span>
      </span>
    </a>
  </li>
);

/** What is special about an account. */
export const Badges = ({ account }: { account: Account }) => (
  <>
    {account.isAdmin && <Badge>Admin</Badge>}
    {account.disabledAtMs !== null && <Badge kind="bad">Disabled</Badge>}
  </>
);
