// The words that the parts of second factors share.
import { and, eq, exists, isNotNull, isNull, type SQL } from 'drizzle-orm';
import type { Principal } from '../model.ts';
import { factors, sessions, users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';

/** The service as passkeys know it. */
export interface RelyingParty {
  /** The domain that passkeys belong to. */
  id: string;
  /** What browsers and authenticator apps show. */
  name: string;
  /** Origins whose pages may ask for passkeys. */
  origins: readonly string[];
}

/** A factor that is in use: one that was confirmed. */
export const whereOn = (accountId: number): SQL | undefined =>
  and(eq(factors.userId, accountId), isNotNull(factors.confirmedAtMs));

/** The account of a principal, while it is enabled and the session is live. Any other change cancels the statement. */
export const wherePrincipal = (db: Database, { account, session }: Principal): SQL | undefined =>
  and(
    eq(users.id, account.id),
    isNull(users.disabledAtMs),
    exists(
      db
        .select({ id: sessions.id })
        .from(sessions)
        .where(and(eq(sessions.id, session.id), eq(sessions.userId, account.id))),
    ),
  );
