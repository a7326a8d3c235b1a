// The OpenAPI document: valid, complete, up to date, with examples that match its schemas.
import '../../scripts/openapi/runtime.ts';

import { describe, expect, it } from 'vitest';
import { createComponents } from '../../scripts/openapi/components.ts';
import { makeDocument } from '../../scripts/openapi/document.ts';
import { readDocumented } from '../../scripts/openapi/documented.ts';
import { describeOperations } from '../../scripts/openapi/operations.ts';
import { barePathOf, surfaces } from '../../scripts/openapi/surfaces.ts';
import { users } from '../../src/dialects/users.ts';
import { anyone, credentialsOf } from '../../src/http/auth/auth.ts';
import type { SurfaceDefinition } from '../../src/http/endpoint.ts';
import {
  document,
  findFlaws,
  findMistakes,
  findOperation,
  isObject,
  listExamples,
  objectAt,
  operations,
} from './support-openapi.ts';

const routes = surfaces.flatMap((surface) =>
  surface.endpoints.map((endpoint) => ({ endpoint, path: barePathOf(surface, endpoint) })),
);

/** A path without the trailing slash that some contracts have. */
const bare = (path: string): string => path.replace(/\/$/, '');

it('matches the source (update: `npm run openapi`)', async () => {
  expect(document).toEqual(await makeDocument());
});

it('validates as OpenAPI 3.1.1', async () => {
  expect(document['openapi']).toBe('3.1.1');
  expect(await findMistakes(document)).toEqual([]);
});

it('fails validation with a parameter without `in`, or with an unknown type', async () => {
  const [path = '', methods] = Object.entries(objectAt(document, 'paths'))[0] ?? [];
  const broken = { ...objectAt(methods), parameters: [{ name: 'limit' }] };
  expect(await findMistakes({ ...document, paths: { [path]: broken } })).not.toEqual([]);
  const schemas = { ...objectAt(document, 'components', 'schemas'), IdOne: { type: 'thing' } };
  expect(await findMistakes({ ...document, components: { schemas } })).not.toEqual([]);
});

it('has every route of every dialect and service, and no other', () => {
  const inSource = routes.map(({ endpoint, path }) => `${endpoint.method} ${path}`);
  const inDocument = operations.map(({ method, path }) => `${method} ${bare(path)}`);
  expect(inDocument.toSorted()).toEqual(inSource.toSorted());
  expect(inDocument.length).toBeGreaterThanOrEqual(48);
});

it('rejects an endpoint or a dialect without docs, and a refusal without a schema', async () => {
  const exchanges = await readDocumented();
  const make = (surface: SurfaceDefinition) => describeOperations(surface, exchanges, createComponents());
  const { docs, endpoints } = users;
  const [first, ...others] = endpoints;
  if (!first || !docs) throw new Error('Nothing is described.');
  expect(() => make({ ...users, endpoints: [{ ...first, docs: false }, ...others] })).toThrow(
    'users: POST /register has no docs.',
  );
  expect(() => make({ ...users, docs: false })).toThrow('users has no docs.');
  expect(() => make({ ...users, docs: { ...docs, refusalSchemas: () => [] } })).toThrow(
    'usersRegister: no shape for 403',
  );
});

it('writes paths as the contracts do, with or without a trailing slash', () => {
  expect(operations.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      '/api/users/register/',
      '/api/v1/user/login/',
      '/api/accounts/{id}/',
      '/api/admin/users',
      '/account/get_pictures',
      '/acount/set_picture',
      '/api/auth/login/',
      '/id/sessions/{id}',
    ]),
  );
});

it('has unique operation ids', () => {
  const ids = operations.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
});

it('requires the same credentials as the source', () => {
  const asked = operations.map(({ id, operation }) => [id, operation['security']]);
  const token = [{ token: [] }, { bearer: [] }];
  expect(asked).toEqual(
    operations.map(({ id, method, path }) => {
      const found = routes.find((each) => each.endpoint.method === method && each.path === bare(path));
      const auth = found?.endpoint.auth ?? anyone;
      const via = credentialsOf(auth);
      const optional = 'optional' in auth ? [{}] : [];
      const cookie = via.includes('cookie') ? [{ cookie: [] }] : [];
      return [id, via.length > 0 ? [...optional, ...cookie, ...token] : []];
    }),
  );
  expect(findOperation('idMe').operation['security']).toEqual([{ cookie: [] }, ...token]);
  expect(findOperation('accountProfile').operation['security']).toEqual(token);
  expect(findOperation('authLogin').operation['security']).toEqual([]);
});

describe.each(operations)('operation $id', ({ operation, keys }) => {
  const request = objectAt(operation, 'requestBody');
  const responses = Object.entries(objectAt(operation, 'responses'));

  it('has examples for every body, which match its schema', async () => {
    const held = [
      ...listExamples([...keys, 'requestBody'], request),
      ...responses.flatMap(([status, response]) =>
        listExamples([...keys, 'responses', status], objectAt(response)),
      ),
    ];
    const bodies = [request, ...responses.map(([, response]) => objectAt(response))].flatMap((holder) =>
      Object.keys(objectAt(holder, 'content')),
    );
    expect(new Set(held.map(({ schema }) => schema.join(' '))).size).toBe(bodies.length);
    for (const { name, value, schema } of held)
      expect([name, await findFlaws(value, ...schema)]).toEqual([name, []]);
  });

  it('has response schemas that reject other values', async () => {
    const schemas = responses.flatMap(([status, response]) =>
      Object.keys(objectAt(response, 'content')).map((type) => [
        ...[...keys, 'responses', status, 'content', type, 'schema'],
      ]),
    );
    expect(schemas.length).toBeGreaterThan(0);
    for (const schema of schemas)
      for (const wrong of [null, 'no', [0], { surprise: true }])
        expect([wrong, schema, await findFlaws(wrong, ...schema)]).not.toEqual([wrong, schema, []]);
  });
});

it('has the examples of the contracts', () => {
  const valuesOf = (id: string, ...keys: string[]): unknown[] =>
    Object.values(
      objectAt(findOperation(id).operation, ...keys, 'content', 'application/json', 'examples'),
    ).map((example) => (isObject(example) ? example['value'] : null));
  expect(valuesOf('usersRegister', 'requestBody')).toEqual([
    { username: 'test', email: 'test@test.com', password: 'test1234' },
  ]);
  expect(valuesOf('userV1Login', 'responses', '200')).toContainEqual({
    status: 'failed',
    desc: 'user name or password incorrect',
    error_code: 102,
  });
  expect(valuesOf('conjugatorRegister', 'responses', '500')).toContainEqual({});
  expect(valuesOf('accountProfile', 'responses', '200')[0]).toEqual({
    success: true,
    data: { id: 5, username: 'test', email: 'test@test.com', created: '09-01-2021' },
  });
  expect(valuesOf('authLogin', 'responses', '400')).toContainEqual({
    status: 'fail',
    errors: { main: { msg: 'user password incorrect' } },
  });
});
