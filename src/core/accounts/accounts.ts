// Accounts: reading, changing, listing and removing them. Making them is in registration.ts.
import { and, asc, eq, gt, isNull } from 'drizzle-orm';
import { type Gone, type LastAdmin, type Result, refuse, succeed } from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import { type Account, accountColumns, type Client } from '../model.ts';
import { deleteSessionsOf } from '../sessions/rows.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { isNotLastAdmin } from './last-admin.ts';

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
   * Removes an account with its sessions and tokens; its name is free again, its id is never used again. Refuses
   * the last admin where one is to be kept: the document of 003 knows no such refusal, whoever asks there goes.
   */
  remove(id: number, client: Client, removal?: Removal): Promise<Result<null, Gone | LastAdmin>>;
}

export interface Removal {
  /** The admin who does it; none where it is the owner. */
  actorId?: number;
  keepsLastAdmin?: boolean;
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

    async remove(id, client, { actorId, keepsLastAdmin = false } = {}) {
      const { value } = await store.primary((db) => {
        const mayGo = and(eq(users.id, id), keepsLastAdmin ? isNotLastAdmin(db, id) : undefined);
        return db.batch([
          noteEventOf(db, 'deleted', mayGo, client, nowMs(), actorId),
          deleteSessionsOf(db, id, mayGo),
          db.delete(users).where(mayGo).returning({ id: users.id }),
          db.select({ id: users.id }).from(users).where(eq(users.id, id)),
        ]);
      });
      const [, ended, removed, left] = value;
      sessionStore.forget(ended.map((session) => session.id));
      if (removed.length > 0) return succeed(null);
      return refuse({ reason: left.length > 0 ? 'last_admin' : 'gone' });
    },
  };
};
