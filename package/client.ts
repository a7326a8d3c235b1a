// `latchkey/client`: the routes of the dialect `id` for Hono's typed client. scripts/package.ts writes their types out.
import type { Hono } from 'hono';
import type { IdRoutes } from '../src/dialects/id/index.ts';

type SchemaOf<T> = T extends Hono<infer _Env, infer Schema, infer _Path> ? Schema : never;

/** Without the names of types that only Latchkey's source has. A stream is bytes to a client. */
type Plain<T> =
  T extends ReadableStream<infer _Part>
    ? unknown
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

declare const plain: <T>() => Plain<T>;

/** Without a type of its own, so that the compiler writes out what it has found. */
export const schema = plain<SchemaOf<IdRoutes>>();
