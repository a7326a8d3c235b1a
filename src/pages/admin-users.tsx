// For admins: all accounts in a table, filtered and sorted, and searching them by the beginning of a name.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import {
  type Account,
  type AccountFilter,
  type AccountOrder,
  MAX_COUNTED,
  NEVER_LOGGED_IN_MS,
  type Totals,
} from '../core/index.ts';
import { accountSearch } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { cutPage, findAccounts, readAccountCursor, readIdCursor } from '../http/pagination.ts';
import { Avatar, nameOf } from './avatar.tsx';
import { Badge } from './badge.tsx';
import { form } from './form.ts';
import { show } from './layout.tsx';
import { Day, Moment } from './moment.tsx';
import { admins } from './session.tsx';

const ACCOUNTS_A_PAGE = 25;

const FILTERS = [
  ['all', 'All'],
  ['admins', 'Admins'],
  ['disabled', 'Disabled'],
] as const satisfies readonly (readonly [AccountFilter, string])[];

/** The query of the list. Missing and invalid values are the defaults. */
interface View {
  search: string;
  filter: AccountFilter;
  order: AccountOrder;
  after: string;
}

const NO_SEARCH: View = { search: '', filter: 'all', order: 'newest', after: '' };

const readView = (query: (name: string) => string | undefined): View => {
  const [filter = 'all'] = FILTERS.find(([name]) => name === query('filter')) ?? [];
  const order = query('sort');
  return {
    search: '',
    filter,
    order: order === 'oldest' || order === 'email' ? order : 'newest',
    after: readAccountCursor('', query('after')),
  };
};

/** Without the search: it is often an email, and URLs are kept in logs and histories. */
const addressOf = ({ filter, order, after }: View): string => {
  const query = new URLSearchParams();
  if (filter !== 'all') query.set('filter', filter);
  if (order !== 'newest') query.set('sort', order);
  if (after !== '') query.set('after', after);
  return query.size > 0 ? `/admin?${query}` : '/admin';
};

const showUsers = async (c: Context<AppEnv>, view: View) => {
  const { core } = c.var;
  const { search, filter, order, after } = view;
  const list = { filter, order, afterId: readIdCursor(after), limit: ACCOUNTS_A_PAGE + 1 };
  const [{ rows: accounts, next }, totals] = await Promise.all([
    search === ''
      ? core.admin.list(list).then((found) => cutPage(found, ACCOUNTS_A_PAGE))
      : findAccounts(core, search, { after, limit: ACCOUNTS_A_PAGE }),
    core.admin.count(),
  ]);
  return show(
    c,
    { title: 'Users', here: '/admin' },
    <>
      <h1>Users</h1>
      <search>
        <form class="search" method="post" action="/admin">
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
      <Filters view={view} totals={totals} />
      {accounts.length === 0 ? (
        <p class="card">{search === '' ? 'No accounts.' : 'No account is found.'}</p>
      ) : (
        <UserTable accounts={accounts} view={view} />
      )}
      <nav class="turn" aria-label="Pages">
        {after !== '' && <Turn view={{ ...view, after: '' }} label="First page" />}
        {next !== null && <Turn view={{ ...view, after: next }} label="Next page" />}
      </nav>
    </>,
  );
};

/** A link to another page of the list. For a search, a button that sends the search again. */
const Turn = ({ view, label }: { view: View; label: string }) =>
  view.search === '' ? (
    <a href={addressOf(view)}>{label}</a>
  ) : (
    <form method="post" action="/admin">
      <input type="hidden" name="search" value={view.search} />
      {view.after !== '' && <input type="hidden" name="after" value={view.after} />}
      <button type="submit" class="quiet">
        {label}
      </button>
    </form>
  );

const listUsers = endpoint({
  method: 'GET',
  path: '/admin',
  auth: admins,
  handle: (c) =>
    showUsers(
      c,
      readView((name) => c.req.query(name)),
    ),
});

const searchUsers = endpoint({
  method: 'POST',
  path: '/admin',
  auth: admins,
  body: form(z.extend(accountSearch, { after: z.optional(z.string()) }), {
    show: (c) => showUsers(c, NO_SEARCH),
  }),
  handle: (c) => {
    const { search, after } = c.req.valid('json');
    return showUsers(c, { ...NO_SEARCH, search, after: readAccountCursor(search, after) });
  },
});

export const adminUsers = [listUsers, searchUsers];

/** `10,000+` if there are more than were counted. */
const countWords = (count: number): string =>
  count > MAX_COUNTED ? `${MAX_COUNTED.toLocaleString('en')}+` : count.toLocaleString('en');

/** The filters, with the number of accounts of each kind. */
const Filters = ({ view, totals }: { view: View; totals: Totals }) => (
  <nav class="filters" aria-label="Filter">
    {FILTERS.map(([filter, label]) => (
      <a
        href={addressOf({ ...view, search: '', after: '', filter })}
        aria-current={view.search === '' && filter === view.filter ? 'true' : undefined}
      >
        {label} <span class="count">{countWords(totals[filter])}</span>
      </a>
    ))}
  </nav>
);

/** A column that sorts the table. A search has its own order: usernames, then emails, then names. */
const SortLink = ({ view, order, label }: { view: View; order: AccountOrder; label: string }) =>
  view.search === '' ? <a href={addressOf({ ...view, after: '', order })}>{label}</a> : <span>{label}</span>;

const UserTable = ({ accounts, view }: { accounts: readonly Account[]; view: View }) => {
  const order = view.search === '' ? view.order : null;
  const byAge = order === 'newest' ? 'descending' : order === 'oldest' ? 'ascending' : undefined;
  return (
    <div class="card">
      <table>
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col" aria-sort={order === 'email' ? 'ascending' : undefined}>
              <SortLink view={view} order="email" label="Email" />
            </th>
            <th scope="col" class="wide" aria-sort={byAge}>
              <SortLink view={view} order={order === 'newest' ? 'oldest' : 'newest'} label="Created" />
            </th>
            <th scope="col" class="wide">
              Last sign-in
            </th>
          </tr>
        </thead>
        <tbody>
          {accounts.map((account) => (
            <UserRow account={account} />
          ))}
        </tbody>
      </table>
    </div>
  );
};

const UserRow = ({ account }: { account: Account }) => (
  <tr>
    <td>
      <span class="user">
        <Avatar account={account} size="small" />
        <span>
          <a class="strong" href={`/admin/users/${account.id}`}>
            {nameOf(account)}
          </a>
          <Badges account={account} />
          {account.username !== null && account.username !== nameOf(account) && (
            <span class="aside">{account.username}</span>
          )}
        </span>
      </span>
    </td>
    <td>{account.email}</td>
    <td class="wide">
      <Day ms={account.createdAtMs} />
    </td>
    <td class="wide">
      {account.lastLoginAtMs === NEVER_LOGGED_IN_MS ? 'Never' : <Moment ms={account.lastLoginAtMs} />}
    </td>
  </tr>
);

/** The badges of an account. */
export const Badges = ({ account }: { account: Account }) => (
  <>
    {account.isAdmin && <Badge>Admin</Badge>}
    {account.disabledAtMs !== null && <Badge kind="bad">Disabled</Badge>}
  </>
);
