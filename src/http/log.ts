// The log: one line of JSON a request, and one for whatever went wrong. Never a secret, never an email.
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/** What the request was, how it was answered, and what it cost. The route is a pattern: no id, no query. */
export const logRequest = (c: Context<AppEnv>, startedAtMs: number, nowMs: number): void => {
  // Once: each look at it makes an object of all that is in it.
  const { counts, requestId, surface, route, refused } = c.var;
  console.log(
    JSON.stringify({
      level: 'info',
      requestId,
      dialect: surface.name,
      method: c.req.method,
      route,
      status: c.res.status,
      reason: refused,
      // What would let the page in. A log line with it is how an operator finds the setting.
      setting: refused === 'cross_site' ? 'ALLOWED_ORIGINS' : undefined,
      ms: nowMs - startedAtMs,
      d1: counts.d1,
      kvGets: counts.kvGets,
      kvPuts: counts.kvPuts,
      kvDeletes: counts.kvDeletes,
      hashes: counts.hashes,
    }),
  );
};

/** What was thrown, with the id that the client was given; the client is told nothing of it. */
export const logFault = (c: Context<AppEnv>, error: Error): void =>
  console.error(
    JSON.stringify({
      level: 'error',
      requestId: c.var.requestId,
      dialect: c.var.surface.name,
      error: `${error.name}: ${error.message}`,
      cause: error.cause instanceof Error ? error.cause.message : undefined,
      stack: error.stack,
    }),
  );
