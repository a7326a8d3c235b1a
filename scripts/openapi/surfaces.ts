// The dialects and services that the reference describes, and the paths of their endpoints.
import { dialects } from '../../src/dialects/index.ts';
import type { EndpointDocs, SurfaceDocs } from '../../src/http/docs.ts';
import type { Endpoint, SurfaceDefinition } from '../../src/http/endpoint.ts';
import { services } from '../../src/services/index.ts';

/** In the order of the reference. */
export const surfaces: readonly SurfaceDefinition[] = [...dialects, ...services];

/** @throws Error if the surface has no description */
export const docsOfSurface = ({ name, docs }: SurfaceDefinition): SurfaceDocs => {
  if (!docs) throw new Error(`${name} has no docs.`);
  return docs;
};

/** @throws Error if the endpoint has no description */
export const docsOf = ({ name }: SurfaceDefinition, { method, path, docs }: Endpoint): EndpointDocs => {
  if (!docs) throw new Error(`${name}: ${method} ${path} has no docs.`);
  return docs;
};

/** The path in OpenAPI syntax, without a trailing slash. */
export const barePathOf = ({ basePath }: SurfaceDefinition, { path }: Endpoint): string =>
  basePath + path.replace(/:(\w+)/g, '{$1}');

/** Matches the paths of requests to an endpoint, with and without a trailing slash. */
export const pathMatcher = ({ basePath }: SurfaceDefinition, { path, params = {} }: Endpoint): RegExp =>
  new RegExp(`^${basePath}${path.replace(/:(\w+)/g, (_, name: string) => params[name]?.pattern ?? '')}/?$`);
