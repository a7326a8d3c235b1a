// Origins: loopback names, and whose pages may use the service.
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';
import { isWithinDomain } from './hosts.ts';

/** Loopback names. https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
const LOOPBACK = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a URL or an origin has a loopback name. */
export const isLoopback = (url: string): boolean => LOOPBACK.test(URL.parse(url)?.hostname ?? '');

/**
 * Whether an address is below COOKIE_DOMAIN, where the session cookie goes: the operator trusts all of these hosts.
 * Plain http only where the service itself takes it.
 */
export const isBelowCookieDomain = (c: Context<AppEnv>, { protocol, hostname, href }: URL): boolean => {
  const { cookieDomain, allowHttp } = c.var.httpSettings;
  if (cookieDomain === null || !isWithinDomain(hostname, cookieDomain)) return false;
  return protocol === 'https:' || allowHttp || isLoopback(href);
};

/**
 * Whether the pages of an origin may use the service, cookies included: those of `ALLOWED_ORIGINS`, and every loopback
 * origin if the service itself is asked at a loopback name, which a deployment never is.
 */
export const isAllowedOrigin = (c: Context<AppEnv>, origin: string): boolean =>
  c.var.httpSettings.allowedOrigins.has(origin) || (isLoopback(origin) && isLoopback(c.req.url));
