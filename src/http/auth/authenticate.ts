// Who a request comes from: the Authorization header, the session cookie.
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../context.ts';
import type { Problem } from '../problem.ts';
import { respondProblem } from '../respond.ts';
import { withTrait } from '../traits.ts';
import { parseAuthorization } from './authorization.ts';
import { readSessionCookie, setSessionCookie } from './cookies.ts';
import { isCrossSite } from './same-site.ts';

/** Lets only admins in; after `requireLogin`. */
export const requireAdmin: MiddlewareHandler<AppEnv> = withTrait(
  async (c, next) => (c.var.principal.account.isAdmin ? next() : respondProblem(c, { reason: 'forbidden' })),
  { asks: 'admin' },
);

export interface Requirement {
  /** True where a browser's session cookie is good, besides a token. */
  cookie?: boolean;
  /** True where a token may stand alone in the header. */
  bare?: boolean;
  /** True where the request changes something or is an admin's: the primary is asked, no copy that lags. */
  fresh?: boolean;
  /** True where a fresh request only reads: a foreign page may cause it, and cannot see the answer. */
  anyOrigin?: boolean;
  /** What an anonymous request is told, where it is not that credentials are missing. */
  anonymous?: Problem;
}

/**
 * Lets only those in who are logged in, and puts them in `c.var.principal`. A header counts before a cookie. A
 * token that is good for nothing is refused even where an anonymous request would be told something else.
 */
export const requireLogin = (requirement: Requirement = {}): MiddlewareHandler<AppEnv> => {
  const anonymous = requirement.anonymous ?? { reason: 'credentials', why: 'missing' };
  const reads = requirement.fresh ? 'primary' : 'nearest';

  const letIn: MiddlewareHandler<AppEnv> = async (c, next) => {
    const authorization = parseAuthorization(c.req.header('Authorization'), requirement.bare ?? false);
    if (authorization && 'why' in authorization)
      return respondProblem(c, { reason: 'credentials', why: authorization.why });
    if (authorization) {
      const principal = await c.var.core.sessions.authenticate(authorization.token, 'header', reads);
      if (!principal) return respondProblem(c, { reason: 'credentials', why: 'invalid' });
      c.set('principal', principal);
      return next();
    }
    // A browser sends its cookie by itself, whoever's page asks: what changes something must be our own page's.
    if (requirement.cookie && requirement.fresh && !requirement.anyOrigin && isCrossSite(c))
      return respondProblem(c, { reason: 'cross_site' });
    const cookie = requirement.cookie ? readSessionCookie(c) : null;
    const principal = cookie && (await c.var.core.sessions.authenticate(cookie, 'cookie', reads));
    if (!principal) return respondProblem(c, anonymous);
    // The session's life was pushed on: the browser must not drop the cookie before the server does.
    if (principal.extended) setSessionCookie(c, cookie);
    c.set('principal', principal);
    return next();
  };
  return withTrait(letIn, { asks: 'login', requirement });
};
