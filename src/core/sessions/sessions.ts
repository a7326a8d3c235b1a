// The life of a session, from issue to end. D1 holds the truth; a record in KV says how fresh a copy of D1 must be.
//
//   issue      tokens.issue(): a token and its SHA-256, which is the session's id
//   store      openSession(), insertSession(): statements of the batch that logs in or registers
//   hand out   handOut(): writes the record to KV and gives the credential to its client
//   use        authenticate(): finds the live session of a token, and extends its idle expiry at most once a day
//   renew      renewSession(): a new token after the password was confirmed; the old one is void
//   end        end(), endAll(), logOut(), deleteSession(), endSessionsOf(); a newer session beyond the limit; the expiry
import {
  and,
  count,
  desc,
  eq,
  fillPlaceholders,
  type GetColumnData,
  gt,
  inArray,
  isNull,
  lt,
  lte,
  ne,
  not,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import { QueryBuilder, type SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { noteEvent, noteEventOf, trimUserAgent } from '../events/events.ts';
import {
  type Account,
  type Client,
  type FirstFactor,
  isRecent,
  type Policy,
  type Principal,
  type Session,
  type SessionFactor,
  type SessionKind,
  type SessionProof,
} from '../model.ts';
import { accountColumns } from '../store/columns.ts';
import { whereAccountExists } from '../store/conditions.ts';
import { appPasswords, sessions, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import type { Carrier, IssuedSession, ParsedToken, StoredSession, Tokens } from './tokens.ts';

/** A session's expiry is extended at most this often, so that reading costs no writes. */
const MAX_EXTEND_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * With a short idle time it is extended more often: a session in use must never end, and a session loses at most this
 * part of its idle time. A day of the default fourteen.
 */
const EXTENSIONS_PER_IDLE_TIME = 14;

/** KV records that are deleted when all sessions of an account end. KV takes 1,000 operations a request. */
const MAX_FORGOTTEN = 100;

/** SQLite takes an OFFSET only behind a LIMIT (https://sqlite.org/lang_select.html#limitoffset): more than any account has. */
const NO_LIMIT = 1_000_000_000;

/** A live session as its owner sees it. Its id is a hash and does not authenticate. */
export interface SessionView extends Session {
  userAgent: string | null;
  country: string | null;
}

/** Where a page of sessions begins: after the session with this time and id. */
export interface SessionCursor {
  lastSeenAtMs: number;
  id: string;
}

export interface SessionPage {
  sessions: SessionView[];
  /** Where the next page begins, null if this is the last. */
  next: SessionCursor | null;
}

export interface Sessions {
  /**
   * Writes the KV record of a session that D1 has just stored, and gives its credential. Null if the session has
   * ended since.
   * @param bookmark the state of D1 in which the session was stored
   */
  handOut(
    issued: IssuedSession,
    stored: StoredSession,
    account: Account,
    bookmark: string | null,
  ): Promise<string | null>;
  /**
   * Finds the principal of a cookie's value or a token; null if it was not issued here, is expired or revoked, or if
   * its account is disabled. One KV get and one D1 query at the same time, and a second query if a replica of D1 has
   * no such session. No I/O if its form or signature is wrong.
   * @param reads `primary` asks the primary alone: for every request that changes something
   */
  authenticate(token: string, carrier: Carrier, reads: 'nearest' | 'primary'): Promise<Principal | null>;
  /**
   * The principal of a session named by a signed text. The caller has checked the signature, because an id is no
   * secret.
   */
  authenticateById(sessionId: string, reads: 'nearest' | 'primary'): Promise<Principal | null>;
  /** Whether the owner authenticated in the last ten minutes. No I/O. */
  isRecent(session: SessionProof): boolean;
  /** A page of the live sessions of an account, the most recently used first. */
  list(accountId: number, page: { after: SessionCursor | null; limit: number }): Promise<SessionPage>;
  /** How many live sessions an account has. */
  count(accountId: number): Promise<number>;
  /** Ends one session of the account; false if it has no such session. */
  end(accountId: number, sessionId: string, client: Client): Promise<boolean>;
  /**
   * Ends all sessions of an account, except one if given. Returns how many there were.
   * @param actorId the admin who does it, null for the owner
   */
  endAll(
    accountId: number,
    keptSessionId: string | null,
    client: Client,
    actorId: number | null,
  ): Promise<number>;
  /** Ends the session that the request came with. */
  logOut(principal: Principal, client: Client): Promise<void>;
  /** Deletes the KV records of sessions that D1 no longer holds. */
  forget(sessionIds: readonly string[]): void;
}

export interface SessionsOptions {
  store: Store;
  tokens: Tokens;
  policy: Policy;
  nowMs: () => number;
}

export const createSessions = ({ store, tokens, policy, nowMs }: SessionsOptions): Sessions => {
  const absoluteMs = policy.sessionAbsoluteSeconds * 1000;
  const idleMs = policy.sessionIdleSeconds * 1000;
  const extendAfterMs = Math.min(MAX_EXTEND_AFTER_MS, idleMs / EXTENSIONS_PER_IDLE_TIME);

  const record = ({ id, expiresAtMs }: { id: string; expiresAtMs: number }, bookmark: string | null): void =>
    store.putRecord(recordKey(id), JSON.stringify({ bookmark }), (expiresAtMs - nowMs()) / 1000);

  const forget = (sessionIds: readonly string[]): void => store.deleteRecords(sessionIds.map(recordKey));

  /**
   * Extends the idle expiry after the response, never past the absolute limit, and only if the row has not changed
   * since it was read: a login may have extended the account's API token further.
   */
  const extend = ({ id, lastSeenAtMs, createdAtMs }: Session): boolean => {
    const now = nowMs();
    if (now - lastSeenAtMs < extendAfterMs) return false;
    const expiresAtMs = Math.min(now + idleMs, createdAtMs + absoluteMs);
    store.runInBackground('session not extended', async () => {
      const { value, bookmark } = await store.primary((db) =>
        db
          .update(sessions)
          .set({ lastSeenAtMs: now, expiresAtMs })
          .where(
            and(
              eq(sessions.id, id),
              eq(sessions.createdAtMs, createdAtMs),
              eq(sessions.lastSeenAtMs, lastSeenAtMs),
            ),
          ),
      );
      if (value.meta.changes > 0) record({ id, expiresAtMs }, bookmark);
    });
    return true;
  };

  /**
   * Asks D1 at a bookmark, or the primary if there is none, and writes the record again if D1 could not use the
   * bookmark.
   */
  const findInD1 = async (parsed: ParsedToken, bookmark: string | null): Promise<FoundSession | null> => {
    const answer = await store.read(bookmark, findSession(parsed, nowMs()));
    const { found } = answer.value;
    if (found && !answer.isNearest) record(found.session, answer.bookmark);
    return found;
  };

  /** Where an authenticated request finds its session, by the setting SESSION_READS. */
  const find = {
    async primary(parsed: ParsedToken): Promise<FoundSession | null> {
      // A change of the account is likely to follow, and its owner expects to see it.
      if (policy.sessionReads === 'cached') forget([parsed.id]);
      return (await store.read(null, findSession(parsed, nowMs()))).value.found;
    },

    /**
     * Asks KV and the nearest copy of D1 at the same time. If the copy has the row, that is the answer, without waiting
     * for KV: the copy may not have seen a logout of the last moment, which a bookmark of the login would not reveal
     * either. If KV has already said that it has no such session, the primary decides, because the session may have
     * just ended. Without read replication the nearest copy is the primary, and no second query is needed.
     */
    async nearest(parsed: ParsedToken): Promise<FoundSession | null> {
      const asked = store.requestRecord(recordKey(parsed.id));
      const nearest = await store.readNearest(findSession(parsed, nowMs()));
      // A copy that fails proves nothing: the primary decides.
      if (!nearest) return findInD1(parsed, null);
      const { found, isPrimary } = nearest.value;
      if (found && (isPrimary || asked.text !== null)) {
        const repair = (text: string | null): void => {
          if (!readRecord(text)?.bookmark) record(found.session, nearest.bookmark);
        };
        if (asked.text !== undefined) repair(asked.text);
        else store.runInBackground('session record not repaired', () => asked.wait().then(repair));
        return found;
      }
      if (isPrimary) return null;
      const bookmark = readRecord(await asked.wait())?.bookmark ?? null;
      // Bookmarks sort by time (https://developers.cloudflare.com/d1/reference/time-travel/#bookmarks): a copy that has
      // seen the login and has no such row has seen the session's end too.
      const hasSeenLogin = bookmark !== null && nearest.bookmark !== null && nearest.bookmark >= bookmark;
      return hasSeenLogin && !found ? null : findInD1(parsed, bookmark);
    },

    /** KV alone answers for a minute after D1 was asked, so an ended session works that long, for reads only. */
    async cached(parsed: ParsedToken): Promise<FoundSession | null> {
      const known = readRecord(await store.getRecord(recordKey(parsed.id)));
      const cached = known && readCached(known, parsed, nowMs());
      if (cached) return cached;
      const { value, bookmark } = await store.read(known?.bookmark ?? null, findSession(parsed, nowMs()));
      if (value.found) cache(value.found, bookmark);
      return value.found;
    },
  };

  /** Writes the session and profile to KV, with the time at which D1 was read. */
  const cache = ({ row, session }: FoundSession, bookmark: string | null): void => {
    const text = JSON.stringify({ bookmark, row, checkedAtMs: nowMs() } satisfies KvRecord);
    store.putRecord(recordKey(session.id), text, (session.expiresAtMs - nowMs()) / 1000);
  };

  /** The account and the session of a parsed token; extends the session's idle expiry. */
  const identify = async (parsed: ParsedToken, reads: 'nearest' | 'primary'): Promise<Principal | null> => {
    const found = await find[reads === 'primary' ? 'primary' : policy.sessionReads](parsed);
    if (!found || (parsed.subject !== undefined && parsed.subject !== String(found.account.id))) return null;
    const { account, session } = found;
    return { account, session, extended: extend(session) };
  };

  return {
    async handOut(issued, stored, account, bookmark) {
      // The API token was live already, so it has its record: KV allows one write a second per key.
      if (stored.id === issued.id) record(issued, bookmark);
      const credential = await tokens.encode(issued, stored, account);
      if (credential !== null) return credential;
      // The API token was made under a secret that is no longer set. Of parallel logins, one replaces it, and the
      // others hand out the replacement.
      const { value } = await store.primary((db) =>
        db.batch([
          // An app password that was given the old token is also given the new one, and the token ends with the app
          // password.
          db
            .update(appPasswords)
            .set({ derivedSessionId: issued.id })
            .where(and(eq(appPasswords.userId, account.id), eq(appPasswords.derivedSessionId, stored.id))),
          replaceApiToken(db, stored, issued),
          findApiToken(db, account.id),
        ]),
      );
      const [current] = value[2];
      return current ? tokens.encode(issued, current, account) : null;
    },

    async authenticate(token, carrier, reads) {
      const parsed = await tokens.parse(token, carrier);
      return parsed && identify(parsed, reads);
    },

    authenticateById: (id, reads) => identify({ kinds: null, id }, reads),
    isRecent: (session) => isRecent(session, nowMs()),

    async list(accountId, { after, limit }) {
      const { value } = await store.primary((db) =>
        db
          .select({ ...sessionColumns, userAgent: sessions.userAgent, country: sessions.country })
          .from(sessions)
          .where(and(whereLiveOf(accountId, nowMs()), after ? whereAfter(after) : undefined))
          .orderBy(desc(sessions.lastSeenAtMs), desc(sessions.id))
          .limit(limit + 1)
          .all(),
      );
      const shown = value.slice(0, limit);
      const last = shown.at(-1);
      const next = last && value.length > limit ? { lastSeenAtMs: last.lastSeenAtMs, id: last.id } : null;
      return { sessions: shown, next };
    },

    async count(accountId) {
      const { value } = await store.primary((db) =>
        db.select({ live: count() }).from(sessions).where(whereLiveOf(accountId, nowMs())).get(),
      );
      return value?.live ?? 0;
    },

    async end(accountId, sessionId, client) {
      const whereIt = and(eq(sessions.userId, accountId), eq(sessions.id, sessionId));
      const { value } = await store.primary((db) => {
        const owner = db.select({ id: sessions.userId }).from(sessions).where(whereIt);
        return db.batch([
          noteEventOf(db, 'session_ended', eq(users.id, owner), client, nowMs()),
          db.delete(sessions).where(whereIt).returning({ id: sessions.id }),
        ]);
      });
      forget(value[1].map(({ id }) => id));
      return value[1].length > 0;
    },

    async endAll(accountId, keptSessionId, client, actorId) {
      const { value } = await store.primary(
        (db) =>
          db.batch([
            countSessionsOf(db, accountId, undefined, keptSessionId),
            ...endSessionsOf(db, accountId, undefined, keptSessionId),
            noteEventOf(db, 'sessions_ended', eq(users.id, accountId), client, nowMs(), actorId),
          ]),
        actorId,
      );
      const [[counted], latest] = value;
      forget(latest.map(({ id }) => id));
      return counted?.n ?? 0;
    },

    async logOut({ account, session }, client) {
      await store.primary((db) =>
        db.batch([deleteSession(db, session.id), noteEvent(db, 'logout', account.id, client, nowMs())]),
      );
      forget([session.id]);
    },

    forget,
  };
};

/* Store: the statements of the batches that log in or register. */

/**
 * The statement that stores a session for the account that the condition finds; it returns no row if there is none. An
 * account has one API token: a live one stays and its expiry is extended, because the document of `account` has a
 * second login return the same token. An imported token is left alone: no login can return it, and its client has not
 * asked to be logged out.
 *
 * No unique index says that there is one API token: its entry would be one more written row for each. Instead, the
 * statement looks for the row and writes over it. D1 runs one batch at a time, so parallel logins find the same row.
 */
export const insertSession = (
  db: Database,
  issued: IssuedSession,
  account: SQL | undefined,
  client: Client,
  proof: SessionProof,
) => {
  const isLive = sql`${sessions.expiresAtMs} > ${issued.createdAtMs}`;
  const newId = sql<string>`${issued.id}`;
  const apiToken = db.select({ id: sessions.id }).from(sessions).where(whereApiToken(users.id)).limit(1);
  return db
    .insert(sessions)
    .select(
      db
        .select({
          id: (issued.kind === 'derived' ? sql<string>`coalesce((${apiToken}), ${newId})` : newId).as('id'),
          userId: users.id,
          kind: sql<SessionKind>`${issued.kind}`.as('kind'),
          nonce: sql<string | null>`${issued.nonce}`.as('nonce'),
          createdAtMs: sql<number>`${issued.createdAtMs}`.as('created_at'),
          lastSeenAtMs: sql<number>`${issued.createdAtMs}`.as('last_seen_at'),
          expiresAtMs: sql<number>`${issued.expiresAtMs}`.as('expires_at'),
          userAgent: sql<string | null>`${trimUserAgent(client)}`.as('user_agent'),
          country: sql<string | null>`${client.country}`.as('country'),
          authenticatedAtMs: sql<number | null>`${proof.authenticatedAtMs}`.as('authenticated_at'),
          appPasswordId: sql<number | null>`${proof.appPasswordId}`.as('app_password_id'),
          factor: sql<SessionFactor | null>`${proof.factor}`.as('factor'),
          firstFactor: sql<FirstFactor | null>`${proof.firstFactor}`.as('first_factor'),
        })
        .from(users)
        .where(account),
    )
    .onConflictDoUpdate({
      // Only the row of an API token is there already.
      target: sessions.id,
      set: {
        id: sql`CASE WHEN ${isLive} THEN ${sessions.id} ELSE ${newId} END`,
        nonce: sql`CASE WHEN ${isLive} THEN ${sessions.nonce} ELSE excluded.nonce END`,
        createdAtMs: sql`excluded.created_at`,
        lastSeenAtMs: sql`excluded.last_seen_at`,
        expiresAtMs: sql`excluded.expires_at`,
        userAgent: sql`excluded.user_agent`,
        country: sql`excluded.country`,
        authenticatedAtMs: sql`coalesce(excluded.authenticated_at, ${sessions.authenticatedAtMs})`,
        // An app password was given this token, so it stays a session of the app password.
        appPasswordId: sql`CASE WHEN ${isLive} THEN coalesce(${sessions.appPasswordId}, excluded.app_password_id)
          ELSE excluded.app_password_id END`,
        factor: sql`excluded.factor`,
        firstFactor: sql`excluded.first_factor`,
      },
    })
    .returning({ id: sessions.id, nonce: sessions.nonce });
};

/**
 * The statements that open a session for an account that exists: the new row, and the end of the sessions seen least
 * recently beyond the limit. In one batch, so that no number of logins at once passes it.
 */
export const openSession = (
  db: Database,
  issued: IssuedSession,
  account: SQL | undefined,
  client: Client,
  proof: SessionProof,
  maxSessions: number,
) => {
  const owner = db.select({ id: users.id }).from(users).where(account);
  // The API token may have been live before, under its old id.
  const whereNew = issued.kind === 'derived' ? eq(sessions.kind, 'derived') : eq(sessions.id, issued.id);
  const others = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, owner), gt(sessions.expiresAtMs, issued.createdAtMs), not(whereNew)))
    .orderBy(desc(sessions.lastSeenAtMs), desc(sessions.id))
    .limit(NO_LIMIT)
    .offset(maxSessions - 1);
  return [
    insertSession(db, issued, account, client, proof),
    db.delete(sessions).where(inArray(sessions.id, others)),
  ] as const;
};

