// Pages of a list: `?limit=` and `?after=`, and the next page in a Link header.
import type { Context } from 'hono';
import type { Account, Core, SearchCursor, SessionCursor } from '../core/index.ts';
import type { AppEnv } from './context.ts';
import type { Parameter } from './docs.ts';

const PAGE_SIZE = { byDefault: 100, min: 1, max: 1000 };

/** A whole number from a query, or a default. */
const readWhole = (text: string | undefined, byDefault: number): number => {
  const number = Number(text === undefined || text.trim() === '' ? Number.NaN : text);
  return Number.isFinite(number) ? Math.trunc(number) : byDefault;
};

/** The requested page: 1 to 1,000 rows, 100 by default; `after` is empty on the first. */
export const readPage = (c: Context<AppEnv>): { limit: number; after: string } => {
  const { byDefault, min, max } = PAGE_SIZE;
  const limit = Math.min(max, Math.max(min, readWhole(c.req.query('limit'), byDefault)));
  return { limit, after: c.req.query('after') ?? '' };
};

/** The id after which a page begins; 0 by default. */
export const readAfterId = (after: string): number => Math.max(0, readWhole(after, 0));

/** The id at which a page begins; null, the first page, if the text is no id. */
export const readIdCursor = (after: string): number | null =>
  /^\d{1,15}$/.test(after) ? Number(after) : null;

/** Adds the `Link` to the next page, if there is one. @see https://www.rfc-editor.org/rfc/rfc8288 */
export const linkNext = (c: Context<AppEnv>, limit: number, after: string | null): void => {
  if (after === null) return;
  const next = new URL(c.req.url);
  next.searchParams.set('limit', String(limit));
  next.searchParams.set('after', after);
  c.header('Link', `<${next.href}>; rel="next"`);
};

/** Reads the cursor of a search, `field:id`; null if the text is not one. */
const readCursor = (after: string): SearchCursor | null => {
  const [, field, id] = /^(username|email|name):(\d{1,15})$/.exec(after) ?? [];
  if (field !== 'username' && field !== 'email' && field !== 'name') return null;
  return { field, afterId: Number(id) };
};

/** The cursor of a page of `findAccounts`; empty, as for the first page, if the text is not one. */
export const readAccountCursor = (search: string, after = ''): string =>
  (search === '' ? readIdCursor(after) : readCursor(after)) === null ? '' : after;

const writeCursor = ({ field, afterId }: SearchCursor): string => `${field}:${afterId}`;

/** Reads the cursor of a list of sessions, `time.id`; null if the text is not one. */
export const readSessionCursor = (after: string): SessionCursor | null => {
  const [, time, id] = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(after) ?? [];
  return id === undefined ? null : { lastSeenAtMs: Number(time), id };
};

export const writeSessionCursor = ({ lastSeenAtMs, id }: SessionCursor): string => `${lastSeenAtMs}.${id}`;

/** The rows of a page, and where the next one begins; null if this is the last. */
export interface Page<T> {
  rows: T[];
  next: string | null;
}

/** Cuts a page from rows, of which one more than `limit` was read. The next page begins at its last id. */
export const cutPage = <T extends { id: number }>(found: readonly T[], limit: number): Page<T> => {
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? String(rows.at(-1)?.id) : null };
};

/** A page of all accounts by id, or of those that a search finds. */
export const findAccounts = async (
  core: Core,
  search: string,
  { after, limit }: { after: string; limit: number },
): Promise<Page<Account>> => {
  if (search === '')
    return cutPage(await core.accounts.list({ afterId: readIdCursor(after) ?? 0, limit: limit + 1 }), limit);
  const { accounts, next } = await core.admin.search(search, { from: readCursor(after), limit });
  return { rows: accounts, next: next && writeCursor(next) };
};

/** The documentation of `?limit=`. */
export const limit = (): Parameter => ({
  name: 'limit',
  in: 'query',
  description:
    'How many rows at most. What is out of bounds is brought within them; 100 where nothing is said.',
  schema: {
    type: 'integer',
    minimum: PAGE_SIZE.min,
    maximum: PAGE_SIZE.max,
    default: PAGE_SIZE.byDefault,
  },
});

/** The documentation of `?after=` of a list of sessions. */
export const afterSession = (): Parameter =>
  after('The session behind which the page begins, as `Link` gives it.');

/** The documentation of `?after=`. */
export const after = (description: string): Parameter => ({
  name: 'after',
  in: 'query',
  description,
  schema: { type: 'string' },
});
