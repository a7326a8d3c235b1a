// The accounts that an import brought and that were deleted here since: no later import creates them again.

import { digest, type NewRow } from './rows.ts';
import { selectDeletedImports } from './sql.ts';
import type { Target } from './target.ts';

/** Accounts a question: the answer of the deployed database is one JSON text, held whole. */
const PAGE_ACCOUNTS = 5_000;

/** Two services count from 1, so an id that is a number tells nobody apart. */
const isUnique = (sourceId: string): boolean => !/^\d*$/.test(sourceId);

/**
 * Reads them all, and returns whether a record is one of them: by its email, its username, or an id that no other
 * service gives. Only digests are kept, 22 characters each, so that even many deletions take little memory.
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
