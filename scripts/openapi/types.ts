// What the reference is made of: how a dialect and its operations are described, and the parts of OpenAPI it needs.
import type * as z from 'zod';
import type { Dialect } from '../../src/http/context.ts';
import type { Json, Problem } from '../../src/http/problem.ts';

/** A JSON object that is being put together. */
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

/** An example's name as readers see it, and its value. */
export interface Example {
  summary: string;
  value: Json;
}

/** A request that a document gives, or this reference, and how it is answered. */
export interface Exchange {
  method: string;
  path: string;
  summary: string;
  /** Null where nothing is sent. */
  sent: Json | null;
  status: number;
  answer: Json;
}

/** A header of an answer, by its name in `headers.ts`. */
export type HeaderName =
  | 'Content-Disposition'
  | 'Link'
  | 'Location'
  | 'Retry-After'
  | 'Set-Cookie'
  | 'WWW-Authenticate'
  | 'X-Request-Id';

export interface Success {
  status: number;
  description: string;
  /** Null where the answer has no body. */
  schema: z.ZodType | null;
  headers?: readonly HeaderName[];
  /** Where the dialect's document gives none. */
  example?: Json;
}

/** What no middleware asks for, but the handler may refuse. */
export interface Refusal {
  summary: string;
  problem: Problem;
}

export interface Operation {
  /** The operation's name for generated clients: unique in the whole document. */
  id: string;
  summary: string;
  description?: string;
  deprecated?: true;
  query?: readonly Parameter[];
  /** A body that is good, where the dialect's document gives none. */
  sent?: JsonObject;
  successes: readonly Success[];
  refusals?: readonly Refusal[];
}

export interface DescribedDialect {
  dialect: Dialect;
  title: string;
  description: string;
  /** True where the document writes its paths with a slash at the end. */
  hasSlash: boolean;
  /** The shapes of its refusals, the most particular first; `fields` are those of the operation's body. */
  refusalSchemas: (fields: readonly string[]) => readonly z.ZodType[];
  /** The key of a refusal whose values are listed for each status. */
  code?: string;
  /** By method and path, as the dialect's routes name them. */
  operations: Readonly<Record<string, Operation>>;
}
