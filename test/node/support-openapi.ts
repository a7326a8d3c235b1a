// Reads the OpenAPI document for tests: its operations, and the validation of values by its schemas.
import { readFileSync } from 'node:fs';
import {
  registerSchema,
  setShouldValidateFormat,
  type Validator,
  validate,
} from '@hyperjump/json-schema/openapi-3-1';
import '@hyperjump/json-schema/formats';
import { DOCUMENT_PATH } from '../../scripts/openapi/document.ts';
import type { Json } from '../../src/http/problem.ts';

// OpenAPI leaves the check of formats to the validator: enable it.
setShouldValidateFormat(true);

export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object at a path in a JSON value; empty if there is none. */
export const objectAt = (value: unknown, ...keys: readonly string[]): JsonObject => {
  const found = keys.reduce<unknown>((each, key) => (isObject(each) ? each[key] : undefined), value);
  return isObject(found) ? found : {};
};

const readDocument = (): JsonObject => {
  const read: unknown = JSON.parse(readFileSync(DOCUMENT_PATH, 'utf8'));
  if (!isObject(read)) throw new Error('The document is no object.');
  return read;
};

/** The document as it is served. */
export const document = readDocument();

/** The name of the document for the validator, which sends no request there. */
const NAME = 'https://latchkey.test/openapi.json';
const OPENAPI = 'https://spec.openapis.org/oas/3.1/schema-base';

/** A place in the document, as a JSON pointer in a URL. https://www.rfc-editor.org/rfc/rfc6901#section-6 */
const locate = (keys: readonly string[]): string =>
  `${NAME}#${keys
    .map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('')}`;

const write = (errors: readonly { absoluteKeywordLocation: string; instanceLocation: string }[] = []) =>
  errors.map(
    ({ absoluteKeywordLocation: rule, instanceLocation: place }) =>
      `${place} breaks ${rule.replace(/^.*openapi\.json/, '')}`,
  );

/** Validators by their place in the document: kept, because it is slow to create one. */
const validators = new Map<string, Validator>();

/** The errors of a value by the schema at a place in the document; empty if it is valid. */
export const findFlaws = async (value: Json, ...keys: readonly string[]): Promise<string[]> => {
  const place = locate(keys);
  const validator = validators.get(place) ?? (await validate(place));
  validators.set(place, validator);
  const output = validator(mutable(value), 'BASIC');
  return output.valid ? [] : write(output.errors);
};

/** The errors of a document by the OpenAPI specification. */
export const findMistakes = async (value: Json): Promise<string[]> => {
  const output = await validate(OPENAPI, mutable(value), 'BASIC');
  return output.valid ? [] : write(output.errors);
};

type Mutable = null | boolean | number | string | Mutable[] | { [key: string]: Mutable };

/** The same value in the type of the validator. */
const mutable = (value: Json): Mutable => JSON.parse(JSON.stringify(value));

const register = (): void => {
  const schema = mutable(document);
  if (typeof schema === 'object' && !Array.isArray(schema) && schema !== null)
    registerSchema(schema, NAME, OPENAPI);
};
register();

/** One operation, and its place in the document. */
export interface Found {
  id: string;
  method: string;
  path: string;
  operation: JsonObject;
  keys: readonly string[];
}

/** Every operation of the document. */
export const operations: readonly Found[] = Object.entries(objectAt(document, 'paths')).flatMap(
  ([path, methods]) =>
    Object.entries(isObject(methods) ? methods : {}).map(([method, each]) => {
      const operation = isObject(each) ? each : {};
      return {
        id: String(operation['operationId']),
        method: method.toUpperCase(),
        path,
        operation,
        keys: ['paths', path, method],
      };
    }),
);

export const findOperation = (id: string): Found => {
  const found = operations.find((operation) => operation.id === id);
  if (!found) throw new Error(`There is no operation ${id}.`);
  return found;
};

/** The schema of an operation's body, by its name. */
export const bodyOf = (id: string): JsonObject =>
  objectAt(document, 'components', 'schemas', `${id.charAt(0).toUpperCase()}${id.slice(1)}Body`);

/** The documented statuses of an operation. */
export const statusesOf = ({ operation }: Found): number[] =>
  Object.keys(objectAt(operation, 'responses')).map(Number);

/** Every example in the content of a request or response, with the place of the schema that it is an example of. */
export const listExamples = (keys: readonly string[], holder: JsonObject) =>
  Object.entries(objectAt(holder, 'content')).flatMap(([type, content]) =>
    Object.entries(objectAt(content, 'examples')).map(([name, example]) => ({
      name,
      value: objectAt(example)['value'] ?? null,
      schema: [...keys, 'content', type, 'schema'],
    })),
  );
