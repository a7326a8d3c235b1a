// The documentation of an endpoint for the API reference. Left out of the deployed Worker.
import * as z from 'zod/mini';
import type { Json, Problem } from './problem.ts';

declare global {
  /**
   * Whether the descriptions for the API reference are part of the program. `[define]` in wrangler.toml makes it
   * `false` in the Worker: the bundler then drops every `docs: DOCS && {…}` and what only that names. It is a global,
   * not an import, because the bundler knows an import too late to drop what it guards.
   */
  const DOCS: boolean;
}

/** A JSON object under construction. */
export type JsonObject = { [key: string]: Json };

/** @see https://spec.openapis.org/oas/v3.1.1.html#parameter-object */
export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: true;
  description: string;
  schema: JsonObject;
  example?: Json;
}

/** The response headers that the reference documents. */
export type HeaderName =
  | 'Content-Disposition'
  | 'Link'
  | 'Location'
  | 'Remote-Email'
  | 'Remote-Email-Verified'
  | 'Remote-Groups'
  | 'Remote-Name'
  | 'Remote-Sub'
  | 'Remote-User'
  | 'Retry-After'
  | 'Set-Cookie'
  | 'WWW-Authenticate'
  | 'X-Request-Id';

/**
 * The schema of a response body. A function, so that the bundler can drop it: a call at the top of a module stays.
 * @example const token = () => named('AuthToken', z.strictObject({ token: z.string() }));
 */
export type AnswerSchema = () => z.core.$ZodType;

export interface Success {
  status: number;
  description: string;
  /** Null if there is no body. */
  schema: AnswerSchema | null;
  headers?: readonly HeaderName[];
  /** Required if the dialect's document has no example. */
  example?: Json;
}

/** A refusal that only the handler gives. Those of `auth`, `limit` and `body` are generated. */
export interface Refusal {
  summary: string;
  problem: Problem;
}

export interface EndpointDocs {
  /** The operation's name for generated clients: unique in the whole document. */
  id: string;
  summary: string;
  description?: string;
  deprecated?: true;
  query?: readonly Parameter[];
  /** Overrides the dialect's `hasSlash` for this path. */
  hasSlash?: boolean;
  /** A valid body; required if the dialect's document has none. */
  sent?: JsonObject;
  successes: readonly Success[];
  refusals?: readonly Refusal[];
}

/** The documentation of a dialect or service as a whole. */
export interface SurfaceDocs {
  title: string;
  description: string;
  /** Whether its document writes paths with a trailing slash. */
  hasSlash: boolean;
  /** The shapes of its refusals, the most specific first; `fields` are those of the endpoint's body. */
  refusalSchemas: (fields: readonly string[]) => readonly AnswerSchema[];
  /** The key of a refusal whose values the reference lists for each status. */
  code?: string;
}

/** The key of a JSON schema's name, until the reference moves the schema to its components. */
export const NAME_KEY = 'x-name';

/** Gives a schema a name in the reference, and a description. */
export const named = <S extends z.ZodMiniType>(name: string, schema: S, description?: string): S =>
  annotated(schema, { [NAME_KEY]: name, ...(description !== undefined && { description }) });

/** Adds to the JSON schema of a value: `format`, `description`. */
export const annotated = <S extends z.ZodMiniType>(schema: S, annotations: JsonObject): S => {
  z.globalRegistry.add(schema, annotations);
  return schema;
};
