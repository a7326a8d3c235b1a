// Measures response times with simulated network delays: KV and D1 are as far away as in production.
import type { Operation, Sent } from './load.ts';
import { bootBetterAuth } from './servers/better-auth.ts';
import { bootParallelReadFloor, bootReadFloor } from './servers/floor.ts';
import { bootLatchkey } from './servers/latchkey.ts';
import { type Booted, type Server, send } from './servers/server.ts';
import type { Delays, Range } from './workerd.ts';

/**
 * KV reads a hot key from the cache of the location and a cold key from a central store. A replica of D1 is in the
 * same region; the primary can be anywhere.
 * @see https://blog.cloudflare.com/faster-workers-kv/ for KV: hot reads under 5 ms at p90, cold ones in tens of ms
 * @see https://blog.cloudflare.com/d1-read-replication-beta/ for D1: a nearby replica compared with a distant primary
 */
const KV_HOT_MS: Range = [1, 5];
const KV_COLD_MS: Range = [30, 80];
const COPY_MS: Range = [5, 15];
/** The primary in the same region, on the other coast of a continent, and across an ocean. */
const PRIMARY_MS = [20, 80, 200] as const;
/** The relative variation of the delay of the primary. */
const JITTER = 0.1;

/** The result of one operation at one distance. */
export interface EdgeResult {
  /** The delay of the primary in milliseconds. */
  primaryMs: number;
  kv: 'hot' | 'cold';
  id: string;
  server: string;
  title: string;
  p50Ms: number;
  p95Ms: number;
}

export interface EdgePlan {
  /** Requests per operation that does not hash a password. */
  requests: number;
  /** Requests per operation that hashes a password. */
  hashes: number;
  onVisit: (text: string) => void;
}

/** The operations to measure: those that people wait for. */
const SHOWN = [
  'latchkey/profile-account',
  'latchkey/profile-users',
  'latchkey/unknown-token',
  'latchkey/login-users',
  'latchkey/register-users',
  'latchkey, cached/profile-users',
  'floor/read',
  'floor/read-parallel',
  'better-auth/read',
  'better-auth, database sessions/read',
];

/** Few enough that the machine is not the bottleneck, so that the delays are measured. */
const CONNECTIONS = 2;

/** Requests before the measured ones: an isolate compiles what it runs often. */
const WARM_UP = 100;

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Sends the requests of an operation over a few connections and returns their times in milliseconds, sorted. */
const timeRequests = async (origin: string, operation: Operation, count: number): Promise<number[]> => {
  const times: number[] = [];
  let sent = 0;
  const next = (): Sent => {
    const { requests } = operation;
    const one = typeof requests === 'function' ? requests() : requests[sent % requests.length];
    if (one === undefined) throw new Error(`${operation.id} has no request.`);
    sent += 1;
    return one;
  };
  const work = async (): Promise<void> => {
    while (sent < count) {
      const request = next();
      const startedAt = performance.now();
      const answer = await send(origin, request);
      times.push(performance.now() - startedAt);
      if (answer.status !== operation.status)
        throw new Error(`${operation.id}: expected ${operation.status}, got ${answer.status} ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return times.toSorted((one, other) => one - other);
};

const measureServer = async (server: Server, plan: EdgePlan, place: Pick<EdgeResult, 'primaryMs' | 'kv'>) => {
  const results: EdgeResult[] = [];
  for (const operation of server.operations.filter(({ id }) => SHOWN.includes(id))) {
    plan.onVisit(`primary ${place.primaryMs} ms away, KV ${place.kv}: ${operation.id}`);
    await timeRequests(server.origin, operation, operation.hashes ? 1 : WARM_UP);
    const count = operation.hashes ? plan.hashes : plan.requests;
    const times = await timeRequests(server.origin, operation, count);
    const { id, title } = operation;
    const measured = { p50Ms: percentile(times, 0.5), p95Ms: percentile(times, 0.95) };
    results.push({ ...place, id, server: server.name, title, ...measured });
  }
  return results;
};

const boots = [
  bootReadFloor,
  bootParallelReadFloor,
  bootLatchkey('nearest'),
  bootLatchkey('cached'),
  bootBetterAuth('own'),
  bootBetterAuth('database'),
];

/** Measures each server at each distance, one server at a time. */
export const measureEdge = async (plan: EdgePlan): Promise<{ results: EdgeResult[]; skipped: string[] }> => {
  const results: EdgeResult[] = [];
  const skipped: string[] = [];
  for (const distance of PRIMARY_MS) {
    for (const kv of ['hot', 'cold'] as const) {
      const delays: Delays = {
        kvMs: kv === 'hot' ? KV_HOT_MS : KV_COLD_MS,
        copyMs: COPY_MS,
        primaryMs: [distance * (1 - JITTER), distance * (1 + JITTER)],
      };
      for (const boot of boots) {
        const booted: Booted = await boot({ counts: false, delays });
        if ('skipped' in booted) {
          skipped.push(booted.skipped);
          continue;
        }
        try {
          results.push(...(await measureServer(booted.server, plan, { primaryMs: distance, kv })));
        } finally {
          await booted.server.stop();
        }
      }
    }
  }
  return { results, skipped: [...new Set(skipped)] };
};
