// The only access to D1 and KV: counts operations, bounds their time, reports what is down.
import { DrizzleQueryError, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { StoreUnavailable } from '../errors.ts';

/** A statement that goes at the end of each batch that writes. It costs no round trip. */
export interface FollowUp {
  prepare(session: D1DatabaseSession): D1PreparedStatement;
  /** Called with its rows when the batch is done. */
  done(rows: readonly unknown[]): void;
}

const READS = /^\s*select\b/i;

/**
 * Fails, and with it the whole batch, unless the actor is an admin who is not disabled: the role may have been withdrawn
 * since the request was authenticated. SQLite raises errors outside of triggers only for wrong arguments, such as a path
 * that is none; the message quotes it.
 */
const REQUIRE_ADMIN = `SELECT json_extract('{}', ifnull(max(iif(is_admin, '$', 'actor:forbidden')), 'actor:credentials'))
  FROM users WHERE id = ? AND disabled_at IS NULL`;

const openDatabase = (session: D1DatabaseSession, followUp: FollowUp | null, actorId: number | null) => {
  let writes = false;
  return drizzle({
    prepare(query: string) {
      writes ||= !READS.test(query);
      return session.prepare(query);
    },
    async batch<T>(statements: D1PreparedStatement[]) {
      const all = actorId ? [session.prepare(REQUIRE_ADMIN).bind(actorId), ...statements] : [...statements];
      const { length } = all;
      if (writes && followUp) all.push(followUp.prepare(session));
      const results = await session.batch<T>(all);
      if (all.length > length) followUp?.done(results[length]?.results ?? []);
      return results.slice(length - statements.length, length);
    },
    // Missing in D1 sessions. Drizzle does not call them.
    exec: unsupported,
    dump: unsupported,
    withSession: unsupported,
  });
};

const unsupported = (): never => {
  throw new Error('A session of D1 only prepares and batches.');
};

/** Drizzle over one session of D1. */
export type Database = ReturnType<typeof openDatabase>;

/** The round trips of one request to each dependency, not statements. */
export interface OperationCounts {
  d1: number;
  kvGets: number;
  kvPuts: number;
  kvDeletes: number;
  hashes: number;
}

export const createCounts = (): OperationCounts => ({ d1: 0, kvGets: 0, kvPuts: 0, kvDeletes: 0, hashes: 0 });

/** A result, and the bookmark of the database that it was read from. */
export interface Answer<T> {
  value: T;
  bookmark: string | null;
}

export interface Store {
  /**
   * One round trip to the primary of D1. Throws StoreUnavailable.
   * @param actorId the admin for whom a batch is sent: it changes nothing and throws if that account is no active admin
   *   any more; see `lostByActor`
   */
  primary<T>(ask: (db: Database) => PromiseLike<T>, actorId?: number | null): Promise<Answer<T>>;
  /**
   * One round trip with a prepared statement, to the nearest copy of D1 that has seen the bookmark. If that fails, or
   * there is no bookmark, to the primary. Throws StoreUnavailable.
   */
  read<T>(
    bookmark: string | null,
    ask: (session: D1DatabaseSession) => PromiseLike<T>,
  ): Promise<Answer<T> & { isNearest: boolean }>;
  /** One round trip to the nearest copy of D1, however old; null if it fails. */
  readNearest<T>(ask: (session: D1DatabaseSession) => PromiseLike<T>): Promise<Answer<T> | null>;
  /** Null if there is no such record, and where KV fails: a miss is harmless, the truth is in D1. */
  getRecord(key: string): Promise<string | null>;
  /** The same for one who does not always need the answer. Only `wait` sets a timer: one costs as much as a header. */
  requestRecord(key: string): RequestedRecord;
  /** Runs work after the response. Its failure is logged and harmless. */
  runInBackground(what: string, work: () => Promise<unknown>): void;
  putRecord(key: string, value: string, ttlSeconds: number): void;
  deleteRecords(keys: readonly string[]): void;
  /** Queries both; true for each that answers. */
  check(): Promise<Health>;
}

/** A record that KV was asked for. */
export interface RequestedRecord {
  /** Undefined until KV has answered or failed. */
  text?: string | null;
  /** What `getRecord` returns. */
  wait(): Promise<string | null>;
}

/** Which dependency answers. */
export interface Health {
  d1: boolean;
  kv: boolean;
}

/** KV's minimum. https://developers.cloudflare.com/kv/api/write-key-value-pairs/ */
const MIN_KV_TTL_SECONDS = 60;

export interface StoreOptions {
  db: D1Database;
  kv: KVNamespace;
  counts: OperationCounts;
  /** Milliseconds that D1 may take. */
  databaseTimeoutMs: number;
  /** Milliseconds after which a silent KV counts as a miss. */
  kvTimeoutMs: number;
  /** Keeps the Worker alive until the work is done. */
  defer: (work: Promise<unknown>) => void;
  warn: (message: string, cause: unknown) => void;
  followUp?: FollowUp | null;
}

export const createStore = (options: StoreOptions): Store => {
  const { db, kv, counts, defer, warn, followUp = null } = options;

  const ask = async <T>(
    constraint: string,
    run: (session: D1DatabaseSession) => PromiseLike<T>,
  ): Promise<Answer<T>> => {
    counts.d1 += 1;
    try {
      const session = db.withSession(constraint);
      const value = await within(options.databaseTimeoutMs, run(session));
      return { value, bookmark: session.getBookmark() };
    } catch (error) {
      // Drizzle's message quotes values such as password hashes, so it is dropped.
      const cause = rootCause(error);
      throw isFault(cause) ? cause : new StoreUnavailable('D1 cannot be asked.', { cause });
    }
  };

  const primary: Store['primary'] = (run, actorId = null) =>
    ask('first-primary', (session) => run(openDatabase(session, followUp, actorId)));

  const runInBackground = (what: string, work: () => Promise<unknown>): void =>
    defer(
      within(options.databaseTimeoutMs, Promise.resolve().then(work)).catch((cause: unknown) =>
        warn(what, cause),
      ),
    );

  const requestRecord: Store['requestRecord'] = (key) => {
    counts.kvGets += 1;
    const miss = (cause: unknown): null => {
      warn('KV get failed', cause);
      return null;
    };
    const requested: RequestedRecord = { wait: () => within(options.kvTimeoutMs, asked).catch(miss) };
    const ask = async (): Promise<string | null> => {
      try {
        return await kv.get(key);
      } catch (cause) {
        return miss(cause);
      }
    };
    const asked = ask().then((text) => {
      requested.text = text;
      return text;
    });
    return requested;
  };

  return {
    runInBackground,
    primary,
    async read(bookmark, run) {
      try {
        if (bookmark !== null) return { ...(await ask(bookmark, run)), isNearest: true };
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        warn('a replica of D1 failed', error.cause);
      }
      return { ...(await ask('first-primary', run)), isNearest: false };
    },
    async readNearest(run) {
      try {
        return await ask('first-unconstrained', run);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        warn('a replica of D1 failed', error.cause);
        return null;
      }
    },
    requestRecord,
    getRecord: (key) => requestRecord(key).wait(),
    putRecord(key, value, ttlSeconds) {
      counts.kvPuts += 1;
      const expirationTtl = Math.max(MIN_KV_TTL_SECONDS, Math.floor(ttlSeconds));
      runInBackground('KV put failed', () => kv.put(key, value, { expirationTtl }));
    },
    deleteRecords(keys) {
      counts.kvDeletes += keys.length;
      for (const key of keys) runInBackground('KV delete failed', () => kv.delete(key));
    },
    async check() {
      counts.kvGets += 1;
      const [d1, fromKv] = await Promise.allSettled([
        primary((database) => database.get(sql`SELECT 1 FROM users LIMIT 1`)),
        within(options.kvTimeoutMs, kv.get('health')),
      ]);
      return { d1: d1.status === 'fulfilled', kv: fromKv.status === 'fulfilled' };
    },
  };
};

/** Rejects if the work takes longer. The work itself goes on, because D1 and KV cannot be cancelled. */
export const within = async <T>(limitMs: number, work: PromiseLike<T>): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
};

