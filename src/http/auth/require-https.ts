// Refuses plain http at every name that is not loopback.
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../context.ts';
import { isLoopback } from '../origins.ts';
import { respondProblem } from '../respond.ts';

/**
 * Redirects pages to https. Refuses API requests before the body is read, so that a client that sends passwords in
 * clear notices. `ALLOW_HTTP` is for a private network.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x21-V12-Secure-Communication.md V12.2.1
 */
export const requireHttps: MiddlewareHandler<AppEnv> = async (c, next) => {
  const isPlain = c.req.url.startsWith('http:');
  if (!isPlain || c.get('httpSettings').allowHttp || isLoopback(c.req.url)) return next();
  if (!c.var.surface.isForPeople) return respondProblem(c, { reason: 'https_required' });
  const url = new URL(c.req.url);
  url.protocol = 'https:';
  return c.redirect(url.href, 308);
};
