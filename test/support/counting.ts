// Counts operations of D1, KV and PBKDF2 on the real bindings, and can block or fail them.
import { vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Answer, type Sent, send, testEnv } from './worker.ts';

/** Counts of round trips, not statements: a batch of five counts as one. */
export interface Operations {
  d1: number;
  kvGets: number;
  kvPuts: number;
  kvDeletes: number;
  kvLists: number;
}

export const NO_OPERATIONS: Readonly<Operations> = {
  d1: 0,
  kvGets: 0,
  kvPuts: 0,
  kvDeletes: 0,
  kvLists: 0,
};

/** Runs before each operation, which waits for it. If it throws, the operation fails and is not sent. */
export type Obstacle = (binding: 'd1' | 'kv', method: string) => void | Promise<void>;

export interface Observed {
  /** The bindings for the Worker. */
  env: Env;
  operations: Operations;
  /** The SQL of every statement that was prepared. */
  statements: string[];
  /** The constraint of each D1 session: `first-primary`, or the bookmark that a replica must have reached. */
  constraints: string[];
}

/** The bindings of `env`, watched from now on. */
export const observe = (env: Env = testEnv, obstacle: Obstacle = () => undefined): Observed => {
  const operations = { ...NO_OPERATIONS };
  const statements: string[] = [];
  const constraints: string[] = [];
  const DB = watchDatabase(env.DB, {
    async onRoundTrip({ method, pass }) {
      operations.d1 += 1;
      await obstacle('d1', method);
      return pass();
    },
    onHandle({ method, argument }) {
      if (method === 'prepare') statements.push(String(argument));
      if (method === 'withSession') constraints.push(String(argument));
    },
  });
  const SESSIONS = intercept(env.SESSIONS, async (method, args, pass) => {
    const counter = KV_COUNTERS[method];
    if (counter === undefined) throw new Error(`KV ${method} is not counted.`);
    operations[counter] += 1;
    await obstacle('kv', method);
    return pass(args);
  });
  return { env: { ...env, DB, SESSIONS }, operations, statements, constraints };
};

const KV_COUNTERS: Readonly<Record<string, keyof Operations>> = {
  get: 'kvGets',
  getWithMetadata: 'kvGets',
  put: 'kvPuts',
  delete: 'kvDeletes',
  list: 'kvLists',
};

/** Methods that return another object to watch, and methods that make a round trip. */
const HANDLES: ReadonlySet<string> = new Set(['withSession', 'prepare', 'bind']);
const ROUND_TRIPS: ReadonlySet<string> = new Set(['run', 'all', 'first', 'raw', 'batch', 'exec', 'dump']);

/** The statements behind the watched ones: D1 batches only its own. */
const originals = new WeakMap<object, object>();

/** A call that reaches D1. */
interface RoundTrip {
  method: string;
  /** The database, session or statement itself. */
  target: object;
  args: readonly unknown[];
  /** Makes the call. */
  pass: () => unknown;
}

/** A call that returns another object to watch. */
interface HandleCall {
  method: string;
  argument: unknown;
  target: object;
  handle: object;
}

export interface DatabaseWatch {
  onRoundTrip: (trip: RoundTrip) => Promise<unknown>;
  onHandle: (call: HandleCall) => void;
}

/** The same database with `watch` around each call, also those of its sessions and statements. */
export const watchDatabase = <T extends object>(target: T, watch: DatabaseWatch): T => {
  const watched = intercept(target, (method, args, pass) => {
    if (ROUND_TRIPS.has(method)) {
      const unwrapped = args.map(unwrap);
      return watch.onRoundTrip({ method, target, args: unwrapped, pass: () => pass(unwrapped) });
    }
    const handle = pass(args);
    if (!HANDLES.has(method) || !isObject(handle)) return handle;
    watch.onHandle({ method, argument: args[0], target, handle });
    return watchDatabase(handle, watch);
  });
  originals.set(watched, target);
  return watched;
};

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const unwrap = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unwrap);
  return isObject(value) ? (originals.get(value) ?? value) : value;
};

type Pass = (args: readonly unknown[]) => unknown;

/** The same object with `onCall` around each method call; `pass` makes the real call. */
const intercept = <T extends object>(
  target: T,
  onCall: (method: string, args: readonly unknown[], pass: Pass) => unknown,
): T =>
  new Proxy(target, {
    get(inner, key) {
      const member: unknown = Reflect.get(inner, key, inner);
      if (typeof member !== 'function' || typeof key !== 'string') return member;
      const pass: Pass = (args) => Reflect.apply(member, inner, args);
      return (...args: unknown[]) => onCall(key, args, pass);
    },
  });

/** Runs some work and returns the iterations of each call of PBKDF2 in it. */
export const watchHashes = async <T>(work: () => Promise<T>): Promise<{ value: T; iterations: number[] }> => {
  const spy = vi.spyOn(crypto.subtle, 'deriveBits');
  try {
    const value = await work();
    const iterations = spy.mock.calls.map(([algorithm]) =>
      isObject(algorithm) ? (algorithm.iterations ?? 0) : 0,
    );
    return { value, iterations };
  } finally {
    spy.mockRestore();
  }
};

/** The operations of one request, including the work after its response. */
export interface Cost {
  answer: Answer;
  operations: Operations;
  statements: string[];
  constraints: string[];
  /** The iterations of each call of PBKDF2, one entry per round. */
  hashed: number[];
}

/** Sends one request and counts its operations. */
export const measure = async (path: string, sent: Sent = {}): Promise<Cost> => {
  const { env, ...counted } = observe(sent.env);
  const { value: answer, iterations } = await watchHashes(() => send(path, { ...sent, env }));
  return { answer, ...counted, hashed: iterations };
};
