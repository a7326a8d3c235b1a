// Authentication and CSRF: who may use an endpoint, with which credentials, from which pages.
import type { Context, MiddlewareHandler } from 'hono';
import type { Principal } from '../../core/index.ts';
import type { AppEnv } from '../context.ts';
import type { Problem } from '../problem.ts';
import { respondProblem } from '../respond.ts';
import { parseAuthorization } from './authorization.ts';
import { readSessionCookie, readSessionCookies, setSessionCookie } from './cookies.ts';
import { isCrossSite } from './same-site.ts';

/**
 * `token`: an `Authorization` header with `Token` or `Bearer`. `bare-token`: the token alone in that header too.
 * `cookie`: the browser's session cookie. If a request has both, the header counts.
 */
export type Credential = 'token' | 'bare-token' | 'cookie';

/** Overrides when the origin of a request is checked. The reason is for the reader, and required. */
export interface CsrfOverride {
  check: boolean;
  reason: string;
}

/** An endpoint that asks for no credentials. */
export interface PublicAuth {
  via: 'none';
  csrf?: CsrfOverride;
}

export interface RequiredAuth {
  via: readonly [Credential, ...Credential[]];
  /**
   * `nearest`: a replica that has seen the login may answer. `primary`: for every change, for everything that admins
   * do, and for pages that show a change that was just made.
   */
  reads: 'primary' | 'nearest';
  /** Only admins pass; everyone else gets `forbidden`. */
  role?: 'admin';
  /**
   * Whether the owner must have proved in the last ten minutes to be there: for what a stolen session must not do.
   * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md V7.5.1
   */
  recent?: true;
  /** Whether the `Authorization` header counts only if there is no session cookie. */
  prefersCookie?: true;
  /** Whether an anonymous request passes too; `findPrincipal(c)` is null then. */
  optional?: true;
  /** The refusal of an anonymous request, if not the usual one for missing credentials. */
  anonymous?: Problem;
  csrf?: CsrfOverride;
}

export type Auth = PublicAuth | RequiredAuth;

/** For logins, registrations and everything that is public. */
export const anyone: PublicAuth = { via: 'none' };

/** The credentials that an endpoint takes. */
export const credentialsOf = ({ via }: Auth): readonly Credential[] => (via === 'none' ? [] : via);

/**
 * Whether a request from a foreign page is refused. Browsers send cookies for every page, so every unsafe method is
 * checked if the endpoint accepts the cookie, or needs no credentials: it may log the browser in. A token in a header
 * needs no check, because no foreign page can send it.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
 */
export const checksOrigin = (method: string, auth: Auth): boolean => {
  if (auth.csrf) return auth.csrf.check;
  const isCookieGood = auth.via === 'none' || auth.via.includes('cookie');
  return method !== 'GET' && isCookieGood;
};

/** Refuses a request of a foreign page, for an endpoint without credentials. */
const requireSameSite: MiddlewareHandler<AppEnv> = async (c, next) =>
  isCrossSite(c) ? respondProblem(c, { reason: 'cross_site' }) : next();

/** The middleware for an endpoint's `auth`; null if there is nothing to check. */
export const authenticate = (method: string, auth: Auth): MiddlewareHandler<AppEnv> | null => {
  const checks = checksOrigin(method, auth);
  if (auth.via === 'none') return checks ? requireSameSite : null;
  const takesBare = auth.via.includes('bare-token');
  const takesHeader = takesBare || auth.via.includes('token');
  const takesCookie = auth.via.includes('cookie');
  const anonymous = auth.anonymous ?? { reason: 'credentials', why: 'missing' };

  /** What a logged-in principal lacks for this endpoint; null for nothing. */
  const findWant = (c: Context<AppEnv>, { account, session }: Principal): Problem | null => {
    if (auth.role === 'admin') {
      if (!account.isAdmin) return { reason: 'forbidden' };
      if (c.var.httpSettings.requireAdminFactor && session.factor === null)
        return { reason: 'factor_required' };
    }
    return auth.recent && !c.get('core').sessions.isRecent(session) ? { reason: 'reauthenticate' } : null;
  };

  return async (c, next) => {
    const goOn = async (principal: Principal) => {
      const want = findWant(c, principal);
      if (!want) return next();
      const ask = want.reason === 'reauthenticate' ? c.var.surface.onStale : undefined;
      return ask ? ask(c) : respondProblem(c, want);
    };
    const looksAtHeader = takesHeader && !(auth.prefersCookie && readSessionCookie(c) !== null);
    const authorization = looksAtHeader ? parseAuthorization(c.req.header('Authorization'), takesBare) : null;
    if (authorization && 'why' in authorization)
      return respondProblem(c, { reason: 'credentials', why: authorization.why });
    if (authorization) {
      const principal = await c.get('core').sessions.authenticate(authorization.token, 'header', auth.reads);
      if (!principal) return respondProblem(c, { reason: 'credentials', why: 'invalid' });
      c.set('principal', principal);
      return goOn(principal);
    }
    if (checks && isCrossSite(c)) return respondProblem(c, { reason: 'cross_site' });
    const principal = takesCookie ? await identifyByCookie(c, auth.reads) : null;
    if (!principal) {
      if (auth.optional) return next();
      return (await c.get('surface').onAnonymous?.(c)) ?? respondProblem(c, anonymous);
    }
    return goOn(principal);
  };
};

/** Finds the principal of the session cookie and sets `c.var.principal`; null if there is none. */
export const identifyByCookie = async (
  c: Context<AppEnv>,
  reads: RequiredAuth['reads'],
): Promise<Principal | null> => {
  for (const cookie of readSessionCookies(c)) {
    const principal = await c.get('core').sessions.authenticate(cookie, 'cookie', reads);
    if (principal) {
      // The session's idle expiry was extended, so the browser's cookie must be too.
      if (principal.extended) setSessionCookie(c, cookie);
      c.set('principal', principal);
      c.set('sessionCookie', cookie);
      return principal;
    }
  }
  return null;
};

/** The principal of an endpoint whose `auth` is optional; null if the request is anonymous. */
export const findPrincipal = (c: Context<AppEnv>): Principal | null => {
  const principal: Principal | undefined = c.get('principal');
  return principal ?? null;
};
