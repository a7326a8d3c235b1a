// The flood guard: a rough limit on requests from one address, before anything is hashed or mailed.
import type { MiddlewareHandler } from 'hono';
import { clientKey } from '../client.ts';
import type { AppEnv, LimitName } from '../context.ts';
import { respondProblem } from '../respond.ts';

/** The longest that a client can have to wait: the period of the bindings in wrangler.toml. */
const PERIOD_SECONDS = 60;

/** One's own machine: the edge never passes on a request that comes from there. */
const LOOPBACK = new Set(['127.0.0.1', '::1']);

/**
 * Limits requests per minute and address: cheap, generous, per location. The exact count is the account's own, in the
 * core; this one only stops a single client from keeping the hashes busy. If the guard fails, the request goes on.
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
export const guardFlood =
  (limit: LimitName): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const address = c.req.header('CF-Connecting-IP');
    if (address === undefined || LOOPBACK.has(address)) return next();
    const isWithin = await c.var.withinRate(limit, clientKey(address));
    return isWithin ? next() : respondProblem(c, { reason: 'throttled', retryAfterSeconds: PERIOD_SECONDS });
  };
