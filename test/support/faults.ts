// Wraps the real D1 and KV: each round trip can fail or get no answer, before, during or after its work.
import type { Env } from '../../src/env.ts';
import { testEnv } from './worker.ts';

/**
 * How a round trip to D1 fails. `before`: the request does not reach D1. `middle`: some statements of a batch run and
 * are rolled back. `after`: everything is committed, and the answer is lost. `silent`: the request does not reach D1,
 * and no answer comes. `silent after`: everything is committed, and no answer comes.
 */
export type Moment = 'before' | 'middle' | 'after' | 'silent' | 'silent after';

/** The error of D1 for a lost connection. https://developers.cloudflare.com/d1/observability/debug-d1/ */
const LOST = 'D1_ERROR: Network connection lost.';

export interface FailingD1 {
  env: Env;
  /** The number of round trips so far, including failed ones. */
  trips: () => number;
}

/** One round trip: `work` does it, `spoil` does half of it and rolls back. */
type Trip = <T>(work: () => Promise<T>, spoil: () => Promise<void>) => Promise<T>;

/** A D1 whose nth round trip, counted from 1, fails as `momentOf` says; null lets it pass. */
export const failD1 = (
  momentOf: (nth: number) => Moment | null,
  { env = testEnv, message = LOST }: { env?: Env; message?: string } = {},
): FailingD1 => {
  let trips = 0;
  const trip: Trip = async (work, spoil) => {
    trips += 1;
    const moment = momentOf(trips);
    if (moment === null) return work();
    if (moment === 'middle') await spoil();
    if (moment === 'after' || moment === 'silent after') await work();
    if (moment === 'silent' || moment === 'silent after') return never();
    throw new Error(message);
  };
  const open = (constraint: string) => watchSession(env.DB.withSession(constraint), trip);
  return { env: { ...env, DB: withSessions(env.DB, open) }, trips: () => trips };
};

/** A D1 of which every round trip fails. */
export const breakD1 = (moment: Moment, env: Env = testEnv): Env => failD1(() => moment, { env }).env;

export const never = (): Promise<never> => new Promise(() => undefined);

/** The same D1 with sessions from `open`. Any other use is a mistake of the Worker and throws. */
export const withSessions = (db: D1Database, open: (constraint: string) => D1DatabaseSession): D1Database =>
  new Proxy(db, {
    get(_, name) {
      if (name === 'withSession') return open;
      throw new Error(`The Worker asks D1 through sessions, not by ${String(name)}.`);
    },
  });

const watchSession = (session: D1DatabaseSession, trip: Trip): D1DatabaseSession => ({
  prepare: (sql) => watchStatement(session.prepare(sql), trip),
  batch: (watched) => {
    const statements = watched.map(unwatch);
    return trip(
      () => session.batch(statements),
      () => rollBack(session, statements),
    );
  },
  getBookmark: () => session.getBookmark(),
});

/** The statements behind the watched ones: D1 batches only its own. */
const originals = new WeakMap<object, D1PreparedStatement>();

const unwatch = (statement: D1PreparedStatement): D1PreparedStatement =>
  originals.get(statement) ?? statement;

const ROUND_TRIPS: ReadonlySet<string | symbol> = new Set(['run', 'all', 'first', 'raw']);

/** A single statement cannot fail in the middle: it runs completely or not at all. */
const watchStatement = (statement: D1PreparedStatement, trip: Trip): D1PreparedStatement => {
  const watched = new Proxy(statement, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name, inner);
      if (typeof member !== 'function') return member;
      if (name === 'bind') return (...values: unknown[]) => watchStatement(inner.bind(...values), trip);
      if (!ROUND_TRIPS.has(name)) throw new Error(`A statement of D1 is not asked by ${String(name)}.`);
      return (...args: unknown[]) =>
        trip(
          async (): Promise<unknown> => Reflect.apply(member, inner, args),
          async () => undefined,
        );
    },
  });
  originals.set(watched, statement);
  return watched;
};

/** Runs all statements except the last, then one that violates a constraint, so that SQLite rolls all of them back. */
const rollBack = async (session: D1DatabaseSession, statements: D1PreparedStatement[]): Promise<void> => {
  const breaking = session.prepare('INSERT INTO users (id) VALUES (NULL)');
  const outcome = await session
    .batch([...statements.slice(0, -1), breaking])
    .catch((error: unknown) => error);
  if (!String(outcome).includes('NOT NULL constraint failed'))
    throw new Error(`A batch that was to fail did not: ${String(outcome)}`);
};

export type KvMethod = 'get' | 'put' | 'delete';

/** How a call of KV fails. `after`: it takes effect, and the answer is lost. */
export type KvMoment = 'before' | 'after' | 'silent';

/** A KV whose calls fail as `momentOf` says; null lets a call pass. */
export const failKv = (momentOf: (method: KvMethod) => KvMoment | null, env: Env = testEnv): Env => ({
  ...env,
  SESSIONS: overKv(env.SESSIONS, async (method, pass) => {
    const moment = momentOf(method);
    if (moment === null) return pass();
    if (moment === 'silent') return never();
    if (moment === 'after') await pass();
    throw new Error(`KV ${method.toUpperCase()} failed: 500 Internal Server Error`);
  }),
});

/** A KV of which every call fails. */
export const breakKv = (moment: KvMoment, env: Env = testEnv): Env => failKv(() => moment, env);

const isKvMethod = (name: unknown): name is KvMethod => name === 'get' || name === 'put' || name === 'delete';

/** The same KV with `onCall` around each call; `pass` makes the real call. */
export const overKv = (
  kv: KVNamespace,
  onCall: (method: KvMethod, pass: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>,
): KVNamespace =>
  new Proxy(kv, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name, inner);
      if (!isKvMethod(name) || typeof member !== 'function')
        throw new Error(`The Worker asks KV by get, put and delete, not by ${String(name)}.`);
      const pass = async (args: unknown[]): Promise<unknown> => Reflect.apply(member, inner, args);
      return (...args: unknown[]) => onCall(name, () => pass(args), args);
    },
  });
