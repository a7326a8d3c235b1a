// Where signing in leads: one of our own pages, or an address whose origin is registered here.
import type { Context } from 'hono';
import { setSessionCookie } from '../http/auth/cookies.ts';
import type { AppEnv } from '../http/context.ts';
import { isAllowedOrigin, isBelowCookieDomain } from '../http/origins.ts';
import { readWebAddress } from '../http/web-address.ts';
import { isOwnPath, ownPath } from './own-path.ts';
import { redirectTo } from './redirect.tsx';

/**
 * What the forms carry along as `to`: the path of a page, or an address of another origin; undefined for every other
 * text. The origin is checked when the browser is sent there, because a hidden field is the browser's to change.
 */
export const readTo = (to: string | undefined): string | undefined =>
  to !== undefined && (isOwnPath(to) || readWebAddress(to)) ? to : undefined;

/** A link to another step of signing in, which carries `to` along. */
export const withTo = (path: string, to: string | undefined): string =>
  to === undefined || to === '/' ? path : `${path}?to=${encodeURIComponent(to)}`;

const isOwnOrigin = (c: Context<AppEnv>, { origin }: URL): boolean =>
  origin === c.var.httpSettings.publicUrl || origin === new URL(c.req.url).origin;

/**
 * Where `to` leads: the path of a page, or an address whose exact origin is in ALLOWED_ORIGINS or that of an address
 * that an app has registered, or whose host is below COOKIE_DOMAIN. The front page for everything else, so that no link makes our sign-in lead astray.
 * Costs nothing for a page and for ALLOWED_ORIGINS, otherwise one D1 query.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html
 */
const findDestination = async (c: Context<AppEnv>, to: string | undefined): Promise<string> => {
  const url = to === undefined || isOwnPath(to) ? null : readWebAddress(to);
  if (!url) return ownPath(to);
  // Our own origin has paths that act when they are opened: only pages, as for a path.
  if (isOwnOrigin(c, url)) return ownPath(url.pathname + url.search);
  if (isAllowedOrigin(c, url.origin) || isBelowCookieDomain(c, url)) return url.href;
  return (await (await c.var.core.provider())?.isAppOrigin(url.origin)) ? url.href : '/';
};

/**
 * Sets the cookie of a session that is there already for COOKIE_DOMAIN. It may be older than that setting: the other
 * host would never get it, and would send the browser here again and again.
 */
const shareSessionCookie = (c: Context<AppEnv>, url: URL): void => {
  const cookie = c.get('sessionCookie');
  const isSetAlready = c.get('newSessionCookie') !== undefined;
  if (cookie !== undefined && !isSetAlready && isBelowCookieDomain(c, url)) setSessionCookie(c, cookie);
};

/** Sends a browser where `to` leads. */
export const goToDestination = async (c: Context<AppEnv>, to: string | undefined): Promise<Response> => {
  const destination = await findDestination(c, to);
  if (isOwnPath(destination)) return c.redirect(destination, 303);
  shareSessionCookie(c, new URL(destination));
  return redirectTo(c, destination);
};
