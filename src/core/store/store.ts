// The one way to D1 and KV: counts what is asked, bounds how long it may take, says what is down.
import { DrizzleQueryError, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { StoreUnavailable } from '../errors.ts';

const openDatabase = (session: D1DatabaseSession) =>
  drizzle({
    prepare: (query: string) => session.prepare(query),
    batch: <T>(statements: D1PreparedStatement[]) => session.batch<T>(statements),
    // What a session of D1 has not; Drizzle calls none of it.
    exec: unsupported,
    dump: unsupported,
    withSession: unsupported,
  });

const unsupported = (): never => {
  throw new Error('A session of D1 only prepares and batches.');
};

/** Drizzle over one session of D1. */
export type Database = ReturnType<typeof openDatabase>;

/** How often each dependency was asked while one request was served: round trips, not statements. */
export interface OperationCounts {
  d1: number;
  kvGets: number;
  kvPuts: number;
  kvDeletes: number;
  hashes: number;
}

export const createCounts = (): OperationCounts => ({ d1: 0, kvGets: 0, kvPuts: 0, kvDeletes: 0, hashes: 0 });

/** What was asked, and the state of the database in which it was answered. */
export interface Answer<T> {
  value: T;
  bookmark: string | null;
}

export interface Store {
  /** One round trip to the primary of D1. Throws StoreUnavailable. */
  primary<T>(ask: (db: Database) => PromiseLike<T>): Promise<Answer<T>>;
  /**
   * One round trip with a statement that is ready made: to the nearest copy of D1 that has seen the bookmark, and
   * where that fails, or there is no bookmark, to the primary. Throws StoreUnavailable.
   */
  read<T>(
    bookmark: string | null,
    ask: (session: D1DatabaseSession) => PromiseLike<T>,
  ): Promise<Answer<T> & { isNearest: boolean }>;
  /** One round trip to the nearest copy of D1, whatever it has seen; null if it fails. */
  readNearest<T>(ask: (session: D1DatabaseSession) => PromiseLike<T>): Promise<Answer<T> | null>;
  /** Null where there is no such record, and where KV fails: a miss is harmless, the truth is in D1. */
  getRecord(key: string): Promise<string | null>;
  /** Work for after the response, whose failure is logged and harmless. */
  runInBackground(what: string, work: () => Promise<unknown>): void;
  putRecord(key: string, value: string, ttlSeconds: number): void;
  deleteRecords(keys: readonly string[]): void;
  /** Asks both for real; true for each that answers. */
  check(): Promise<Health>;
}

/** Which dependency answers. */
export interface Health {
  d1: boolean;
  kv: boolean;
}

/** KV takes no shorter life than this. https://developers.cloudflare.com/kv/api/write-key-value-pairs/ */
const MIN_KV_TTL_SECONDS = 60;

export interface StoreOptions {
  db: D1Database;
  kv: KVNamespace;
  counts: OperationCounts;
  /** Milliseconds that D1 may take for an answer. */
  databaseTimeoutMs: number;
  /** Milliseconds after which a silent KV counts as a miss. */
  kvTimeoutMs: number;
  /** Keeps the Worker alive until the work is done. */
  defer: (work: Promise<unknown>) => void;
  warn: (message: string, cause: unknown) => void;
}

export const createStore = (options: StoreOptions): Store => {
  const { db, kv, counts, defer, warn } = options;

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
      // Drizzle's own message quotes the values, a password hash among them: it goes no further.
      const cause = rootCause(error);
      throw isFault(cause) ? cause : new StoreUnavailable('D1 cannot be asked.', { cause });
    }
  };

  const primary: Store['primary'] = (run) => ask('first-primary', (session) => run(openDatabase(session)));

  const runInBackground = (what: string, work: () => Promise<unknown>): void =>
    defer(
      within(options.databaseTimeoutMs, Promise.resolve().then(work)).catch((cause: unknown) =>
        warn(what, cause),
      ),
    );

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
    async getRecord(key) {
      counts.kvGets += 1;
      try {
        return await within(options.kvTimeoutMs, kv.get(key));
      } catch (cause) {
        warn('KV get failed', cause);
        return null;
      }
    },
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

/** Rejects where the work takes longer. The work itself goes on: neither D1 nor KV can be called off. */
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

/** The innermost error: Drizzle hides D1's own behind `cause`, and D1 SQLite's. */
const rootCause = (error: unknown): unknown => {
  if (error instanceof Error && error.cause instanceof Error) return rootCause(error.cause);
  return error instanceof DrizzleQueryError ? new Error('D1 gave no reason.') : error;
};

const TROUBLE = /SQLITE_(BUSY|LOCKED|IOERR|FULL|NOMEM|INTERRUPT|READONLY|CANTOPEN|CORRUPT)/;
const REFUSAL = /SQLITE_|constraint failed|no such (table|column)|syntax error/;

/**
 * SQLite answered and said no: a mistake of ours or a broken rule, not a database that is down. The codes that
 * stand for a database in trouble are no faults.
 * @see https://sqlite.org/rescode.html
 */
const isFault = (cause: unknown): boolean =>
  cause instanceof TypeError ||
  (cause instanceof Error && REFUSAL.test(cause.message) && !TROUBLE.test(cause.message));

/** Tells whether an error means that another row already holds a value that must be unique. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('UNIQUE constraint failed');