/** The statement that replaces an API token that can no longer be computed. */
const replaceApiToken = (db: Database, stored: StoredSession, issued: IssuedSession) =>
  db
    .update(sessions)
    .set({ id: issued.id, nonce: issued.nonce })
    .where(eq(sessions.id, stored.id))
    .returning({ id: sessions.id, nonce: sessions.nonce });

const whereApiToken = (userId: number | SQLiteColumn): SQL | undefined =>
  and(eq(sessions.userId, userId), eq(sessions.kind, 'derived'));

const findApiToken = (db: Database, userId: number) =>
  db.select({ id: sessions.id, nonce: sessions.nonce }).from(sessions).where(whereApiToken(userId));

/* Use: the one query of an authenticated request. */

const sessionColumns = {
  id: sessions.id,
  kind: sessions.kind,
  createdAtMs: sessions.createdAtMs,
  lastSeenAtMs: sessions.lastSeenAtMs,
  expiresAtMs: sessions.expiresAtMs,
  authenticatedAtMs: sessions.authenticatedAtMs,
  appPasswordId: sessions.appPasswordId,
  firstFactor: sessions.firstFactor,
  factor: sessions.factor,
} as const;

/**
 * The values of columns as one column, a JSON array. D1 returns a row as an object: the names would have to differ, and
 * 28 of them cost more than the parsing. At most 32 columns, the arguments that D1 allows a function
 * (https://developers.cloudflare.com/d1/platform/limits/).
 */
