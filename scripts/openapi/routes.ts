// The routes of a dialect as Hono keeps them, each with what its middleware asks.
import { checksOrigin, credentialsOf } from '../../src/http/auth/auth.ts';
import type { Dialect, Endpoint } from '../../src/http/endpoint.ts';
import { type Trait, traitOf } from '../../src/http/traits.ts';
import type { DescribedDialect, Parameter } from './types.ts';

export interface Route {
  /** The method and the path, as the dialect names them: `GET /accounts/:id{[0-9]+}`. */
  key: string;
  method: string;
  /** Below the dialect's. */
  path: string;
  traits: Trait[];
}

/** Every route of a dialect, in its own order. */
export const listRoutes = ({ routes, endpoints }: Dialect): Route[] => {
  if (!routes) return endpoints.map(toRoute);
  const found = new Map<string, Route>();
  for (const { method, path, handler } of routes.routes) {
    const key = `${method} ${path}`;
    const route = found.get(key) ?? { key, method, path, traits: [] };
    const trait = traitOf(handler);
    if (trait) route.traits.push(trait);
    found.set(key, route);
  }
  return [...found.values()];
};

/** An endpoint as a route. */
const toRoute = (endpoint: Endpoint): Route => {
  const { method, path, params = {}, auth, limit, body } = endpoint;
  const written = path.replace(/:(\w+)/g, (whole, name: string) => `${whole}{${params[name]?.pattern}}`);
  const cookie = credentialsOf(auth).includes('cookie');
  const checks = checksOrigin(method, auth);
  const traits: Trait[] = [];
  if (auth.via !== 'none') {
    const { anonymous } = auth;
    const requirement = { cookie, fresh: checks, ...(anonymous && { anonymous }) };
    traits.push({ asks: 'login', requirement });
    if (auth.role === 'admin') traits.push({ asks: 'admin' });
  }
  if (body) traits.push({ asks: 'body', schema: body.schema, options: body });
  if (limit)
    traits.push({ asks: 'guard', endpoint: limit, foreignPages: auth.via === 'none' ? 'refused' : 'pass' });
  return { key: `${method} ${written}`, method, path: written, traits };
};

/** How a surface of endpoints is described. */
export const describeSurface = (dialect: Dialect): DescribedDialect => {
  const { docs, endpoints } = dialect;
  if (!docs) throw new Error(`${dialect.name} has no docs.`);
  const operations = endpoints.map((endpoint) => {
    if (!endpoint.docs) throw new Error(`${dialect.name}: ${endpoint.method} ${endpoint.path} has no docs.`);
    return [toRoute(endpoint).key, endpoint.docs] as const;
  });
  return { dialect, ...docs, operations: Object.fromEntries(operations) };
};

/** The note of one kind, where the route has it. */
export const findTrait = <A extends Trait['asks']>({ traits }: Route, asks: A) =>
  traits.find((trait): trait is Extract<Trait, { asks: A }> => trait.asks === asks);

const PARAMETER = /:(\w+)\{(.+?\}?)\}(?=\/|$)/g;

/** The path as OpenAPI writes it, in the form that the dialect's document gives it. */
export const writePath = (basePath: string, path: string, hasSlash: boolean): string => {
  const written = basePath + path.replace(PARAMETER, '{$1}');
  return hasSlash ? `${written}/` : written;
};

/** What stands for a parameter in examples: the first account, and a session's id. */
const EXAMPLE_NUMBER = 5;
const EXAMPLE_HASH = '3c9909afec25354d551dae21590bb26e38d53f2173b8d3dc3eee4c047e7ab1c1';

/** The parameters in a path, by the patterns that the routes give them. */
export const listPathParameters = (path: string): Parameter[] =>
  [...path.matchAll(PARAMETER)].map(([, name = '', pattern = '']) =>
    pattern === '[0-9]+'
      ? {
          name,
          in: 'path',
          required: true,
          description: 'The id of an account.',
          schema: { type: 'integer', minimum: 0 },
          example: EXAMPLE_NUMBER,
        }
      : {
          name,
          in: 'path',
          required: true,
          description: 'The id of a session.',
          schema: { type: 'string', pattern: `^${pattern}$` },
          example: EXAMPLE_HASH,
        },
  );
