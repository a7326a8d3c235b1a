// The one query of an authenticated request. Drizzle builds its text once an isolate: to build it for each request
// was a quarter of what an authenticated read costs (bench/README.md).
import { and, eq, fillPlaceholders, type GetColumnData, gt, inArray, isNull, sql } from 'drizzle-orm';
import { QueryBuilder, type SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { accountColumns } from '../model.ts';
import { sessions, users } from '../store/schema.ts';
import type { Located } from './tokens.ts';

const sessionColumns = {
  id: sessions.id,
  kind: sessions.kind,
  createdAtMs: sessions.createdAtMs,
  lastSeenAtMs: sessions.lastSeenAtMs,
  expiresAtMs: sessions.expiresAtMs,
} as const;

/** A live session and its account, where both may be used. */
const { sql: text, params } = new QueryBuilder()
  .select({ account: accountColumns, session: sessionColumns })
  .from(sessions)
  .innerJoin(users, eq(users.id, sessions.userId))
  .where(
    and(
      eq(sessions.id, sql.placeholder('id')),
      inArray(sessions.kind, [sql.placeholder('kind'), sql.placeholder('otherKind')]),
      gt(sessions.expiresAtMs, sql.placeholder('nowMs')),
      isNull(users.disabledAtMs),
    ),
  )
  .toSQL();

type Columns = Readonly<Record<string, SQLiteColumn>>;
type Row<C extends Columns> = { [K in keyof C]: GetColumnData<C[K]> };

/** Reads the values of a row by their columns. What the columns are, their row is: no guard could tell more. */
const readRow = <C extends Columns>(columns: C, values: readonly unknown[]): Row<C> =>
  Object.fromEntries(
    Object.entries(columns).map(([name, column], index) => {
      const value = values[index] ?? null;
      return [name, value === null ? null : column.mapFromDriverValue(value)];
    }),
  ) as Row<C>;

const ACCOUNT_WIDTH = Object.keys(accountColumns).length;

/** Finds the live session that a token leads to, with its account; null where there is none. One round trip. */
export const findSession =
  ({ id, kinds: [kind, otherKind = kind] }: Located, nowMs: number) =>
  async (session: D1DatabaseSession) => {
    const values = fillPlaceholders(params, { id, kind, otherKind, nowMs });
    const [row] = await session
      .prepare(text)
      .bind(...values)
      .raw<unknown[]>();
    return row
      ? { account: readRow(accountColumns, row), session: readRow(sessionColumns, row.slice(ACCOUNT_WIDTH)) }
      : null;
  };