const arrayOf = (columns: Columns, name: string) =>
  sql<string>`json_array(${sql.join(Object.values(columns), sql`, `)})`.as(name);

/**
 * A live session and its account, if the account is enabled. Drizzle builds the text once an isolate: building it per
 * request was a quarter of the cost of an authenticated read (bench/README.md).
 */
const buildFind = (kind: SQL | undefined) =>
  new QueryBuilder()
    .select({ account: arrayOf(accountColumns, 'account'), session: arrayOf(sessionColumns, 'session') })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(
        eq(sessions.id, sql.placeholder('id')),
        kind,
        gt(sessions.expiresAtMs, sql.placeholder('nowMs')),
        isNull(users.disabledAtMs),
      ),
    )
    .toSQL();

const findOfKinds = buildFind(
  inArray(sessions.kind, [sql.placeholder('kind'), sql.placeholder('otherKind')]),
);
const findOfAnyKind = buildFind(undefined);

type Columns = Readonly<Record<string, SQLiteColumn>>;
type Row<C extends Columns> = { [K in keyof C]: GetColumnData<C[K]> };

/** What reads the values of a row, from a position on, by their columns, which define its type. */
const rowReader = <C extends Columns>(columns: C, from: number) => {
  // Once an isolate, not once a request.
  const fields = Object.entries(columns);
  return (values: readonly unknown[]): Row<C> => {
    const row: Record<string, unknown> = {};
    fields.forEach(([name, column], index) => {
      const value = values[from + index] ?? null;
      row[name] = value === null ? null : column.mapFromDriverValue(value);
    });
    return row as Row<C>;
  };
};

