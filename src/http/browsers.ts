// Headers for browsers: CORS and security.
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { isOpenToAnyone } from './auth/same-site.ts';
import type { AppEnv } from './context.ts';
import { isAllowedOrigin } from './origins.ts';

/** Two hours, Chromium's maximum for a preflight. https://fetch.spec.whatwg.org/#http-access-control-max-age */
const PREFLIGHT_SECONDS = 7200;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const EXPOSED = ['X-Request-Id', 'Retry-After', 'Link', 'Location', 'Allow'];
const REQUEST_HEADERS = ['Authorization', 'Content-Type'];

/**
 * On every response. `no-store`: no cache keeps data of an account. The policy: a response that is opened as a page can
 * do nothing, and no page can frame it.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** Two years, as the preload list requires. https://hstspreload.org/ */
const HSTS = 'max-age=63072000; includeSubDomains';

export const securityHeaders: MiddlewareHandler<AppEnv> = (c, next) => {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  if (c.req.url.startsWith('https:')) c.header('Strict-Transport-Security', HSTS);
  return next();
};

const withCredentials = cors({
  origin: (origin) => origin,
  credentials: true,
  allowMethods: METHODS,
  allowHeaders: REQUEST_HEADERS,
  exposeHeaders: EXPOSED,
  maxAge: PREFLIGHT_SECONDS,
});

const forAnyone = cors({
  origin: '*',
  allowMethods: METHODS,
  allowHeaders: REQUEST_HEADERS,
  exposeHeaders: EXPOSED,
  maxAge: PREFLIGHT_SECONDS,
});

/**
 * CORS: everything for allowed origins, cookies included. For every other origin nothing; with OPEN_TOKEN_DIALECTS the
 * dialects without cookies.
 */
export const crossOrigin: MiddlewareHandler<AppEnv> = (c, next) => {
  const origin = c.req.header('Origin');
  const isPlainOptions = c.req.method === 'OPTIONS' && !c.req.header('Access-Control-Request-Method');
  const isAllowed = origin !== undefined && isAllowedOrigin(c, origin);
  // Otherwise Hono's middleware sets it.
  if (!isAllowed || isPlainOptions) c.header('Vary', 'Origin');
  if (origin === undefined || isPlainOptions) return next();
  if (isAllowed) return withCredentials(c, next);
  return isOpenToAnyone(c) ? forAnyone(c, next) : next();
};
