// The flood guard: a rough limit on requests from one address, before anything is hashed or mailed.
import type { Context, MiddlewareHandler, Next } from 'hono';
import { clientKey } from '../client.ts';
import type { AppEnv, LimitName } from '../context.ts';
import { respondProblem } from '../respond.ts';
import { findPrincipal } from './auth.ts';

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
    const address = edgeAddress(c);
    return address === null ? next() : pass(c, next, limit, clientKey(address));
  };

/**
 * Limits what one signed-in account may change in a minute, whatever the addresses: everybody who can register could
 * otherwise keep the one writer of D1 busy.
 */
export const guardWrites: MiddlewareHandler<AppEnv> = async (c, next) => {
  const principal = findPrincipal(c);
  if (edgeAddress(c) === null || principal === null) return next();
  return pass(c, next, 'write', `account:${principal.account.id}`);
};

/** The client's address as the edge names it; null on one's own machine. */
const edgeAddress = (c: Context<AppEnv>): string | null => {
  const address = c.req.header('CF-Connecting-IP');
  return address === undefined || LOOPBACK.has(address) ? null : address;
};

const pass = async (c: Context<AppEnv>, next: Next, limit: LimitName, key: string) =>
  (await c.var.withinRate(limit, key))
    ? next()
    : respondProblem(c, { reason: 'throttled', retryAfterSeconds: PERIOD_SECONDS });