const ACCOUNT_WIDTH = Object.keys(accountColumns).length;
const ROW_WIDTH = ACCOUNT_WIDTH + Object.keys(sessionColumns).length;
const readAccount = rowReader(accountColumns, 0);
const readSession = rowReader(sessionColumns, ACCOUNT_WIDTH);

/** What one copy of D1 answers. */
interface Lookup {
  found: FoundSession | null;
  /** Whether the primary answered, so that no other copy knows better. */
  isPrimary: boolean;
}

const findSession =
  ({ id, kinds }: ParsedToken, nowMs: number) =>
  async (session: D1DatabaseSession): Promise<Lookup> => {
    const [kind, otherKind = kind] = kinds ?? [];
    const { sql: text, params } = kinds ? findOfKinds : findOfAnyKind;
    const values = fillPlaceholders(params, { id, kind, otherKind, nowMs });
    const { results, meta } = await session
      .prepare(text)
      .bind(...values)
      .all<{ account: string; session: string }>();
    const [row] = results;
    return {
      found: row ? toFound([...JSON.parse(row.account), ...JSON.parse(row.session)]) : null,
      isPrimary: meta.served_by_primary === true,
    };
  };

/** What D1 has of a live session. `row` holds its raw values. */
interface FoundSession {
  account: Account;
  session: Session;
  row: readonly unknown[];
}

