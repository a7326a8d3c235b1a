// Mounts endpoints in a Hono app.
import type { Context, Hono, MiddlewareHandler, Next } from 'hono';
import { authenticate } from './auth/auth.ts';
import { guardFlood, guardWrites } from './auth/flood-guard.ts';
import { body } from './body/body.ts';
import type { AppEnv } from './context.ts';
import type { Endpoint, SurfaceDefinition } from './endpoint.ts';
import { respondProblem } from './respond.ts';

/** The path for Hono's router: each parameter with its pattern. */
export const routePathOf = ({ basePath }: SurfaceDefinition, { path, params = {} }: Endpoint): string =>
  basePath +
  path.replace(/:(\w+)/g, (whole, name: string) => {
    const parameter = params[name];
    if (!parameter) throw new Error(`${basePath}${path}: ${whole} is not described in params.`);
    return `${whole}{${parameter.pattern}}`;
  });

/** The middleware and handler of an endpoint, in the order of checks. */
const handlersOf = ({ method, auth, limit, body: spec, handle }: Endpoint): MiddlewareHandler<AppEnv>[] => {
  const authenticated = authenticate(method, auth);
  return [
    ...(authenticated ? [authenticated] : []),
    ...(authenticated && method !== 'GET' ? [guardWrites] : []),
    ...(limit ? [guardFlood(limit)] : []),
    ...(spec ? [body(spec.schema, spec)] : []),
    handle,
  ];
};

/** The same as one handler, for an endpoint that is loaded after the app was mounted. */
export const inTurn = (endpoint: Endpoint): MiddlewareHandler<AppEnv> => {
  const handlers = handlersOf(endpoint);
  const run = async (c: Context<AppEnv>, at: number, next: Next): Promise<void> => {
    const handler = handlers[at];
    if (!handler) return next();
    const answer = await handler(c, () => run(c, at + 1, next));
    // As in Hono: the first response wins.
    if (answer instanceof Response && !c.finalized) c.res = answer;
  };
  return (c, next) => run(c, 0, next);
};

/**
 * Mounts all endpoints. Answers `OPTIONS` with the methods of a path, and every other method with the dialect's 405.
 * Hono answers `HEAD` as a `GET` without its body.
 */
export const mount = (app: Hono<AppEnv>, surfaces: readonly SurfaceDefinition[]): void => {
  const methodsByPath = new Map<string, string[]>();
  for (const surface of surfaces) {
    for (const each of surface.endpoints) {
      const path = routePathOf(surface, each);
      const methods = methodsByPath.get(path) ?? [];
      if (methods.includes(each.method)) throw new Error(`${each.method} ${path} is mounted twice.`);
      methodsByPath.set(path, [...methods, each.method]);
      app.on(each.method, [path], ...handlersOf(each));
    }
  }
  for (const [path, methods] of methodsByPath) {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.all(path, (c) => {
      c.header('Allow', allow);
      if (c.req.method === 'OPTIONS') return c.body(null, 204);
      return respondProblem(c, { reason: 'method_not_allowed', method: c.req.method });
    });
  }
};
