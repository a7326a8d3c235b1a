// The shapes of answers as JSON schemas: those with a name once, in `components`, and by reference elsewhere.
import * as z from 'zod';
import { isObject, toJson } from './bodies.ts';
import type { JsonObject } from './types.ts';

const reference = (id: string): string => `#/components/schemas/${id}`;

/** JavaScript's own bound, which zod writes at every integer, tells a reader nothing. */
const withoutBound = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
};

const OPTIONS = { io: 'output', override: withoutBound } as const;

const without = (schema: unknown, ...keys: readonly string[]): JsonObject => {
  const json = toJson(schema);
  if (!isObject(json)) throw new Error('A schema is an object.');
  return Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));
};

/** Every shape that was given a name, sorted by it. */
export const nameComponents = (): JsonObject => {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { ...OPTIONS, uri: reference });
  const named = Object.entries(schemas).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(named.map(([id, schema]) => [id, without(schema, '$schema', '$id', 'id')]));
};

/** A reference to a shape that has a name; the shape itself where it has none. */
export const refer = (schema: z.ZodType): JsonObject => {
  const id = z.globalRegistry.get(schema)?.id;
  return id === undefined ? without(z.toJSONSchema(schema, OPTIONS), '$schema') : { $ref: reference(id) };
};
