// What an operation's body is, made from the schema that validates it.
import * as z from 'zod/mini';
import type { BodyOptions } from '../../src/http/body/body.ts';
import { readFieldErrors } from '../../src/http/body/fields.ts';
import type { FieldError, Json } from '../../src/http/problem.ts';
import { findFaults, probeText } from './probe.ts';
import type { JsonObject } from './types.ts';

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value that went through JSON, as its type says. */
export const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));

type Schema = z.ZodMiniObject;

/** The names of a body's fields, one that another may stand for included. */
export const listFields = (schema: Schema, { alias }: BodyOptions): string[] => [
  ...Object.keys(schema.shape),
  ...(alias ? [alias.name] : []),
];

/** What zod says of a field, and where it is a text what its validator takes; a field that may be null stays so. */
const describeField = (property: JsonObject, field: z.core.$ZodType): JsonObject => {
  const { type } = property;
  if ('enum' in property) return property;
  if (type === 'string') return { ...property, ...probeText(field) };
  if (!Array.isArray(type) || !type.includes('string')) return property;
  const probed = probeText(field);
  return {
    ...property,
    ...probed,
    type: [probed['type'] ?? 'string', ...type.filter((each) => each !== 'string')],
  };
};

/**
 * The JSON schema of a body: its keys from zod, what each takes from its validator. Texts are described as they
 * are after trimming.
 */
export const describeBody = (schema: Schema, options: BodyOptions): JsonObject => {
  const { $schema: _, ...made } = z.toJSONSchema(schema, { io: 'input' });
  const described = toJson(made);
  if (!isObject(described) || !isObject(described['properties'])) throw new Error('A body is no object.');
  const properties: JsonObject = {};
  for (const [name, property] of Object.entries(described['properties'])) {
    const field = schema.shape[name];
    properties[name] = isObject(property) && field ? describeField(property, field) : property;
  }
  const { alias } = options;
  if (!alias) return { ...described, properties };
  const names = Array.isArray(described['required']) ? described['required'].map(String) : [];
  const { required: __, ...rest } = described;
  return {
    ...rest,
    properties: { ...properties, [alias.name]: properties[alias.standsFor] ?? {} },
    anyOf: [
      { required: names },
      { required: names.map((name) => (name === alias.standsFor ? alias.name : name)) },
    ],
  };
};

/** What validation finds in a body, in the order of the fields. */
export const faultsIn = (schema: Schema, sent: JsonObject): FieldError[] =>
  readFieldErrors(z.safeParse(schema, sent).error?.issues ?? [], sent);

/** Values that fit no field well, the most telling first. */
const WRONG_VALUES = ['wrong@format', 'two words', '1'];
/** Longer than any field takes: where nothing shorter is wrong. */
const LONG_VALUE = 'a'.repeat(2_000);

/** A body whose fields have something wrong with them that a person would do wrong. */
export const makeWrong = (schema: Schema): JsonObject => {
  const fields = Object.entries(schema.shape);
  const wrongIn = (values: readonly string[]): JsonObject =>
    Object.fromEntries(
      fields.flatMap(([name, field]) => {
        const value = values.find((each) => findFaults(field, each).length > 0);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  const short = wrongIn(WRONG_VALUES);
  return Object.keys(short).length > 0 ? short : wrongIn([LONG_VALUE]);
};
