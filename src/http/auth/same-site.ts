// Whether a request was caused by a foreign page.
import type { Context } from 'hono';
import type { AppEnv } from '../context.ts';
import { isAllowedOrigin } from '../origins.ts';

/**
 * Whether every page may use this surface: it is made for apps on other origins, or it is a dialect without a cookie
 * and OPEN_TOKEN_DIALECTS is set.
 */
export const isOpenToAnyone = ({ var: { httpSettings, surface } }: Context<AppEnv>): boolean =>
  !surface.usesCookie &&
  (surface.isOpenToAnyOrigin === true || (httpSettings.openTokenDialects && surface.basePath !== ''));

/** The headers in which a browser names the page that caused a request. */
export interface PageHeaders {
  origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  site: string | undefined;
}

/**
 * Whether a page of another origin caused the request. Browsers say so in a header that no script can set. Other
 * clients send neither header, and hold no cookie of a visitor.
 *
 * @param ownOrigin of the service that the request was sent to; null if it is not known
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export const isFromOtherOrigin = ({ origin, site }: PageHeaders, ownOrigin: string | null): boolean => {
  switch (site?.toLowerCase()) {
    case 'same-origin':
    case 'none':
      return false;
    case 'cross-site':
      return true;
    case 'same-site':
      // Another port or subdomain. An image or a link sends no `Origin`.
      return origin !== ownOrigin;
    default:
      return origin !== undefined && origin !== ownOrigin;
  }
};

/** Whether the request was caused by a page that is neither the service's nor one of `ALLOWED_ORIGINS`. */
export const isCrossSite = (c: Context<AppEnv>): boolean => {
  const origin = c.req.header('Origin');
  if (origin !== undefined && isAllowedOrigin(c, origin)) return false;
  const isOther = isFromOtherOrigin(
    { origin, site: c.req.header('Sec-Fetch-Site') },
    new URL(c.req.url).origin,
  );
  return isOther && !isOpenToAnyone(c);
};
