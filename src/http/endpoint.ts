// An endpoint as one value: method, path, authentication, limit, body, handler and documentation.
import type { Context, Hono, Input, MiddlewareHandler, Schema, ToSchema, TypedResponse } from 'hono';
import type { UnionToIntersection } from 'hono/utils/types';
import type * as z from 'zod/mini';
import type { Auth } from './auth/auth.ts';
import type { BodyOptions } from './body/body.ts';
import type { AppEnv, LimitName, Surface } from './context.ts';
import type { EndpointDocs, JsonObject, SurfaceDocs } from './docs.ts';
import type { Json } from './problem.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A parameter of a path: which text matches, and how the reference describes it. */
export interface PathParameter {
  /** A regular expression without anchors. A path that does not match is not found. */
  pattern: string;
  description: string;
  schema: JsonObject;
  example: Json;
}

/** The fields that an endpoint takes: a schema, and how the body is read. */
export interface BodySpec<S extends z.ZodMiniObject = z.ZodMiniObject> extends BodyOptions {
  schema: S;
}

/** An endpoint without its handler. */
export interface EndpointValue {
  method: Method;
  /** Below the base path of its dialect, without a trailing slash: the app takes both. */
  path: string;
  /** For each `:name` in the path. */
  params?: Readonly<Record<string, PathParameter>>;
  auth: Auth;
  /** The flood guard in front of it. Set it on everything that hashes a password or sends a mail. */
  limit?: LimitName;
  body?: BodySpec;
  /** Required in dialects and services; pages have none. */
  docs?: EndpointDocs | false;
}

/** An endpoint as the app mounts it. */
export interface Endpoint extends EndpointValue {
  handle: MiddlewareHandler<AppEnv>;
}

/** The same with the types for Hono's typed client. They exist at compile time only. */
export interface TypedEndpoint<M extends Method, P extends string, I extends Input, R> extends Endpoint {
  readonly client?: (method: M, path: P, input: I) => R;
}

type InputOf<S extends z.ZodMiniObject> = { in: { json: z.input<S> }; out: { json: z.output<S> } };

interface Definition<M extends Method, P extends string, I extends Input, R> extends EndpointValue {
  method: M;
  path: P;
  /** Runs if the request is authenticated and within its limit, and its body is valid. */
  handle: (c: Context<AppEnv, P, I>) => R;
}

/**
 * Makes an endpoint. Checks run in this order: path (404), method (405), credentials and origin (401, 403),
 * limit (429), media type (415), size (413), syntax and fields (400), then the handler.
 *
 * @example
 * const login = endpoint({
 *   method: 'POST',
 *   path: '/login',
 *   auth: anyone,
 *   limit: 'login',
 *   body: { schema: credentials, numbers: 'text' },
 *   handle: async (c) => send(c, { status: 200, body: await logInWith(c.req.valid('json')) }),
 *   docs: DOCS && { id: 'usersLogin', summary: 'Log in', successes: [loggedIn] },
 * });
 */
export function endpoint<
  const M extends Method,
  const P extends string,
  S extends z.ZodMiniObject,
  R extends Response | Promise<Response>,
>(
  value: Definition<M, P, InputOf<S>, R> & { body: BodySpec<S> },
): TypedEndpoint<M, P, InputOf<S>, Awaited<R>>;
export function endpoint<
  const M extends Method,
  const P extends string,
  R extends Response | Promise<Response>,
>(value: Definition<M, P, object, R>): TypedEndpoint<M, P, object, Awaited<R>>;
export function endpoint(
  value: EndpointValue & { handle: (c: never) => Response | Promise<Response> },
): Endpoint {
  // The types of the handler's context depend on `body`. To Hono it is a handler like any other.
  return { ...value, handle: value.handle as unknown as Endpoint['handle'] };
}

type Answer<R> = R extends TypedResponse<infer T, infer U, infer F> ? TypedResponse<T, U, F> : TypedResponse;

type SchemaOf<E> =
  E extends TypedEndpoint<infer M, infer P, infer I, infer R> ? ToSchema<M, P, I, Answer<R>> : never;

/** The routes of endpoints, for Hono's typed client: `hc<RoutesOf<typeof endpoints>>(address)`. */
export type RoutesOf<E extends readonly Endpoint[]> = Hono<
  AppEnv,
  UnionToIntersection<SchemaOf<E[number]>> extends infer S extends Schema ? S : never,
  '/'
>;

/** A surface with its endpoints and its documentation. */
export interface SurfaceDefinition extends Omit<Surface, 'usesCookie'> {
  endpoints: readonly Endpoint[];
  /** Required in dialects and services; pages have none. */
  docs?: SurfaceDocs | false;
}

/** One API that existing clients speak. */
export type Dialect = SurfaceDefinition;
