// One operation of the document: its authentication, request and responses.
import { credentialsOf } from '../../src/http/auth/auth.ts';
import type { EndpointDocs } from '../../src/http/docs.ts';
import type { Endpoint, SurfaceDefinition } from '../../src/http/endpoint.ts';
import type { Json } from '../../src/http/problem.ts';
import { describeBody, errorsIn, isObject, listFields } from './bodies.ts';
import type { Components } from './components.ts';
import { ORIGIN } from './documented.ts';
import { listRefusals } from './problems.ts';
import { describeResponses, keyExamples } from './responses.ts';
import { barePathOf, docsOf, docsOfSurface, pathMatcher } from './surfaces.ts';
import type { Example, Exchange, JsonObject, Parameter } from './types.ts';

/** The same in every dialect: src/http/body/body.ts. */
const MEDIA_TYPES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];

const securityOf = ({ auth }: Endpoint): JsonObject[] => {
  const credentials = credentialsOf(auth);
  return [
    // An empty requirement makes the others optional. https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object
    ...(auth.via !== 'none' && auth.optional ? [{}] : []),
    ...(credentials.includes('cookie') ? [{ cookie: [] }] : []),
    ...(credentials.includes('token') ? [{ token: [] }, { bearer: [] }] : []),
  ];
};

const parametersOf = ({ params = {} }: Endpoint, { query = [] }: EndpointDocs): Parameter[] => [
  ...Object.entries(params).map(
    ([name, { description, schema, example }]): Parameter => ({
      name,
      in: 'path',
      required: true,
      description,
      schema,
      example,
    }),
  ),
  ...query,
];

/** The valid bodies among the documents' examples. Invalid ones are not shown as examples of a body. */
const goodExamples = (
  { body }: Endpoint,
  { sent }: EndpointDocs,
  documented: readonly Exchange[],
): Example[] => {
  if (!body) return [];
  const all: Example[] = [
    ...(sent ? [{ summary: 'example', value: sent }] : []),
    ...documented.flatMap(({ summary, sent: value }) => (value === null ? [] : [{ summary, value }])),
  ];
  const isGood = (value: Json): boolean => {
    const texts = isObject(value) ? Object.entries(value).map(([key, each]) => [key, asText(each)]) : [];
    return errorsIn(body.schema, Object.fromEntries(texts)).length === 0;
  };
  const good = all.filter(({ value }) => isGood(value));
  return good.filter(
    ({ value }, index) =>
      good.findIndex((other) => JSON.stringify(other.value) === JSON.stringify(value)) === index,
  );
};

/** The body in the form that the validator gets. */
const asText = (value: Json): Json => (typeof value === 'number' ? String(value) : value);

const describeRequest = (endpoint: Endpoint, docs: EndpointDocs, documented: readonly Exchange[]) => {
  const { body } = endpoint;
  if (!body) return null;
  const examples = goodExamples(endpoint, docs, documented);
  if (examples.length === 0) throw new Error(`${docs.id}: no example of a body`);
  const id = `${docs.id[0]?.toUpperCase()}${docs.id.slice(1)}Body`;
  const schema = { $ref: `#/components/schemas/${id}` };
  const content = MEDIA_TYPES.map((type) => [type, { schema, examples: keyExamples(examples) }]);
  return {
    id,
    schema: describeBody(body),
    request: {
      required: errorsIn(body.schema, {}).length > 0,
      content: Object.fromEntries(content),
    },
  };
};

export interface Described {
  path: string;
  method: string;
  operation: JsonObject;
  /** The schema of the body and its name in the components. */
  body: { id: string; schema: JsonObject } | null;
}

/**
 * All operations of a dialect or service.
 * @throws Error if an endpoint has no description, or a response has a schema that the surface does not name
 */
export const describeOperations = (
  surface: SurfaceDefinition,
  exchanges: readonly Exchange[],
  components: Components,
): Described[] => {
  const { title, hasSlash } = docsOfSurface(surface);
  return surface.endpoints.map((endpoint) => {
    const docs = docsOf(surface, endpoint);
    const matcher = pathMatcher(surface, endpoint);
    const documented = exchanges.filter(
      ({ method, path }) => method === endpoint.method && matcher.test(path),
    );
    const body = describeRequest(endpoint, docs, documented);
    const responses = describeResponses({
      surface,
      docs,
      refusals: listRefusals(endpoint, docs),
      documented,
      fields: endpoint.body ? listFields(endpoint.body) : [],
      place: { path: endpoint.path, origin: ORIGIN },
      components,
    });
    const parameters = parametersOf(endpoint, docs);
    const { id, summary, description, deprecated } = docs;
    const bare = barePathOf(surface, endpoint);
    return {
      path: (docs.hasSlash ?? hasSlash) ? `${bare}/` : bare,
      method: endpoint.method.toLowerCase(),
      body: body && { id: body.id, schema: body.schema },
      operation: {
        tags: [title],
        operationId: id,
        summary,
        ...(description !== undefined && { description }),
        ...(deprecated && { deprecated }),
        security: securityOf(endpoint),
        ...(parameters.length > 0 && { parameters: parameters.map((each) => ({ ...each })) }),
        ...(body && { requestBody: body.request }),
        responses,
      },
    };
  });
};
