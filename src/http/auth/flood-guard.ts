// What stands before every login and registration: the same-site check and the flood guard.
import type { MiddlewareHandler } from 'hono';
import { every } from 'hono/combine';
import { requireSameSite } from '../browsers.ts';
import { clientKey } from '../client.ts';
import type { AppEnv, WithinRate } from '../context.ts';
import { respondProblem } from '../respond.ts';
import { withTrait } from '../traits.ts';

/** The longest that a client can have to wait: the period of the bindings in wrangler.toml. */
const PERIOD_SECONDS = 60;

/** One's own machine: the edge never passes on a request that comes from there. */
const LOOPBACK = new Set(['127.0.0.1', '::1']);

export type Endpoint = Parameters<WithinRate>[0];

/**
 * So many requests a minute and address, before anything is hashed: cheap, generous, per location. The exact
 * count is the account's own, in the core; this one only keeps a single client from keeping the hashes busy. Where
 * it cannot be asked, the request goes on.
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
export const guardFlood = (endpoint: Endpoint): MiddlewareHandler<AppEnv> => {
  const letThrough: MiddlewareHandler<AppEnv> = async (c, next) => {
    const address = c.req.header('CF-Connecting-IP');
    if (address === undefined || LOOPBACK.has(address)) return next();
    const isWithin = await c.var.withinRate(endpoint, clientKey(address));
    return isWithin ? next() : respondProblem(c, { reason: 'throttled', retryAfterSeconds: PERIOD_SECONDS });
  };
  return withTrait(letThrough, { asks: 'guard', endpoint, foreignPages: 'pass' });
};

/** Guards a login or a registration: a foreign page is refused, then an address that floods. */
export const guard = (endpoint: Endpoint): MiddlewareHandler<AppEnv> =>
  withTrait(every(requireSameSite, guardFlood(endpoint)), {
    asks: 'guard',
    endpoint,
    foreignPages: 'refused',
  });
