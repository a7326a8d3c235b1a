// What stands before every login and registration: the same-site check and the flood guard.
import type { MiddlewareHandler } from 'hono';
import { every } from 'hono/combine';
import { clientKey } from '../client.ts';
import type { AppEnv, LimitName } from '../context.ts';
import { respondProblem } from '../respond.ts';
import { withTrait } from '../traits.ts';
import { isCrossSite } from './same-site.ts';

/** The longest that a client can have to wait: the period of the bindings in wrangler.toml. */
const PERIOD_SECONDS = 60;

/** One's own machine: the edge never passes on a request that comes from there. */
const LOOPBACK = new Set(['127.0.0.1', '::1']);

/**
 * So many requests a minute and address, before anything is hashed: cheap, generous, per location. The exact
 * count is the account's own, in the core; this one only keeps a single client from keeping the hashes busy. Where
 * it cannot be asked, the request goes on.
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
export const guardFlood = (endpoint: LimitName): MiddlewareHandler<AppEnv> => {
  const letThrough: MiddlewareHandler<AppEnv> = async (c, next) => {
    const address = c.req.header('CF-Connecting-IP');
    if (address === undefined || LOOPBACK.has(address)) return next();
    const isWithin = await c.var.withinRate(endpoint, clientKey(address));
    return isWithin ? next() : respondProblem(c, { reason: 'throttled', retryAfterSeconds: PERIOD_SECONDS });
  };
  return withTrait(letThrough, { asks: 'guard', endpoint, foreignPages: 'pass' });
};

const requireSameSite: MiddlewareHandler<AppEnv> = async (c, next) =>
  isCrossSite(c) ? respondProblem(c, { reason: 'cross_site' }) : next();

/** Guards a login or a registration: a foreign page is refused, then an address that floods. */
export const guard = (endpoint: LimitName): MiddlewareHandler<AppEnv> =>
  withTrait(every(requireSameSite, guardFlood(endpoint)), {
    asks: 'guard',
    endpoint,
    foreignPages: 'refused',
  });
