// `latchkey/client`: the routes of the dialect `id` for Hono's typed client. scripts/package.ts generates its types.
import type { Hono } from 'hono';
import type { IdRoutes } from '../src/dialects/id/index.ts';

type SchemaOf<T> = T extends Hono<infer _Env, infer Schema, infer _Path> ? Schema : never;

/** Expands types that only Latchkey's source has. A stream becomes `unknown`: a client gets bytes. */
type Plain<T> =
  T extends ReadableStream<infer _Part>
    ? unknown
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

declare const plain: <T>() => Plain<T>;

/** Without a type annotation, so that the compiler emits the inferred type. */
export const schema = plain<SchemaOf<IdRoutes>>();
