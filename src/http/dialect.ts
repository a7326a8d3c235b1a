// What a dialect is, what it may have to refuse, and how the dialects are put into one app.
import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { LastAdmin, Taken, Throttled, WrongCredentials } from '../core/index.ts';
import type { AppEnv } from './context.ts';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A whole answer, as a value that a test can compare. */
export interface Reply {
  status: ContentfulStatusCode;
  body: Json;
  headers?: Readonly<Record<string, string>>;
  /** The reason phrase, where a document asks for another than the usual one. */
  statusText?: string;
}

/** What can be wrong with one field. `limit` is in the unit that the code names. */
export type FaultCode =
  | 'required'
  | 'null'
  | 'blank'
  | 'not_text'
  | 'nul'
  | 'too_many_characters'
  | 'too_few_characters'
  | 'too_many_bytes'
  | 'not_email'
  | 'not_username'
  | 'weak_password'
  | 'common_password'
  | 'resembling_password'
  | 'not_url'
  | 'taken'
  | 'not_a_choice';

export interface Fault {
  field: string;
  code: FaultCode;
  limit: number | null;
  /** What was sent, as it was sent; undefined where the field was not sent. */
  value: unknown;
}

/** What a JSON body was where an object was asked for. */
export type JsonType = 'null' | 'boolean' | 'integer' | 'decimal' | 'string' | 'array';

/** Everything that can be refused: by the wire, by the fields, by the core. */
export type Problem =
  | { reason: 'not_found' }
  | { reason: 'method_not_allowed'; method: string }
  | { reason: 'credentials'; why: 'missing' | 'invalid' | 'empty' | 'spaces' }
  | { reason: 'forbidden' }
  | { reason: 'cross_site' }
  | { reason: 'unsupported_media_type'; mediaType: string }
  | { reason: 'too_large' }
  | { reason: 'malformed'; format: 'json' | 'form' }
  | { reason: 'not_an_object'; got: JsonType }
  | { reason: 'fields'; faults: readonly Fault[] }
  | { reason: 'unavailable'; retryAfterSeconds: number }
  | { reason: 'fault' }
  | Throttled
  | LastAdmin
  | (Taken & { faults: readonly Fault[] })
  /** `email` is that field as it was sent. */
  | (WrongCredentials & { email: unknown });

/** Where a problem arose: the path below the dialect's, without a trailing slash, and the service's origin. */
export interface Place {
  path: string;
  origin: string;
}

/** One API that existing clients speak. */
export interface Dialect {
  name: string;
  basePath: string;
  /** True where browsers log in with a session cookie. */
  usesCookie: boolean;
  /** Paths without a trailing slash: the app takes both. */
  routes: Hono<AppEnv>;
  /** Words every refusal. Pure, and total: a new reason does not compile until it is decided here. */
  problem(problem: Problem, place: Place): Reply;
  /** Puts a refusal on the wire, where that is not as JSON. */
  send?: (c: Context<AppEnv>, reply: Reply) => Response;
}

/** Sends a reply, with the headers that the context has gathered. */
export const send = (c: Context<AppEnv>, { status, body, headers, statusText }: Reply): Response => {
  const response = c.newResponse(JSON.stringify(body), status, {
    'Content-Type': 'application/json',
    ...headers,
  });
  return statusText === undefined ? response : new Response(response.body, { ...init(response), statusText });
};

const init = ({ status, headers }: Response): ResponseInit => ({ status, headers });

/** Refuses in the words of the dialect that the path belongs to. */
export const refuse = (c: Context<AppEnv>, problem: Problem): Response => {
  const dialect = c.var.dialect;
  c.set('refused', problem.reason);
  const place: Place = {
    // Hono's path, by which it routes: decoded.
    path: c.req.path.slice(dialect.basePath.length).replace(/\/$/, ''),
    get origin() {
      return new URL(c.req.url).origin;
    },
  };
  const reply = withRetryAfter(problem, dialect.problem(problem, place));
  return (dialect.send ?? send)(c, reply);
};

const withRetryAfter = (problem: Problem, reply: Reply): Reply =>
  'retryAfterSeconds' in problem
    ? { ...reply, headers: { ...reply.headers, 'Retry-After': String(problem.retryAfterSeconds) } }
    : reply;

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
        return refuse(c, { reason: 'method_not_allowed', method: c.req.method });
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