const toFound = (row: readonly unknown[]): FoundSession => ({
  account: readAccount(row),
  session: readSession(row),
  row,
});

const whereLiveOf = (accountId: number, nowMs: number): SQL | undefined =>
  and(eq(sessions.userId, accountId), gt(sessions.expiresAtMs, nowMs));

/** After the session of a cursor, in the order of the lists. */
const whereAfter = ({ lastSeenAtMs, id }: SessionCursor): SQL | undefined =>
  and(
    lte(sessions.lastSeenAtMs, lastSeenAtMs),
    or(lt(sessions.lastSeenAtMs, lastSeenAtMs), lt(sessions.id, id)),
  );

/** The key of a session's record in KV: its id, which is the SHA-256 of its token. */
const recordKey = (sessionId: string): string => `session:${sessionId}`;

/** A session's record in KV. */
interface KvRecord {
  /** The state of D1 in which the session's row was written. */
  bookmark: string | null;
  /** The row as D1 had it at `checkedAtMs`; with SESSION_READS=cached alone. */
  row?: readonly unknown[];
  checkedAtMs?: number;
}

/** Null if the record cannot be read. */
const readRecord = (text: string | null): KvRecord | null => {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('bookmark' in value)) return null;
    const bookmark = typeof value.bookmark === 'string' ? value.bookmark : null;
    if (!('row' in value && Array.isArray(value.row) && 'checkedAtMs' in value)) return { bookmark };
    if (typeof value.checkedAtMs !== 'number') return { bookmark };
    return { bookmark, row: value.row, checkedAtMs: value.checkedAtMs };
  } catch {
    return null;
  }
};

