// Origins: which names only this machine has, and whose pages may use the service.
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/** A name that leads to the machine itself. https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
const LOOPBACK = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a URL or an origin is of this machine. */
export const isLoopback = (url: string): boolean => URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);

/**
 * Whether the pages of an origin may use the service, cookies included: those that the deployment names, and on a
 * developer's machine every port of it. A deployment is never asked at a loopback name.
 */
export const isAllowedOrigin = (c: Context<AppEnv>, origin: string): boolean =>
  c.var.httpSettings.allowedOrigins.has(origin) || (isLoopback(origin) && isLoopback(c.req.url));
