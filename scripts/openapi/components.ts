// The schemas of responses as JSON Schema. Named ones are in `components`, and are referenced elsewhere.
import * as z from 'zod/mini';
import { type AnswerSchema, NAME_KEY } from '../../src/http/docs.ts';
import type { Json } from '../../src/http/problem.ts';
import { isObject, toJson } from './bodies.ts';
import type { JsonObject } from './types.ts';

/** Removes the largest safe integer, which zod adds to every integer and readers do not need. */
const withoutBound = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
};

export interface Components {
  /** A reference to a named schema; the schema itself if it has no name. */
  refer: (schema: AnswerSchema) => JsonObject;
  /** Every referenced schema, sorted by name. */
  list: () => JsonObject;
}

export const createComponents = (): Components => {
  const named = new Map<string, Json>();

  /** Moves each named schema to the components and replaces it by a reference. */
  const extract = (json: Json): Json => {
    if (Array.isArray(json)) return json.map(extract);
    if (!isObject(json)) return json;
    const { [NAME_KEY]: name, ...rest } = json;
    const extracted = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, extract(value)]));
    if (typeof name !== 'string') return extracted;
    const known = named.get(name);
    if (known && JSON.stringify(known) !== JSON.stringify(extracted))
      throw new Error(`Two shapes are called ${name}.`);
    named.set(name, extracted);
    return { $ref: `#/components/schemas/${name}` };
  };

  return {
    refer(schema) {
      const { $schema: _, ...made } = z.toJSONSchema(schema(), { io: 'output', override: withoutBound });
      const extracted = extract(toJson(made));
      if (!isObject(extracted)) throw new Error('A schema is an object.');
      return extracted;
    },
    list: () => Object.fromEntries([...named].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
};
