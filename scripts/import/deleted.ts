// Imported accounts that were deleted in Latchkey. Later imports do not create them again.

import { digest, type NewRow } from './rows.ts';
import { selectDeletedImports } from './sql.ts';
import type { Target } from './target.ts';

/** Accounts per query. The response of the deployed database is one JSON text in memory. */
const PAGE_ACCOUNTS = 5_000;

/** Numeric ids identify nobody, because every service counts from 1. */
const isUnique = (sourceId: string): boolean => !/^\d*$/.test(sourceId);

/**
 * Reads all of them and returns a function that finds out whether a record is one of them: by its email, its username,
 * or a globally unique id. Only digests of 22 characters are kept in memory.
 */
export const loadDeleted = async (target: Target): Promise<(row: NewRow) => boolean> => {
  const names = new Set<string>();
  const sourceIds = new Set<string>();
  for (let afterId = 0; ; ) {
    const [page = []] = await target.query([selectDeletedImports(afterId, PAGE_ACCOUNTS)]);
    for (const row of page) {
      names.add(`e${row['email_digest']}`);
      if (typeof row['username_digest'] === 'string') names.add(`u${row['username_digest']}`);
      if (typeof row['source_id'] === 'string' && isUnique(row['source_id'])) sourceIds.add(row['source_id']);
      afterId = Number(row['user_id']);
    }
    if (page.length < PAGE_ACCOUNTS) break;
  }
  if (names.size === 0) return () => false;
  return ({ emailKey, usernameKey, sourceId }) =>
    names.has(`e${digest(emailKey)}`) ||
    (usernameKey !== null && names.has(`u${digest(usernameKey)}`)) ||
    (sourceId !== null && sourceIds.has(sourceId));
};
