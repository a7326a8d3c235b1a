// Pages of a list: `?limit=` and `?after=`, what is on one, and the next page in a Link header.
import type { Context } from 'hono';
import type { Account, Core, SearchCursor, SessionCursor } from '../core/index.ts';
import type { AppEnv } from './context.ts';
import type { Parameter } from './docs.ts';

const PAGE_SIZE = { byDefault: 100, min: 1, max: 1000 };

/** A whole number from a query, or what stands for it where there is none. */
const readWhole = (text: string | undefined, byDefault: number): number => {
  const number = Number(text === undefined || text.trim() === '' ? Number.NaN : text);
  return Number.isFinite(number) ? Math.trunc(number) : byDefault;
};

/** The page that is asked for: 1 to 1,000 rows, 100 where nothing is said; `after` is empty on the first. */
export const readPage = (c: Context<AppEnv>): { limit: number; after: string } => {
  const { byDefault, min, max } = PAGE_SIZE;
  const limit = Math.min(max, Math.max(min, readWhole(c.req.query('limit'), byDefault)));
  return { limit, after: c.req.query('after') ?? '' };
};

/** The id after which a page begins: 0 where none is named. */
export const readAfterId = (after: string): number => Math.max(0, readWhole(after, 0));

/** The id at which a page begins; null, the first page, where the text is none. */
export const readIdCursor = (after: string): number | null =>
  /^\d{1,15}$/.test(after) ? Number(after) : null;

/** Names the next page, where there is one. @see https://www.rfc-editor.org/rfc/rfc8288 */
export const linkNext = (c: Context<AppEnv>, limit: number, after: string | null): void => {
  if (after === null) return;
  const next = new URL(c.req.url);
  next.searchParams.set('limit', String(limit));
  next.searchParams.set('after', after);
  c.header('Link', `<${next.href}>; rel="next"`);
};

/** A cursor of a search travels as `field:id`; null if the text is none. */
const readCursor = (after: string): SearchCursor | null => {
  const [, field, id] = /^(username|email|name):(\d{1,15})$/.exec(after) ?? [];
  if (field !== 'username' && field !== 'email' && field !== 'name') return null;
  return { field, afterId: Number(id) };
};

const writeCursor = ({ field, afterId }: SearchCursor): string => `${field}:${afterId}`;

/** A cursor among sessions travels as `time.id`; null if the text is none. */
export const readSessionCursor = (after: string): SessionCursor | null => {
  const [, time, id] = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(after) ?? [];
  return id === undefined ? null : { lastSeenAtMs: Number(time), id };
};

export const writeSessionCursor = ({ lastSeenAtMs, id }: SessionCursor): string => `${lastSeenAtMs}.${id}`;

/** What is on a page, and where the next one begins; null where this is the last. */
export interface Page<T> {
  rows: T[];
  next: string | null;
}

/** The page of a list of which one row more than `limit` was asked for; the next begins at its last id. */
export const cutPage = <T extends { id: number }>(found: readonly T[], limit: number): Page<T> => {
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? String(rows.at(-1)?.id) : null };
};

/** All accounts by id, or those that a search finds: the page that begins at a cursor. */
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

/** How the reference describes `?limit=`. */
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

/** How the reference describes `?after=` of a list of sessions. */
export const afterSession = (): Parameter =>
  after('The session behind which the page begins, as `Link` gives it.');

/** How the reference describes `?after=`. */
export const after = (description: string): Parameter => ({
  name: 'after',
  in: 'query',
  description,
  schema: { type: 'string' },
});
