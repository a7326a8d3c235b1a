// The app around the dialects: what every request gets, and the one place that catches what is thrown.
import { Hono, type MiddlewareHandler } from 'hono';
import { createCounts, StoreUnavailable } from '../core/index.ts';
import { readDeviceCookie, writeSessionCookie } from './auth/cookies.ts';
import { crossOrigin, securityHeaders } from './browsers.ts';
import { readClient } from './client.ts';
import type { AppEnv, Dialect } from './context.ts';
import { logFault, logRequest } from './log.ts';
import { mount } from './mount.ts';
import { createAddresseeFinder, type FindAddressee } from './resolve-surface.ts';
import { respondProblem } from './respond.ts';
import { service } from './service.ts';

/** How long a client should wait before it asks again while D1 is down. */
const RETRY_AFTER_SECONDS = 5;

/** Makes the app of these dialects and the pages; the order in which they are listed does not matter. */
export const createApp = (dialects: readonly Dialect[], pages: Dialect): Hono<AppEnv> => {
  const app = new Hono<AppEnv>({ strict: false });
  app.use(identify(createAddresseeFinder(dialects, pages, service)));
  app.use(securityHeaders);
  app.use(provideServices);
  app.use(crossOrigin);
  mount(app, [...dialects, pages, service]);
  app.notFound((c) => respondProblem(c, { reason: 'not_found' }));
  app.onError((error, c) => {
    logFault(c, error);
    return error instanceof StoreUnavailable
      ? respondProblem(c, { reason: 'unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS })
      : respondProblem(c, { reason: 'internal_error' });
  });
  return app;
};

/** Gives the request its id and its dialect, and writes its line in the log. */
const identify =
  (findAddressee: FindAddressee): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const startedAtMs = Date.now();
    // Made here, never taken from the client: it goes into the log.
    const requestId = crypto.randomUUID();
    c.set('requestId', requestId);
    c.header('X-Request-Id', requestId);
    c.set('dialect', findAddressee(c.req.path, c.req.header('Accept')));
    c.set('counts', createCounts());
    await next();
    logRequest(c, startedAtMs, Date.now());
  };

/** What the composition root throws, a missing secret, is answered in the dialect's shape like any other fault. */
const provideServices: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { core, httpSettings, withinRate, commonPasswords } = c.env.provideServices(c.var.counts);
  c.set('core', core);
  c.set('httpSettings', httpSettings);
  c.set('withinRate', withinRate);
  c.set('commonPasswords', commonPasswords);
  c.set('client', { ...readClient(c.req.raw, c.var.dialect.name), device: readDeviceCookie(c) });
  await next();
  writeSessionCookie(c);
};
