// A KV as it is far from where it was written: late by a minute, and strict about what it takes.
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
  /** What was refused, as KV words it. */
  refused: string[];
  /** What was written, with its time to live. */
  written: { key: string; ttlSeconds: number }[];
}

/**
 * A location that gives for sixty seconds what it gave first, whatever was written or deleted since; takes one
 * write or deletion a second a key, and no time to live under a minute.
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

/** NaN where none is given: a record that never expires would outlive its session for good. */
const readTtl = (options: unknown): number =>
  typeof options === 'object' && options !== null && 'expirationTtl' in options
    ? Number(options.expirationTtl)
    : Number.NaN;