/** How long KV alone answers with SESSION_READS=cached, and so how long an ended session can still work. */
const CACHED_MS = 60_000;

/** The session of a record, while it may be used without D1; null if D1 must be asked. */
const readCached = ({ row, checkedAtMs }: KvRecord, { kinds }: ParsedToken, nowMs: number) => {
  if (row?.length !== ROW_WIDTH || checkedAtMs === undefined) return null;
  const age = nowMs - checkedAtMs;
  // A time in the future was written by a wrong clock.
  if (age < 0 || age >= CACHED_MS) return null;
  const found = toFound(row);
  const isOfKind = !kinds || kinds.includes(found.session.kind);
  return found.session.expiresAtMs > nowMs && isOfKind ? found : null;
};

/* Renew. */

/**
 * The statement that continues a session with a new token and its full lifetime; it returns no row if the session has
 * ended or the condition on `users` finds no account.
 * @param factor what was proved; null if it was the password, and what was proved besides it stays
 */
export const renewSession = (
  db: Database,
  id: string,
  issued: IssuedSession,
  onlyIf: SQL | undefined,
  factor: SessionFactor | null = null,
) =>
  db
    .update(sessions)
    .set({
      id: issued.id,
      nonce: issued.nonce,
      createdAtMs: issued.createdAtMs,
      lastSeenAtMs: issued.createdAtMs,
      expiresAtMs: issued.expiresAtMs,
      authenticatedAtMs: issued.createdAtMs,
      ...(factor ? { factor } : { firstFactor: null }),
    })
    .where(and(eq(sessions.id, id), whereAccountExists(db, onlyIf)))
    .returning({ id: sessions.id, nonce: sessions.nonce });

