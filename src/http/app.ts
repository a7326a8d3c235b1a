// The app around the dialects: what every request gets, and the one place that catches what is thrown.
import { type Context, Hono } from 'hono';
import { createCounts, StoreUnavailable } from '../core/index.ts';
import { readClient } from './client.ts';
import type { AppEnv } from './context.ts';
import { createDialectFinder, type Dialect, mount, refuse } from './dialect.ts';
import { sharedReply } from './drf.ts';

/** How long a client should wait before it asks again while D1 is down. */
const RETRY_AFTER_SECONDS = 5;

/** What is outside every dialect is refused in the plainest of their shapes. */
const outside: Dialect = {
  name: 'none',
  basePath: '',
  usesCookie: false,
  routes: new Hono<AppEnv>(),
  problem(problem) {
    switch (problem.reason) {
      case 'not_found':
      case 'unavailable':
      case 'fault':
        return sharedReply(problem);
      default:
        return sharedReply({ reason: 'not_found' });
    }
  },
};

/** Makes the app of these dialects; the order in which they are listed does not matter. */
export const createApp = (dialects: readonly Dialect[]): Hono<AppEnv> => {
  const app = new Hono<AppEnv>({ strict: false });
  const findDialect = createDialectFinder(dialects, outside);

  app.use(async (c, next) => {
    const requestId = crypto.randomUUID();
    c.set('requestId', requestId);
    c.header('X-Request-Id', requestId);
    const dialect = findDialect(c.req.path);
    c.set('dialect', dialect);
    const counts = createCounts();
    c.set('counts', counts);
    c.set('client', readClient(c.req.raw, dialect.name));
    const { core, wire } = c.env.equip(counts);
    c.set('core', core);
    c.set('wire', wire);
    await next();
  });

  mount(app, dialects);
  app.notFound((c) => refuse(c, { reason: 'not_found' }));
  app.onError((error, c) => {
    report(c, error);
    return error instanceof StoreUnavailable
      ? refuse(c, { reason: 'unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS })
      : refuse(c, { reason: 'fault' });
  });
  return app;
};

/** To the log, with the id that the client was given; the client is told nothing of it. */
const report = (c: Context<AppEnv>, error: Error): void =>
  console.error(
    JSON.stringify({
      level: 'error',
      requestId: c.var.requestId,
      dialect: c.var.dialect.name,
      error: `${error.name}: ${error.message}`,
      cause: error.cause instanceof Error ? error.cause.message : undefined,
      stack: error.stack,
    }),
  );
