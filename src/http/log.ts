// The log: one line of JSON for each request, and one for each failure. Never a secret, never an email.
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/** What the request was, how it was answered, and what it cost. The route is a pattern: no id, no query. */
export const logRequest = (c: Context<AppEnv>, startedAtMs: number, nowMs: number): void => {
  // Not `c.var`, which builds an object of all variables.
  const counts = c.get('counts');
  const refused = c.get('refused');
  console.log(
    JSON.stringify({
      level: 'info',
      requestId: c.get('requestId'),
      dialect: c.get('surface').name,
      method: c.req.method,
      route: c.get('route'),
      status: c.res.status,
      reason: refused,
      // The setting that would allow the page, for the operator who reads the log.
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

/** An error that was thrown, with the request id that the client gets. The client gets nothing else of it. */
export const logError = (c: Context<AppEnv>, error: Error): void =>
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
