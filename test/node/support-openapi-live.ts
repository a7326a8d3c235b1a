// Sends requests to a running service, and compares each response with the OpenAPI document.
import { request } from 'node:http';
import { expect } from 'vitest';
import type { Json } from '../../src/http/problem.ts';
import { type Found, findFlaws, findOperation, isObject, objectAt, statusesOf } from './support-openapi.ts';

/** Headers that a response may have only if the document says so. */
const TELLING = [
  'Content-Disposition',
  'Link',
  'Location',
  'Retry-After',
  'Set-Cookie',
  'WWW-Authenticate',
  'X-Request-Id',
];

export interface Ask {
  /** The id in the path. */
  id?: number | string;
  query?: string;
  /** Sent as JSON. */
  body?: Json;
  /** Sent unchanged. */
  raw?: { type: string; text: string };
  token?: string;
  cookie?: string;
  headers?: Record<string, string>;
  /** Whether to send the request as a browser that opens a page, with `headers` only. */
  opensPage?: boolean;
}

export interface Answer {
  status: number;
  body: Json;
  cookie: string;
  link: string | null;
}

export interface Asker {
  /** Sends the request of an operation. Fails if the response is not as documented. */
  ask: (id: string, ask?: Ask) => Promise<Answer>;
  /** The statuses of an operation's responses so far. */
  seen: (id: string) => number[];
}

const requestOf = ({ method }: Found, { body, raw, token, cookie, headers }: Ask): RequestInit => ({
  method,
  redirect: 'manual',
  headers: {
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...(raw && { 'Content-Type': raw.type }),
    ...(token !== undefined && { Authorization: token }),
    ...(cookie !== undefined && { Cookie: cookie }),
    ...headers,
  },
  body: raw?.text ?? (body === undefined ? null : JSON.stringify(body)),
});

/** The document's example of the id in a path. */
const exampleId = ({ operation }: Found): Json => {
  const parameters = Array.isArray(operation['parameters']) ? operation['parameters'].filter(isObject) : [];
  return parameters.find((each) => each['in'] === 'path')?.['example'] ?? '';
};

/** Sends a GET as a browser that opens a page. `fetch` overwrites `Sec-Fetch-Mode`. */
const navigate = (url: string, headers: Record<string, string>): Promise<Response> =>
  new Promise((resolve, reject) => {
    request(url, { headers: { ...headers, 'Sec-Fetch-Mode': 'navigate' } }, (answer) => {
      const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      );
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve(
          new Response(Buffer.concat(chunks), {
            status: answer.statusCode ?? 0,
            headers: new Headers(pairs),
          }),
        ),
      );
    })
      .on('error', reject)
      .end();
  });

const parse = (text: string): Json => (text === '' ? null : JSON.parse(text));

/** All differences between a response and the document. */
const compare = async (found: Found, response: Response, text: string): Promise<string[]> => {
  const keys = ['responses', String(response.status)];
  if (!statusesOf(found).includes(response.status)) return [`${response.status} is not documented: ${text}`];
  const documented = objectAt(found.operation, ...keys);
  const names = Object.keys(objectAt(documented, 'headers'));
  const undocumented = TELLING.filter((name) => response.headers.has(name) && !names.includes(name));
  const missing = names.includes('X-Request-Id') && !response.headers.has('X-Request-Id');
  const types = Object.keys(objectAt(documented, 'content'));
  const type = response.headers.get('Content-Type');
  const isOfType = type === null ? types.length === 0 && text === '' : types.includes(type);
  return [
    ...undocumented.map((name) => `${name} is not documented`),
    ...(missing ? ['X-Request-Id is missing'] : []),
    ...(isOfType ? [] : [`${type} is not among ${types.join()}`]),
    ...(isOfType && type !== null
      ? await findFlaws(parse(text), ...found.keys, ...keys, 'content', type, 'schema')
      : []),
  ];
};

export const createAsker = (origin: string): Asker => {
  const statuses = new Map<string, Set<number>>();
  return {
    seen: (id) => [...(statuses.get(id) ?? [])].sort((one, other) => one - other),
    async ask(id, sent = {}) {
      const found = findOperation(id);
      const path = found.path.replace('{id}', String(sent.id ?? exampleId(found))) + (sent.query ?? '');
      const response = sent.opensPage
        ? await navigate(origin + path, { Accept: 'text/html', ...sent.headers })
        : await fetch(origin + path, requestOf(found, sent));
      const text = await response.text();
      expect({ id, status: response.status, flaws: await compare(found, response, text), text }).toEqual({
        id,
        status: response.status,
        flaws: [],
        text,
      });
      statuses.set(id, (statuses.get(id) ?? new Set()).add(response.status));
      const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
      return {
        status: response.status,
        body: parse(text),
        cookie: cookies.find((each) => each.startsWith('sessionid=')) ?? '',
        link: response.headers.get('Link'),
      };
    },
  };
};

/** A text in a response; empty if it has none of that name. */
export const textIn = ({ body }: Answer, name: string): string => {
  const value = isObject(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : '';
};
