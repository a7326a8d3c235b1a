// KV as a distant location sees it: a minute late, and strict about writes.
import type { Env } from '../../src/env.ts';
import { overKv } from '../support/faults.ts';
import { testEnv } from '../support/worker.ts';

/** How long an answer stays in a location's cache, a miss too. https://developers.cloudflare.com/kv/concepts/how-kv-works/ */
export const STALE_MS = 60_000;
/** https://developers.cloudflare.com/kv/api/write-key-value-pairs/#expiring-keys */
const MIN_TTL_SECONDS = 60;
/** https://developers.cloudflare.com/kv/platform/limits/ */
const MS_BETWEEN_WRITES = 1000;

export interface StaleKv {
  env: Env;
  /** The refusals, as KV words them. */
  refused: string[];
  /** The keys that were written, with their time to live. */
  written: { key: string; ttlSeconds: number }[];
}

/**
 * A location that repeats its first answer for sixty seconds, whatever was written or deleted since; it accepts one
 * write or deletion per second and key, and no time to live under a minute.
 */
export const createStaleKv = ({
  env = testEnv,
  nowMs = Date.now,
}: {
  env?: Env;
  nowMs?: () => number;
} = {}): StaleKv => {
  const cache = new Map<string, { value: unknown; untilMs: number }>();
  const writtenAtMs = new Map<string, number>();
  const refused: string[] = [];
  const written: StaleKv['written'] = [];

  const refuse = (text: string): never => {
    refused.push(text);
    throw new Error(text);
  };

  const SESSIONS = overKv(env.SESSIONS, async (method, pass, [first, , options]) => {
    const key = String(first);
    if (method === 'get') {
      const known = cache.get(key);
      if (known && nowMs() < known.untilMs) return known.value;
      const value = await pass();
      cache.set(key, { value, untilMs: nowMs() + STALE_MS });
      return value;
    }
    if (nowMs() - (writtenAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < MS_BETWEEN_WRITES)
      return refuse(`KV ${method.toUpperCase()} failed: 429 Too Many Requests`);
    if (method === 'put') {
      const ttlSeconds = readTtl(options);
      if (!(ttlSeconds >= MIN_TTL_SECONDS && Number.isInteger(ttlSeconds)))
        return refuse(`KV PUT failed: 400 Invalid expiration_ttl of ${ttlSeconds}.`);
      written.push({ key, ttlSeconds });
    }
    writtenAtMs.set(key, nowMs());
    return pass();
  });
  return { env: { ...env, SESSIONS }, refused, written };
};

/** NaN if there is none: a record that never expires would outlive its session forever. */
const readTtl = (options: unknown): number =>
  typeof options === 'object' && options !== null && 'expirationTtl' in options
    ? Number(options.expirationTtl)
    : Number.NaN;