/** The innermost error: Drizzle wraps D1's error in `cause`, and D1 SQLite's. */
const rootCause = (error: unknown): unknown => {
  if (error instanceof Error && error.cause instanceof Error) return rootCause(error.cause);
  return error instanceof DrizzleQueryError ? new Error('D1 gave no reason.') : error;
};

const TROUBLE = /SQLITE_(BUSY|LOCKED|IOERR|FULL|NOMEM|INTERRUPT|READONLY|CANTOPEN|CORRUPT)/;
const REFUSAL = /SQLITE_|constraint failed|no such (table|column)|syntax error/;

/**
 * SQLite answered with an error: a mistake of ours or a violated constraint, not a database that is down. The codes for
 * a database in trouble are not included.
 * @see https://sqlite.org/rescode.html
 */
const isFault = (cause: unknown): boolean =>
  cause instanceof TypeError ||
  (cause instanceof Error && REFUSAL.test(cause.message) && !TROUBLE.test(cause.message));

/** Whether an error says that another row has a value that must be unique. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('UNIQUE constraint failed');

/**
 * What the admin for whom a batch was sent has lost meanwhile: the role (`forbidden`), or the account, which was disabled
 * or deleted (`credentials`). Nothing was changed. Undefined for every other error.
 */
export const lostByActor = ({ message }: Error): string | undefined => /actor:(\w+)/.exec(message)?.[1];
