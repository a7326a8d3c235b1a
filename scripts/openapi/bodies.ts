// Describes the request body of an operation, generated from the schema that validates it.
import * as z from 'zod/mini';
import { readFieldErrors } from '../../src/http/body/fields.ts';
import type { BodySpec } from '../../src/http/endpoint.ts';
import type { FieldError, Json } from '../../src/http/problem.ts';
import type { JsonObject } from './types.ts';

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value after a round trip through JSON. */
export const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));

type Schema = z.ZodMiniObject;

/** The names of the fields of a body, including alternative names. */
export const listFields = ({ schema, alias }: BodySpec): string[] => [
  ...Object.keys(schema.shape),
  ...(alias ? [alias.name] : []),
];

/** The JSON schema of a body, with the rules of each field. Texts are described as they are after trimming. */
export const describeBody = ({ schema, alias }: BodySpec): JsonObject => {
  const { $schema: _, ...made } = z.toJSONSchema(schema, { io: 'input' });
  const described = toJson(made);
  if (!isObject(described) || !isObject(described['properties'])) throw new Error('A body is no object.');
  if (!alias) return described;
  const { required, properties, ...rest } = described;
  const names = Array.isArray(required) ? required.map(String) : [];
  return {
    ...rest,
    properties: { ...properties, [alias.name]: properties[alias.standsFor] ?? {} },
    anyOf: [
      { required: names },
      { required: names.map((name) => (name === alias.standsFor ? alias.name : name)) },
    ],
  };
};

/** The validation errors of a body, in the order of the fields. */
export const errorsIn = (schema: Schema, sent: JsonObject): FieldError[] =>
  readFieldErrors(z.safeParse(schema, sent).error?.issues ?? [], sent);

/** Values that most fields reject, the most useful ones for an example first. */
const WRONG_VALUES = ['wrong@format', 'two words', '1'];
/** Too long for any field, and empty: used if no other value is rejected. */
const LAST_VALUES = ['a'.repeat(2_000), ''];

/** A body with invalid fields, as a person could send them. */
export const makeWrong = (schema: Schema): JsonObject => {
  const fields = Object.entries(schema.shape);
  const wrongIn = (values: readonly string[]): JsonObject =>
    Object.fromEntries(
      fields.flatMap(([name, field]) => {
        const value = values.find((each) => !z.safeParse(field, each).success);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  const short = wrongIn(WRONG_VALUES);
  return Object.keys(short).length > 0 ? short : wrongIn(LAST_VALUES);
};
