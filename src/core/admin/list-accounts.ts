// The list of accounts that admins see: filtered, sorted, a page at a time, with totals.
import { and, asc, count, desc, gt, lt, type SQL, sql } from 'drizzle-orm';
import type { Account } from '../model.ts';
import { accountColumns } from '../store/columns.ts';
import { users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';

export type AccountFilter = 'all' | 'admins' | 'disabled';
export type AccountOrder = 'oldest' | 'newest' | 'email';

export interface AccountList {
  filter: AccountFilter;
  order: AccountOrder;
  /** The last account of the page before; null for the first page. */
  afterId: number | null;
  limit: number;
}

/** How many accounts there are, counted up to `MAX_COUNTED`. */
export interface Totals {
  all: number;
  admins: number;
  disabled: number;
}

/**
 * Counting reads every row that it counts. Without this limit, the cost of a page would grow with the number of
 * accounts.
 */
export const MAX_COUNTED = 10_000;

/** Ids begin at 1. This condition makes SQLite walk the table by its key, and the limit stops it. */
const whereAny = gt(users.id, 0);

/** The conditions of the partial indexes, as they are written there. */
const FILTERS: Readonly<Record<AccountFilter, SQL>> = {
  all: whereAny,
  admins: sql`is_admin = 1`,
  disabled: sql`disabled_at IS NOT NULL`,
};

/**
 * The disabled accounts have an index for each order, because a service may disable most of its accounts. Admins are few,
 * so they are found by the one index of their filter and sorted: the plus keeps SQLite from the index of the column.
 */
const columnOf = (column: typeof users.id | typeof users.emailKey, filter: AccountFilter): SQL =>
  filter === 'admins' ? sql`+${column}` : sql`${column}`;

/**
 * A page of accounts, found by an index. If the last account of the page before was deleted, a list by email starts
 * again, so that nothing is skipped.
 */
export const listAccounts = async (
  store: Store,
  { filter, order, afterId, limit }: AccountList,
): Promise<Account[]> => {
  const column = columnOf(order === 'email' ? users.emailKey : users.id, filter);
  const emailOfAfter = sql`coalesce((SELECT email_key FROM users WHERE id = ${afterId ?? 0}), '')`;
  const starts = {
    oldest: gt(column, afterId ?? 0),
    newest: lt(column, afterId ?? Number.MAX_SAFE_INTEGER),
    email: gt(column, emailOfAfter),
  };
  const { value } = await store.primary((db) =>
    db
      .select(accountColumns)
      .from(users)
      .where(and(filter === 'all' ? undefined : FILTERS[filter], starts[order]))
      .orderBy(order === 'newest' ? desc(column) : asc(column))
      .limit(limit)
      .all(),
  );
  return value;
};

const countOf = (db: Database, filter: AccountFilter) =>
  db.select({ count: count() }).from(
    db
      .select({ one: sql<number>`1`.as('one') })
      .from(users)
      .where(FILTERS[filter])
      .limit(MAX_COUNTED + 1)
      .as('counted'),
  );

/** The totals of all accounts. */
export const countAccounts = async (store: Store): Promise<Totals> => {
  const { value } = await store.primary((db) =>
    db.batch([countOf(db, 'all'), countOf(db, 'admins'), countOf(db, 'disabled')]),
  );
  const [[all], [admins], [disabled]] = value;
  return { all: all?.count ?? 0, admins: admins?.count ?? 0, disabled: disabled?.count ?? 0 };
};