/* End: the statements of the batches that end sessions. */

/** The statement that ends one session; null ends none. `onlyIf` is a condition on `users`. */
export const deleteSession = (db: Database, id: string | null, onlyIf?: SQL) =>
  db.delete(sessions).where(and(eq(sessions.id, id ?? ''), whereAccountExists(db, onlyIf)));

/**
 * The statements that end the sessions that a condition finds. The first returns the ids of the most recent ones, whose
 * KV records are to be deleted; the second ends all, however many. Its `meta.changes` is not their number: D1 also counts
 * the grants that end with them. Outside D1, nothing is done for each of them: a record that is left in KV authenticates
 * nobody, and expires.
 */
export const endSessions = (db: Database, where: SQL | undefined) => {
  const latest = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(where)
    .orderBy(desc(sessions.lastSeenAtMs))
    .limit(MAX_FORGOTTEN);
  return [latest, db.delete(sessions).where(where)] as const;
};

type SessionsOf = [db: Database, userId: number | null, onlyIf?: SQL, keptId?: string | null];

const whereOf = (...[db, userId, onlyIf, keptId = null]: SessionsOf): SQL | undefined =>
  and(
    eq(sessions.userId, userId ?? 0),
    keptId === null ? undefined : ne(sessions.id, keptId),
    whereAccountExists(db, onlyIf),
  );

/**
 * The same for all sessions of an account, except one if given; for no account if the id is null.
 * @param onlyIf a condition on `users`
 */
export const endSessionsOf = (...of: SessionsOf) => endSessions(of[0], whereOf(...of));

/** The statement that counts those sessions. It goes before the ones that end them. */
export const countSessionsOf = (...of: SessionsOf) =>
  of[0]
    .select({ n: count() })
    .from(sessions)
    .where(whereOf(...of));

/** The statements for lazily loaded modules. */
export const sessionStatements = { renewSession, endSessions, endSessionsOf };
export type SessionStatements = typeof sessionStatements;
