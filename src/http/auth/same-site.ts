// Whether a request comes from a page that the deployment does not know.
import type { Context } from 'hono';
import type { AppEnv } from '../context.ts';
import { isAllowedOrigin } from '../origins.ts';

/** True for the dialects that know no cookie, where the deployment opens them: what is outside all dialects is not. */
export const isOpenToAnyone = ({ var: { httpSettings, surface } }: Context<AppEnv>): boolean =>
  httpSettings.openTokenDialects && !surface.usesCookie && surface.basePath !== '';

/**
 * Whether a page that the deployment does not know caused the request. A browser says so itself, in a
 * header that no script can set; clients that are no browsers send neither header, and carry nobody's cookie.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export const isCrossSite = (c: Context<AppEnv>): boolean => {
  const origin = c.req.header('Origin');
  if (origin !== undefined && isAllowedOrigin(c, origin)) return false;
  switch (c.req.header('Sec-Fetch-Site')?.toLowerCase()) {
    case 'same-origin':
    case 'none':
      return false;
    case 'cross-site':
      return !isOpenToAnyone(c);
    case 'same-site':
      // A neighbour (another port, another subdomain), not ourselves. An image or a link names no origin.
      return origin !== new URL(c.req.url).origin && !isOpenToAnyone(c);
    default:
      return origin !== undefined && origin !== new URL(c.req.url).origin && !isOpenToAnyone(c);
  }
};
