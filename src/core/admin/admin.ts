// What admins do: search accounts by prefix, disable, enable, grant and revoke admin rights.

import { and, asc, eq, gt, gte, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { err, type Gone, type LastAdmin, ok, type Result } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import { isMatchable } from '../formats.ts';
import { emailKey, usernameKey } from '../identity.ts';
import type { NoticeKind } from '../mail/kinds.ts';
import type { Mail } from '../mail/mail.ts';
import type { Account, Client } from '../model.ts';
import { nameSearchKey } from '../names.ts';
import type { Proofs } from '../proofs/proofs.ts';
import { endSessionsOf, type Sessions } from '../sessions/sessions.ts';
import { accountColumns } from '../store/columns.ts';
import { whereNotLastAdmin } from '../store/conditions.ts';
import { users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import { type AccountList, countAccounts, listAccounts, type Totals } from './list-accounts.ts';

/**
 * Where a page of a search begins: after this account among the matches of this field. It is part of URLs, so it has an
 * id and no name.
 */
export interface SearchCursor {
  field: SearchField;
  afterId: number;
}

export type SearchField = 'username' | 'email' | 'name';
const SEARCH_FIELDS: readonly SearchField[] = ['username', 'email', 'name'];

export interface SearchPage {
  accounts: Account[];
  /** Where the next page begins; null if this is the last. */
  next: SearchCursor | null;
}

/** What an admin can do to an account. */
export type AdminAction = 'disabled' | 'enabled' | 'admin_granted' | 'admin_revoked' | 'email_verified';

/** A mail that an admin can send to the owner. */
export type AdminMail = 'reset_password' | 'verify_email';

/** Sorts after every character: the end of a range of keys with a prefix. */
const LAST_CHARACTER = '\u{10ffff}';

export interface Admin {
  /** A page of all accounts, or of those of a filter. It costs the same on every page. */
  list(page: AccountList): Promise<Account[]>;
  /** How many accounts there are, counted up to `MAX_COUNTED`. */
  count(): Promise<Totals>;
  /**
   * Finds accounts whose username, email or display name begins with a text, in this order, each once. It reads ranges
   * of an index, so the cost does not grow with the number of accounts.
   */
  search(prefix: string, page: { from: SearchCursor | null; limit: number }): Promise<SearchPage>;
  /**
   * Disables an account (and ends every session), enables it, grants or revokes admin rights, or marks its address as
   * proven. Never removes the last admin.
   */
  apply(
    id: number,
    action: AdminAction,
    actorId: number,
    client: Client,
  ): Promise<Result<Account, Gone | LastAdmin>>;
  /**
   * Mails the owner a link that sets a new password, or one that proves the address. Admins cannot choose a password.
   * The limits of mails apply, counted separately from other requests. Nothing is mailed to a disabled account, and no
   * proof of an address that is proven already.
   */
  send(id: number, kind: AdminMail, actorId: number, client: Client): Promise<Result<null, Gone>>;
}

/** Counts mails requested by admins separately, so that nobody else can use up their limit. */
const ADMIN_REQUESTER = 'admin';

export interface AdminOptions {
  store: Store;
  sessions: Sessions;
  mail: Mail;
  proofs: Proofs;
  nowMs: () => number;
}

export const createAdmin = (options: AdminOptions): Admin => {
  const { store, sessions: sessionStore, mail, proofs, nowMs } = options;

  return {
    list: (page) => listAccounts(store, page),
    count: () => countAccounts(store),

    async search(prefix, { from, limit }) {
      // No name is this long.
      if (!isMatchable(prefix)) return { accounts: [], next: null };
      const rows: Match[] = [];
      for (const field of SEARCH_FIELDS.slice(from ? SEARCH_FIELDS.indexOf(from.field) : 0)) {
        if (rows.length > limit) break;
        const start = from?.field === field ? from : null;
        const { value } = await store.primary((db) =>
          searchField(db, field, prefix, start, limit + 1 - rows.length),
        );
        rows.push(...value.map(({ account }) => ({ account, field })));
      }
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const next = last && rows.length > limit ? { field: last.field, afterId: last.account.id } : null;
      return { accounts: shown.map(({ account }) => account), next };
    },

    async apply(id, action, actorId, client) {
      const now = nowMs();
      const { changes, notice, isNew } = effectOf(action, now);
      const takesAdmin = action === 'disabled' || action === 'admin_revoked';
      const { value } = await store.primary((db) => {
        const whereChangeable = and(eq(users.id, id), takesAdmin ? whereNotLastAdmin(db, id) : undefined);
        return db.batch([
          noteEventOf(db, action, whereChangeable, client, now, actorId),
          mail.notify(db, notice, and(whereChangeable, isNew), client, {
            byAdmin: true,
          }),
          ...endSessionsOf(db, action === 'disabled' ? id : null, whereChangeable),
          db
            .update(users)
            .set({ ...changes, updatedAtMs: now })
            .where(whereChangeable)
            .returning(accountColumns),
          db.select({ id: users.id }).from(users).where(eq(users.id, id)),
        ]);
      }, actorId);
      mail.sendSoon(value);
      const [, , latest, , [account], exist] = value;
      sessionStore.forget(latest.map((session) => session.id));
      if (account) return ok(account);
      return err({ reason: exist.length > 0 ? 'last_admin' : 'gone' });
    },

    async send(id, kind, actorId, client) {
      const account = and(
        eq(users.id, id),
        isNull(users.disabledAtMs),
        kind === 'verify_email' ? isNull(users.emailVerifiedAtMs) : undefined,
      );
      const { value } = await store.primary(
        (db) =>
          db.batch([
            db.select({ id: users.id }).from(users).where(eq(users.id, id)),
            ...proofs.request(db, {
              kind,
              account,
              client,
              requester: ADMIN_REQUESTER,
              actorId,
              ...(kind === 'reset_password' && { event: 'password_reset_requested' }),
            }),
          ]),
        actorId,
      );
      mail.sendSoon(value);
      return value[0].length > 0 ? ok(null) : err({ reason: 'gone' });
    },
  };
};

interface Effect {
  /** What the action changes. */
  changes: Partial<Record<'disabledAtMs' | 'isAdmin' | 'emailVerifiedAtMs', boolean | null | SQL>>;
  /** The mail to the owner; null for none. */
  notice: NoticeKind | null;
  /** The condition that the action changes something, so that the owner is not mailed twice. */
  isNew: SQL;
}

const effectOf = (action: AdminAction, now: number) =>
  (
    ({
      // Disabling a disabled account keeps the first time.
      disabled: {
        changes: { disabledAtMs: sql`coalesce(${users.disabledAtMs}, ${now})` },
        notice: 'account_disabled',
        isNew: isNull(users.disabledAtMs),
      },
      enabled: { changes: { disabledAtMs: null }, notice: null, isNew: isNotNull(users.disabledAtMs) },
      admin_granted: { changes: { isAdmin: true }, notice: 'admin_granted', isNew: eq(users.isAdmin, false) },
      admin_revoked: { changes: { isAdmin: false }, notice: 'admin_revoked', isNew: eq(users.isAdmin, true) },
      email_verified: {
        changes: { emailVerifiedAtMs: sql`coalesce(${users.emailVerifiedAtMs}, ${now})` },
        notice: null,
        isNew: isNull(users.emailVerifiedAtMs),
      },
    }) satisfies Record<AdminAction, Effect>
  )[action];

/**
 * The column of a field, the text in the form in which the column is compared, and the condition of its index if no
 * comparison implies it.
 */
const searchedBy = (field: SearchField, prefix: string): { column: SQL; key: string; indexed?: SQL } => {
  switch (field) {
    case 'username':
      return { column: sql`${users.usernameKey}`, key: usernameKey(prefix) };
    case 'email':
      return { column: sql`${users.emailKey}`, key: emailKey(prefix) };
    case 'name':
      return {
        column: sql`${users.nameKey}`,
        key: nameSearchKey(prefix),
        indexed: sql`${users.nameKey} <> ''`,
      };
  }
};

const whereMatches = (field: SearchField, prefix: string): SQL | undefined => {
  const { column, key, indexed } = searchedBy(field, prefix);
  return and(gte(column, key), lt(column, key + LAST_CHARACTER), indexed);
};

interface Match {
  account: Account;
  field: SearchField;
}

/** The matches of one field, without those of the fields before it: one range of one index. */
const searchField = (
  db: Database,
  field: SearchField,
  prefix: string,
  start: SearchCursor | null,
  limit: number,
) => {
  const { column, key } = searchedBy(field, prefix);
  const earlier = SEARCH_FIELDS.slice(0, SEARCH_FIELDS.indexOf(field));
  // IS NOT TRUE instead of NOT, because a username may be null.
  const unseen = earlier.map((other) => sql`(${whereMatches(other, prefix)}) IS NOT TRUE`);
  // If that account was deleted or no longer matches, the page begins at the start of its field, so that nothing is
  // skipped.
  const keyAt =
    start &&
    sql`coalesce((SELECT ${column} FROM ${users} WHERE ${users.id} = ${start.afterId} AND ${whereMatches(field, prefix)}), ${key})`;
  const after = start && keyAt && and(gte(column, keyAt), or(gt(column, keyAt), gt(users.id, start.afterId)));
  return db
    .select({ account: accountColumns })
    .from(users)
    .where(and(whereMatches(field, prefix), after ?? undefined, ...unseen))
    .orderBy(asc(column), asc(users.id))
    .limit(limit)
    .all();
};
