// The lines of an export: accounts in the order of their ids, each in the JSON format of the import.
import { isPlaceholderEmail } from '../src/core/formats.ts';
import { selectAccounts } from './import/sql.ts';
import type { Target } from './import/target.ts';
import { toPlainLines } from './terminal.ts';
import type { Row } from './wrangler.ts';

/** Accounts per query. The response of the deployed database is one JSON text in memory. */
const PAGE_ACCOUNTS = 2_000;

const TIMES = new Set(['created_at', 'updated_at', 'last_login_at', 'disabled_at', 'email_verified_at']);
const LEFT_OUT = new Set(['username_key', 'email_key', 'name_key']);

/** A row as the import reads it: ISO 8601 times, JSON booleans, and no computed columns. */
export const toLine = (row: Row): string => {
  const fields = Object.entries(row)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => {
      if (name === 'email' && isPlaceholderEmail(String(value))) return [name, ''];
      if (name === 'is_admin') return [name, value === 1];
      return [name, TIMES.has(name) && typeof value === 'number' ? new Date(value).toISOString() : value];
    });
  // The file may be shown on a terminal. An escaped character means the same in JSON.
  return `${toPlainLines(JSON.stringify(Object.fromEntries(fields)))}\n`;
};

/** Pages of accounts by id. Every page has the same cost. */
export async function* readAccounts(target: Target): AsyncGenerator<Row[]> {
  let afterId = 0;
  for (;;) {
    const [page = []] = await target.query([selectAccounts(afterId, PAGE_ACCOUNTS)]);
    if (page.length > 0) yield page;
    if (page.length < PAGE_ACCOUNTS) return;
    afterId = Number(page.at(-1)?.['id']);
  }
}
