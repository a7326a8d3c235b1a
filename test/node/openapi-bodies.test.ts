// The body schemas of the OpenAPI document accept exactly what the validators of the operations accept.
import * as examples from '../../src/dialects/id/examples.ts';
import '../../scripts/openapi/runtime.ts';

import { describe, expect, it } from 'vitest';
import { errorsIn } from '../../scripts/openapi/bodies.ts';
import { barePathOf, surfaces } from '../../scripts/openapi/surfaces.ts';
import type { Json } from '../../src/http/problem.ts';
import { bodyOf, findFlaws, type JsonObject, objectAt, operations } from './support-openapi.ts';

const SCHEMA = ['requestBody', 'content', 'application/json', 'schema'];

const bodies = surfaces.flatMap((surface) =>
  surface.endpoints.flatMap((endpoint) => {
    const { body, method } = endpoint;
    const path = barePathOf(surface, endpoint);
    const found = operations.find((each) => each.method === method && each.path.replace(/\/$/, '') === path);
    return body && found ? [{ ...found, schema: body.schema, options: body }] : [];
  }),
);

/** A valid body: the first example in the document. */
const goodBody = (operation: JsonObject): JsonObject => {
  const [example] = Object.values(
    objectAt(operation, 'requestBody', 'content', 'application/json', 'examples'),
  );
  return objectAt(example, 'value');
};

const LENGTHS = [
  1, 5, 6, 7, 8, 15, 16, 17, 20, 21, 32, 33, 128, 129, 200, 201, 255, 256, 257, 1023, 1024, 1025,
];

/** Texts on both sides of every limit, and of every format that a field may require. */
const TEXTS = [
  '',
  ...LENGTHS.map((length) => 'a1'.repeat(length).slice(0, length)),
  ...LENGTHS.map((length) => `${'a'.repeat(length)}@example.com`),
  '12345678',
  'abcdefgh',
  'two words',
  'under_score.plus+minus-',
  'slash/',
  'naïve1',
  '🔑🔑🔑🔑🔑🔑🔑🔑1a',
  'someone@example.com',
  '@example.com',
  'http://example.com/?a=b',
  'HTTPS://example.com',
  'ftp://example.com',
  'example.com',
  'de',
  'cookie',
  'token',
];

const OTHERS: Json[] = [null, true, [], {}, ['a'], examples.assertion, examples.registration];

/** As the reader of bodies passes it on: numbers as text. */
const asRead = (value: Json): Json => (typeof value === 'number' ? String(value) : value);

describe.each(bodies)('body schema of $id', ({ id, operation, keys, schema }) => {
  const good = goodBody(operation);

  /** Whether the body is valid. Fails if the schema and the validator disagree. */
  const expectAgreement = async (body: JsonObject): Promise<boolean> => {
    const read = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, asRead(value)]));
    const isTaken = errorsIn(schema, read).length === 0;
    const flaws = await findFlaws(body, ...keys, ...SCHEMA);
    expect({ body, isTaken: flaws.length === 0 }).toEqual({ body, isTaken });
    return isTaken;
  };

  it.each(Object.keys(schema.shape))('accepts the same values of %s as its validator', async (name) => {
    const described = objectAt(bodyOf(id), 'properties', name);
    const numbers = [-1, 0, 1, 2, 10, 11, 1.5];
    const values = described['type'] === 'integer' ? numbers : TEXTS;
    const outcomes = new Set<boolean>();
    for (const value of [...values, ...OTHERS])
      outcomes.add(await expectAgreement({ ...good, [name]: value }));
    expect(outcomes).toEqual(new Set([true, false]));
    const { [name]: _, ...without } = good;
    await expectAgreement(without);
  });

  it('accepts its example, and unknown fields', async () => {
    await expectAgreement(good);
    await expectAgreement({ ...good, surprise: 1 });
    expect(await findFlaws(good, ...keys, ...SCHEMA)).toEqual([]);
  });
});

it.each(bodies.filter(({ options }) => options.alias))(
  'requires a field or its alias in $id',
  async ({ operation, keys, options }) => {
    const { name = '', standsFor = '' } = options.alias ?? {};
    const { [standsFor]: value = null, ...without } = goodBody(operation);
    expect(await findFlaws({ ...without, [name]: value }, ...keys, ...SCHEMA)).toEqual([]);
    expect(await findFlaws(without, ...keys, ...SCHEMA)).not.toEqual([]);
  },
);
