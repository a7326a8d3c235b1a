// What the reference describes: every dialect and every service, and the paths of their endpoints.
import { dialects } from '../../src/dialects/index.ts';
import type { EndpointDocs, SurfaceDocs } from '../../src/http/docs.ts';
import type { Endpoint, SurfaceDefinition } from '../../src/http/endpoint.ts';
import { services } from '../../src/services/index.ts';

/** In the order in which readers find them. */
export const surfaces: readonly SurfaceDefinition[] = [...dialects, ...services];

/** @throws Error if the surface does not describe itself */
export const docsOfSurface = ({ name, docs }: SurfaceDefinition): SurfaceDocs => {
  if (!docs) throw new Error(`${name} has no docs.`);
  return docs;
};

/** @throws Error if the endpoint does not describe itself */
export const docsOf = ({ name }: SurfaceDefinition, { method, path, docs }: Endpoint): EndpointDocs => {
  if (!docs) throw new Error(`${name}: ${method} ${path} has no docs.`);
  return docs;
};

/** The path as OpenAPI writes it, without a slash at the end. */
export const barePathOf = ({ basePath }: SurfaceDefinition, { path }: Endpoint): string =>
  basePath + path.replace(/:(\w+)/g, '{$1}');

/** Matches the paths of requests to an endpoint, with and without a slash at the end. */
export const pathMatcher = ({ basePath }: SurfaceDefinition, { path, params = {} }: Endpoint): RegExp =>
  new RegExp(`^${basePath}${path.replace(/:(\w+)/g, (_, name: string) => params[name]?.pattern ?? '')}/?$`);
