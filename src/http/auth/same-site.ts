// Whether a request comes from a page that the deployment does not know.
import type { Context } from 'hono';
import type { AppEnv } from '../context.ts';
import { isAllowedOrigin } from '../origins.ts';

/** True for the dialects that know no cookie, where the deployment opens them: what is outside all dialects is not. */
export const isOpenToAnyone = ({ var: { httpSettings, surface } }: Context<AppEnv>): boolean =>
  httpSettings.openTokenDialects && !surface.usesCookie && surface.basePath !== '';

/** What a browser says of the page that caused a request. */
export interface PageHeaders {
  origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  site: string | undefined;
}

/**
 * Whether a page of another origin caused the request. A browser says so itself, in a header that no script can set;
 * clients that are no browsers send neither header, and carry nobody's cookie.
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
      // A neighbour (another port, another subdomain), not ourselves. An image or a link names no origin.
      return origin !== ownOrigin;
    default:
      return origin !== undefined && origin !== ownOrigin;
  }
};

/** Whether a page that the deployment does not know caused the request. */
export const isCrossSite = (c: Context<AppEnv>): boolean => {
  const origin = c.req.header('Origin');
  if (origin !== undefined && isAllowedOrigin(c, origin)) return false;
  const isOther = isFromOtherOrigin(
    { origin, site: c.req.header('Sec-Fetch-Site') },
    new URL(c.req.url).origin,
  );
  return isOther && !isOpenToAnyone(c);
};
