// The OpenAPI document of all dialects, generated from the routes and schemas that serve requests.
import './runtime.ts';

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, toJson } from './bodies.ts';
import { createComponents } from './components.ts';
import { readDocumented } from './documented.ts';
import { headers } from './headers.ts';
import { describeOperations } from './operations.ts';
import { docsOfSurface, surfaces } from './surfaces.ts';
import type { JsonObject } from './types.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The base URL of the document. */
export const DOCUMENT_PATH = join(ROOT, 'src/assets/openapi.json');

const DESCRIPTION = `An account service that speaks five existing account APIs over one store of users, and one of its own.
An account made through one logs in through every other; a token of any dialect is good in every other.

- A slash at the end of a path is optional everywhere.
- Bodies are JSON or forms, in UTF-8, of at most 64 KiB. Texts are trimmed, passwords are not; lengths are in Unicode code points, a password's also at most 1,024 bytes. Fields that are not known are ignored.
- Where a field is text, a JSON number is taken as its decimal text, but in \`user-v1\`.
- A path that is not there is answered with 404, another method with 405 and \`Allow\`, each in the words of the dialect that the path belongs to. \`HEAD\` answers as \`GET\`, \`OPTIONS\` with \`Allow\`.
- \`X-Request-Id\` is on every answer.`;

const securitySchemes = {
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: 'sessionid',
    description: 'What a browser gets when it logs in. It sends it by itself.',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'A token of any dialect, after `Bearer `.' },
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'A token of any dialect, after `Token `: `Token 2427f839b8a07d89147375921f75444094d38c05`.',
  },
};

const readVersion = (): string => {
  const read: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const version = isObject(read) ? read['version'] : null;
  if (typeof version !== 'string') throw new Error('package.json has no version.');
  return version;
};

/** Generates the document. @throws Error if a route has no description, or a response has no schema */
export const makeDocument = async (): Promise<JsonObject> => {
  const exchanges = await readDocumented();
  const components = createComponents();
  const operations = surfaces.flatMap((surface) => describeOperations(surface, exchanges, components));
  const paths: Record<string, JsonObject> = {};
  const bodies: JsonObject = {};
  for (const { path, method, operation, body } of operations) {
    paths[path] = { ...paths[path], [method]: operation };
    if (body) bodies[body.id] = body.schema;
  }
  const tags = new Map(
    surfaces.map(docsOfSurface).map(({ title, description }) => [title, { name: title, description }]),
  );
  const document = toJson({
    openapi: '3.1.1',
    info: {
      title: 'Latchkey',
      version: readVersion(),
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...tags.values()],
    paths,
    components: {
      schemas: { ...components.list(), ...bodies },
      headers,
      securitySchemes,
    },
  });
  if (!isObject(document)) throw new Error('The document is an object.');
  return document;
};
