// One operation of the document: who may ask, what is sent, what is answered.
import type { Json } from '../../src/http/problem.ts';
import { describeBody, faultsIn, isObject, listFields } from './bodies.ts';
import type { Components } from './components.ts';
import { ORIGIN } from './documented.ts';
import { listRefusals } from './problems.ts';
import { describeResponses, keyExamples } from './responses.ts';
import { findTrait, listPathParameters, listRoutes, type Route, writePath } from './routes.ts';
import type { DescribedDialect, Example, Exchange, JsonObject, Operation } from './types.ts';

/** In every dialect alike: src/http/body/body.ts. */
const MEDIA_TYPES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];

const securityOf = (route: Route): JsonObject[] => {
  const login = findTrait(route, 'login');
  if (!login) return [];
  return [...(login.requirement.cookie ? [{ cookie: [] }] : []), { token: [] }, { bearer: [] }];
};

/** The bodies that documents send and that are good as bodies; what is wrong in them is no example of a body. */
const goodExamples = (route: Route, operation: Operation, documented: readonly Exchange[]): Example[] => {
  const body = findTrait(route, 'body');
  if (!body) return [];
  const sent: Example[] = [
    ...(operation.sent ? [{ summary: 'example', value: operation.sent }] : []),
    ...documented.flatMap(({ summary, sent: value }) => (value === null ? [] : [{ summary, value }])),
  ];
  const isGood = (value: Json): boolean => {
    const texts = isObject(value) ? Object.entries(value).map(([key, each]) => [key, asText(each)]) : [];
    return faultsIn(body.schema, Object.fromEntries(texts)).length === 0;
  };
  const good = sent.filter(({ value }) => isGood(value));
  return good.filter(
    ({ value }, index) =>
      good.findIndex((other) => JSON.stringify(other.value) === JSON.stringify(value)) === index,
  );
};

/** As the body's reader hands it to the validator. */
const asText = (value: Json): Json => (typeof value === 'number' ? String(value) : value);

const describeRequest = (route: Route, operation: Operation, documented: readonly Exchange[]) => {
  const body = findTrait(route, 'body');
  if (!body) return null;
  const examples = goodExamples(route, operation, documented);
  if (examples.length === 0) throw new Error(`${operation.id}: no example of a body`);
  const id = `${operation.id[0]?.toUpperCase()}${operation.id.slice(1)}Body`;
  const schema = { $ref: `#/components/schemas/${id}` };
  const content = MEDIA_TYPES.map((type) => [type, { schema, examples: keyExamples(examples) }]);
  return {
    id,
    schema: describeBody(body.schema, body.options),
    request: {
      required: faultsIn(body.schema, {}).length > 0,
      content: Object.fromEntries(content),
    },
  };
};

/** A document's request belongs to the route that has its method and path. */
const isOf = (route: Route, basePath: string, { method, path }: Exchange): boolean => {
  const pattern = writePath(basePath, route.path, false).replace(/\{\w+\}/g, '[^/]+');
  return method === route.method && new RegExp(`^${pattern}/?$`).test(path);
};

export interface Described {
  path: string;
  method: string;
  operation: JsonObject;
  /** The body's schema, with the name that it has among the components. */
  body: { id: string; schema: JsonObject } | null;
}

/**
 * Every operation of a dialect.
 * @throws Error where a route is not described, or what is described is no route
 */
export const describeOperations = (
  described: DescribedDialect,
  exchanges: readonly Exchange[],
  components: Components,
): Described[] => {
  const { dialect, operations, title, hasSlash } = described;
  const routes = listRoutes(dialect);
  const known = new Set(routes.map(({ key }) => key));
  const unknown = Object.keys(operations).filter((key) => !known.has(key));
  if (unknown.length > 0) throw new Error(`${title} has no route ${unknown.join(', ')}`);

  return routes.map((route) => {
    const operation = operations[route.key];
    if (!operation) throw new Error(`${title}: ${route.key} is not described in scripts/openapi`);
    const documented = exchanges.filter((exchange) => isOf(route, dialect.basePath, exchange));
    const body = describeRequest(route, operation, documented);
    const trait = findTrait(route, 'body');
    const responses = describeResponses({
      described,
      operation,
      refusals: listRefusals(route, operation),
      documented,
      fields: trait ? listFields(trait.schema, trait.options) : [],
      place: { path: route.path, origin: ORIGIN },
      components,
    });
    const parameters = [...listPathParameters(route.path), ...(operation.query ?? [])];
    const { id, summary, description, deprecated } = operation;
    const bare = writePath(dialect.basePath, route.path, false);
    return {
      path: (operation.hasSlash ?? hasSlash) ? `${bare}/` : bare,
      method: route.method.toLowerCase(),
      body: body && { id: body.id, schema: body.schema },
      operation: {
        tags: [title],
        operationId: id,
        summary,
        ...(description !== undefined && { description }),
        ...(deprecated && { deprecated }),
        security: securityOf(route),
        ...(parameters.length > 0 && { parameters: parameters.map((each) => ({ ...each })) }),
        ...(body && { requestBody: body.request }),
        responses,
      },
    };
  });
};
