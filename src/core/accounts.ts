// Accounts: reading, changing, listing and removing them. Making them is in registration.ts.
import { and, asc, eq, gt, isNull } from 'drizzle-orm';
import { type Gone, type Result, refuse, succeed } from './errors.ts';
import { type EventType, noteEventOf } from './events.ts';
import { type Account, accountColumns, type Client } from './model.ts';
import { sessions, users } from './schema.ts';
import type { Sessions } from './sessions.ts';
import type { Store } from './store.ts';

/** What its owner may change of an account. */
export type ProfileChanges = {
  [K in 'name' | 'firstName' | 'lastName' | 'address' | 'siteUrl' | 'description' | 'pictureId']?:
    | Account[K]
    | undefined;
};

export interface Accounts {
  /** The account of that id; null where there is none. */
  get(id: number): Promise<Account | null>;
  /** Accounts by id, `limit` of them at most, beginning after `afterId`; costs the same on every page. */
  list(page: { afterId: number; limit: number }): Promise<Account[]>;
  update(
    id: number,
    changes: ProfileChanges,
    type: EventType,
    client: Client,
  ): Promise<Result<Account, Gone>>;
  /**
   * Removes an account with its sessions and tokens, for its owner or for the admin `actorId`; its name is free again, its id is never
   * used again.
   */
  remove(id: number, client: Client, actorId?: number): Promise<Result<null, Gone>>;
}

export interface AccountsOptions {
  store: Store;
  sessions: Sessions;
  nowMs: () => number;
}

export const createAccounts = ({ store, sessions: sessionStore, nowMs }: AccountsOptions): Accounts => {
  return {
    async get(id) {
      const { value } = await store.primary((db) =>
        db.select(accountColumns).from(users).where(eq(users.id, id)).get(),
      );
      return value ?? null;
    },

    async list({ afterId, limit }) {
      const { value } = await store.primary((db) =>
        db
          .select(accountColumns)
          .from(users)
          .where(gt(users.id, afterId))
          .orderBy(asc(users.id))
          .limit(limit)
          .all(),
      );
      return value;
    },

    async update(id, changes, type, client) {
      const now = nowMs();
      const isUsable = and(eq(users.id, id), isNull(users.disabledAtMs));
      const { value } = await store.primary((db) =>
        db.batch([
          db
            .update(users)
            .set({ ...changes, updatedAtMs: now })
            .where(isUsable)
            .returning(accountColumns),
          noteEventOf(db, type, isUsable, client, now),
        ]),
      );
      const account = value[0][0];
      return account ? succeed(account) : refuse({ reason: 'gone' });
    },

    async remove(id, client, actorId) {
      const { value } = await store.primary((db) =>
        db.batch([
          noteEventOf(db, 'deleted', eq(users.id, id), client, nowMs(), actorId),
          db.delete(sessions).where(eq(sessions.userId, id)).returning({ id: sessions.id }),
          db.delete(users).where(eq(users.id, id)).returning({ id: users.id }),
        ]),
      );
      const [, ended, removed] = value;
      sessionStore.forget(ended.map((session) => session.id));
      return removed.length > 0 ? succeed(null) : refuse({ reason: 'gone' });
    },
  };
};
