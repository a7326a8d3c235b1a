// What a reverse proxy asks about: the request that it holds back while it asks who sent it.
import type { Context } from 'hono';
import type { AppEnv } from '../context.ts';
import { isAllowedOrigin, isBelowCookieDomain } from '../origins.ts';
import { originOf } from '../respond.ts';
import { readWebAddress } from '../web-address.ts';
import { isFromOtherOrigin } from './same-site.ts';

/** The request that a proxy holds back. */
export interface ForwardedRequest {
  /** Its address, of a trusted origin. */
  url: URL;
  /** Whether the browser would bring the session cookie back there. */
  getsCookie: boolean;
}

/** Scheme, host and port, whole; what follows is the client's, in any spelling. */
const ORIGIN = /^https?:\/\/[^/?#]*/;

/**
 * The address that the proxy names: `X-Original-URL` (nginx), or else `X-Forwarded-Proto`, `-Host` and `-Uri` (Caddy,
 * Traefik); null if it names none.
 */
const readOriginal = (c: Context<AppEnv>): string | null => {
  const original = c.req.header('X-Original-URL');
  if (original !== undefined) return original;
  const host = c.req.header('X-Forwarded-Host');
  if (host === undefined) return null;
  return `${c.req.header('X-Forwarded-Proto') ?? 'https'}://${host}${c.req.header('X-Forwarded-Uri') ?? '/'}`;
};

/** An address of a trusted origin; the origin's front page if the rest is not written as an address. */
const toUrl = (text: string): URL | null => {
  const [origin = ''] = ORIGIN.exec(text) ?? [];
  return readWebAddress(text) ?? readWebAddress(`${origin}/`);
};

/**
 * Reads which request a proxy asks about. `none`: it names none. `untrusted`: its origin is neither in ALLOWED_ORIGINS
 * nor below COOKIE_DOMAIN. Every client can send these headers, so they decide nothing but where a browser goes back
 * to, and that only among origins that the operator has named.
 */
export const readForwarded = (c: Context<AppEnv>): ForwardedRequest | 'none' | 'untrusted' => {
  const original = readOriginal(c);
  if (original === null) return 'none';
  const url = toUrl(original);
  if (!url) return 'untrusted';
  const isBelow = isBelowCookieDomain(c, url);
  if (!isBelow && !isAllowedOrigin(c, url.origin)) return 'untrusted';
  return { url, getsCookie: isBelow || url.hostname === new URL(ownOriginOf(c)).hostname };
};

/** The service's own origin. The host of a request is often that of the app: proxies pass it on. */
export const ownOriginOf = (c: Context<AppEnv>): string => c.var.httpSettings.publicUrl ?? originOf(c);

/** Whether nginx asks. It takes 2xx, 401 and 403 from a subrequest, and makes a 500 of everything else. */
export const isAskedByNginx = (c: Context<AppEnv>): boolean => c.req.header('X-Original-URL') !== undefined;

/** Whether a browser opens a page, as opposed to a script, an image or another client. */
export const isNavigation = (c: Context<AppEnv>): boolean => {
  const mode = c.req.header('Sec-Fetch-Mode')?.toLowerCase();
  return (mode === undefined || mode === 'navigate') && /\btext\/html\b/i.test(c.req.header('Accept') ?? '');
};

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Whether a page of another origin caused an unsafe request to the app. Below COOKIE_DOMAIN all hosts are one site, so
 * `SameSite=Lax` does not keep them apart, and an app that has no sign-in of its own checks nothing.
 */
export const isForged = (c: Context<AppEnv>, { url }: ForwardedRequest): boolean => {
  const method = c.req.header(isAskedByNginx(c) ? 'X-Original-Method' : 'X-Forwarded-Method') ?? 'GET';
  const origin = c.req.header('Origin');
  if (SAFE_METHODS.has(method.toUpperCase()) || (origin !== undefined && isAllowedOrigin(c, origin)))
    return false;
  return isFromOtherOrigin({ origin, site: c.req.header('Sec-Fetch-Site') }, url.origin);
};
