// Puts the dialects into one app.
import type { Hono } from 'hono';
import type { AppEnv, Dialect } from './context.ts';
import { respondProblem } from './respond.ts';

/**
 * Puts the dialects into an app, and answers what no route does: `OPTIONS` with the methods of a path, and any
 * other method with the dialect's 405. `HEAD` is Hono's: a `GET` without its body.
 */
export const mount = (app: Hono<AppEnv>, dialects: readonly Dialect[]): void => {
  for (const dialect of dialects) {
    app.route(dialect.basePath, dialect.routes);
    for (const [path, methods] of methodsByPath(dialect.routes)) {
      const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
      app.all(dialect.basePath + path, (c) => {
        c.header('Allow', allow);
        if (c.req.method === 'OPTIONS') return c.body(null, 204);
        return respondProblem(c, { reason: 'method_not_allowed', method: c.req.method });
      });
    }
  }
};

const methodsByPath = (routes: Hono<AppEnv>): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const { path, method } of routes.routes) {
    const methods = found.get(path) ?? new Set();
    found.set(path, methods.add(method));
  }
  return found;
};

/**
 * Finds whose refusals a path gets: the dialect with the longest base path above it. One dialect's base path
 * (`/api`) stands above others', so the order in which they are listed must not matter.
 */
export const createDialectFinder = (dialects: readonly Dialect[], fallback: Dialect) => {
  const longestFirst = [...dialects].sort((one, other) => other.basePath.length - one.basePath.length);
  return (path: string): Dialect =>
    longestFirst.find(({ basePath }) => path === basePath || path.startsWith(`${basePath}/`)) ?? fallback;
};
