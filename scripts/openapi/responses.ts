// The responses of an operation: successes, and every error in the format of the dialect.
import * as z from 'zod/mini';
import type { AnswerSchema, EndpointDocs } from '../../src/http/docs.ts';
import type { SurfaceDefinition } from '../../src/http/endpoint.ts';
import type { Json, Place, Problem, Reply } from '../../src/http/problem.ts';
import { isObject } from './bodies.ts';
import type { Components } from './components.ts';
import { docsOfSurface } from './surfaces.ts';
import type { Example, Exchange, HeaderName, JsonObject, Refusal } from './types.ts';

const isSame = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The response for one status. */
interface Gathered {
  description: string;
  mediaType: string;
  schemas: Set<AnswerSchema>;
  examples: Example[];
  headers: Set<HeaderName>;
  /** The values of the error code of the dialect. */
  codes: Set<Json>;
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: 'Refused: see the envelope.',
  400: 'The body is not good, or what it says is refused.',
  401: 'Not logged in, or not with the right password.',
  403: 'Not allowed.',
  404: 'Not found.',
  409: 'It conflicts with what is there.',
  413: 'The body is too large.',
  415: 'The media type is neither JSON nor a form.',
  429: 'Too many tries.',
  500: 'Something went wrong here.',
  503: 'The service cannot be reached at the moment.',
};

const HEADERS: Readonly<Record<string, HeaderName>> = {
  Location: 'Location',
  'Retry-After': 'Retry-After',
  'WWW-Authenticate': 'WWW-Authenticate',
};

const isRetried = (problem: Problem): boolean => 'retryAfterSeconds' in problem;

const headersOf = ({ headers = {} }: Reply, problem: Problem): HeaderName[] => [
  ...Object.keys(headers).flatMap((name) => HEADERS[name] ?? []),
  ...(isRetried(problem) ? (['Retry-After'] as const) : []),
];

export interface Asked {
  surface: SurfaceDefinition;
  docs: EndpointDocs;
  refusals: readonly Refusal[];
  /** The examples in the document of the dialect. */
  documented: readonly Exchange[];
  fields: readonly string[];
  place: Place;
  components: Components;
}

/** All responses by status. Throws if an error has a schema that the dialect does not name. */
export const describeResponses = ({
  surface,
  docs,
  refusals,
  documented,
  fields,
  place,
  components,
}: Asked) => {
  const { refusalSchemas, code } = docsOfSurface(surface);
  const shapes = refusalSchemas(fields);
  const gathered = new Map<number, Gathered>();

  const at = (status: number, description: string, mediaType: string): Gathered => {
    const found = gathered.get(status);
    if (found) return found;
    const made = {
      description,
      mediaType,
      schemas: new Set<AnswerSchema>(),
      examples: [],
      headers: new Set<HeaderName>(),
      codes: new Set<Json>(),
    };
    gathered.set(status, made);
    return made;
  };

  const addExample = ({ examples }: Gathered, summary: string, value: Json): void => {
    if (!examples.some((example) => isSame(example.value, value))) examples.push({ summary, value });
  };

  for (const { status, description, schema, headers = [], example } of docs.successes) {
    const one = at(status, description, 'application/json');
    if (schema) one.schemas.add(schema);
    for (const header of headers) one.headers.add(header);
    if (example !== undefined) addExample(one, 'example', example);
  }
  const addDocumented = (isSuccess: boolean): void => {
    const successes = new Set(docs.successes.map(({ status }) => status));
    for (const { summary, status, answer } of documented)
      if (successes.has(status) === isSuccess)
        addExample(at(status, STATUS_TEXTS[status] ?? '', 'application/json'), summary, answer);
  };
  addDocumented(true);
  for (const { summary, problem } of refusals) {
    const reply = surface.problem(problem, place);
    const { status, body, headers = {} } = reply;
    const shape = shapes.find((schema) => z.safeParse(schema(), body).success);
    if (!shape) throw new Error(`${docs.id}: no shape for ${status} ${JSON.stringify(body)}`);
    const one = at(status, STATUS_TEXTS[status] ?? '', headers['Content-Type'] ?? 'application/json');
    one.schemas.add(shape);
    for (const header of headersOf(reply, problem)) one.headers.add(header);
    if (code !== undefined && isObject(body)) one.codes.add(body[code] ?? null);
    addExample(one, summary, body);
  }
  addDocumented(false);

  const sorted = [...gathered].sort(([one], [other]) => one - other);
  return Object.fromEntries(
    sorted.map(([status, one]) => [String(status), write(one, code, shapes, components)]),
  );
};

/** A schema with the error codes that are possible here, if the dialect has codes. */
const writeShape = (
  schema: AnswerSchema,
  { codes }: Gathered,
  code: string | undefined,
  refusals: readonly AnswerSchema[],
  { refer }: Components,
): JsonObject =>
  code !== undefined && refusals.includes(schema)
    ? { ...refer(schema), properties: { [code]: { enum: [...codes] } } }
    : refer(schema);

const write = (
  one: Gathered,
  code: string | undefined,
  refusals: readonly AnswerSchema[],
  components: Components,
): JsonObject => {
  const names: HeaderName[] = [...one.headers, 'X-Request-Id'];
  const headers = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  const shapes = [...one.schemas].map((schema) => writeShape(schema, one, code, refusals, components));
  const [first] = shapes;
  if (!first) return { description: one.description, headers };
  if (one.examples.length === 0) throw new Error(`An answer has no example: ${one.description}`);
  return {
    description: one.description,
    headers,
    content: {
      [one.mediaType]: {
        schema: shapes.length === 1 ? first : { anyOf: shapes },
        examples: keyExamples(one.examples),
      },
    },
  };
};

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** Examples with descriptive keys. */
export const keyExamples = (examples: readonly Example[]): JsonObject => {
  const keyed: JsonObject = {};
  for (const { summary, value } of examples) {
    const key = slug(summary);
    keyed[key in keyed ? `${key}-${Object.keys(keyed).length}` : key] = { summary, value };
  }
  return keyed;
};
