// The flood guard: a rough limit on requests from one address, before anything is hashed or mailed.
import type { Context, MiddlewareHandler, Next } from 'hono';
import type { MayFetch } from '../../core/index.ts';
import { clientKey } from '../client.ts';
import type { AppEnv, LimitName } from '../context.ts';
import { respondProblem } from '../respond.ts';
import { findPrincipal } from './auth.ts';

/** The period of the bindings in wrangler.toml, and so the longest wait. */
const PERIOD_SECONDS = 60;

/** The local machine. At the edge no request comes from there. */
const LOOPBACK = new Set(['127.0.0.1', '::1']);

/**
 * Limits requests per minute and address: cheap, generous, per location. It keeps a single client from occupying the
 * CPU with hashes; the exact count is the account's, in the core. If the guard fails, the request passes.
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
 * Limits the changes per minute of one account, from all addresses together. Otherwise anyone who can register could
 * occupy D1's single writer.
 */
export const guardWrites: MiddlewareHandler<AppEnv> = async (c, next) => {
  const principal = findPrincipal(c);
  if (edgeAddress(c) === null || principal === null) return next();
  return pass(c, next, 'write', `account:${principal.account.id}`);
};

/** The client's address according to the edge; null on a local machine. */
const edgeAddress = (c: Context<AppEnv>): string | null => {
  const address = c.req.header('CF-Connecting-IP');
  return address === undefined || LOOPBACK.has(address) ? null : address;
};

/**
 * Whether a document may be fetched from a host for this client: 60 a minute for one client, and 60 from one host for all
 * clients together, so that nobody makes the service flood somebody else.
 */
export const mayFetchFor =
  (c: Context<AppEnv>): MayFetch =>
  async (host) => {
    const address = edgeAddress(c);
    if (address === null) return true;
    const { withinRate } = c.var;
    return (
      (await withinRate('registration', `document:${clientKey(address)}`)) &&
      (await withinRate('registration', `document-host:${host}`))
    );
  };

const pass = async (c: Context<AppEnv>, next: Next, limit: LimitName, key: string) =>
  (await c.var.withinRate(limit, key))
    ? next()
    : respondProblem(c, { reason: 'throttled', retryAfterSeconds: PERIOD_SECONDS });
