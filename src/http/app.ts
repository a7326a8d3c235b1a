// The app around all endpoints: the middleware of every request, and the one place that catches what is thrown.
import { Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { createCounts, lostByActor, StoreUnavailable } from '../core/index.ts';
import { readDeviceCookie, writeSessionCookie } from './auth/cookies.ts';
import { requireHttps } from './auth/require-https.ts';
import { crossOrigin, securityHeaders } from './browsers.ts';
import { readClient } from './client.ts';
import type { AppEnv } from './context.ts';
import { logError, logRequest } from './log.ts';
import { mount } from './mount.ts';
import { createSurfaceResolver, type ResolveSurface, type Surfaces } from './resolve-surface.ts';
import { respondProblem } from './respond.ts';

/** `Retry-After` while D1 is down. */
const RETRY_AFTER_SECONDS = 5;

/** Builds the app. The order of the dialects does not matter. */
export const createApp = (surfaces: Surfaces): Hono<AppEnv> => {
  const app = new Hono<AppEnv>({ strict: false });
  app.use(
    identify(
      createSurfaceResolver(surfaces),
      surfaces.dialects.map(({ name }) => name),
    ),
  );
  app.use(securityHeaders);
  app.use(provideServices);
  app.use(requireHttps);
  app.use(crossOrigin);
  mount(app, [...surfaces.dialects, surfaces.pages, ...surfaces.services]);
  app.notFound((c) => respondProblem(c, { reason: 'not_found' }));
  app.onError((error, c) => {
    const lost = lostByActor(error);
    if (lost === 'forbidden') return respondProblem(c, { reason: lost });
    if (lost) return respondProblem(c, { reason: 'credentials', why: 'invalid' });
    logError(c, error);
    return error instanceof StoreUnavailable
      ? respondProblem(c, { reason: 'unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS })
      : respondProblem(c, { reason: 'internal_error' });
  });
  return app;
};

/** Sets the request's id and surface, and writes its log line. */
const identify =
  (resolveSurface: ResolveSurface, dialectNames: readonly string[]): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const startedAtMs = Date.now();
    // Never taken from the client, because it goes into the log.
    const requestId = crypto.randomUUID();
    c.set('requestId', requestId);
    c.header('X-Request-Id', requestId);
    // The last match is an endpoint, or the 405 of its path.
    const route = routePath(c, -1);
    c.set('route', route);
    c.set('surface', resolveSurface(route, c.req.path, c.req.header('Accept')));
    c.set('dialectNames', dialectNames);
    c.set('counts', createCounts());
    await next();
    logRequest(c, startedAtMs, Date.now());
  };

/** Runs after `identify`, so that a missing secret is answered in the dialect's shape like every other failure. */
const provideServices: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { core, httpSettings, withinRate, commonPasswords } = c.env.provideServices(c.get('counts'));
  c.set('core', core);
  c.set('httpSettings', httpSettings);
  c.set('withinRate', withinRate);
  c.set('commonPasswords', commonPasswords);
  c.set(
    'client',
    readClient(c.req.raw, c.get('surface').name, () => readDeviceCookie(c)),
  );
  await next();
  writeSessionCookie(c);
};
