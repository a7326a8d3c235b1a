// Finds the surface of a request (a dialect, a service or the pages), which words its refusals.
import { credentialsOf } from './auth/auth.ts';
import type { Surface } from './context.ts';
import type { SurfaceDefinition } from './endpoint.ts';
import { routePathOf } from './mount.ts';

/** The surfaces of the app. */
export interface Surfaces {
  dialects: readonly SurfaceDefinition[];
  /** Endpoints at the root, such as /health. The first one answers for unknown paths. */
  services: readonly [SurfaceDefinition, ...SurfaceDefinition[]];
  pages: SurfaceDefinition;
}

/** @param route the pattern that matched */
export type ResolveSurface = (route: string, path: string, accept: string | undefined) => Surface;

const WANTS_HTML = /\btext\/html\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;

/**
 * A path that an endpoint has belongs to its surface. Every other path below a dialect's base path is that dialect's;
 * the longest base path counts, because one (`/api`) stands above others. What is left is a page for clients that ask
 * for HTML, and JSON for all others.
 */
export const createSurfaceResolver = ({ dialects, services, pages }: Surfaces): ResolveSurface => {
  const toSurface = (definition: SurfaceDefinition): Surface => ({
    ...definition,
    usesCookie:
      definition.isForPeople === true ||
      definition.endpoints.some(({ auth }) => credentialsOf(auth).includes('cookie')),
  });
  const byRoute = new Map<string, Surface>();
  const known = [...dialects, ...services, pages].map((definition) => {
    const surface = toSurface(definition);
    for (const each of definition.endpoints) byRoute.set(routePathOf(definition, each), surface);
    return { definition, surface };
  });
  const surfaceOf = (definition: SurfaceDefinition): Surface =>
    known.find((each) => each.definition === definition)?.surface ?? toSurface(definition);
  const longestFirst = dialects
    .map(surfaceOf)
    .sort((one, other) => other.basePath.length - one.basePath.length);
  const [forPages, fallback] = [surfaceOf(pages), surfaceOf(services[0])];

  return (route, path, accept) => {
    const matched = byRoute.get(route);
    if (matched) return matched;
    // `//api/user` comes from a client whose base URL ends in a slash. It gets the refusal of its dialect.
    const meant = path.replace(/^\/{2,}/, '/');
    const below = longestFirst.find(({ basePath }) => meant === basePath || meant.startsWith(`${basePath}/`));
    return below ?? (WANTS_HTML.test(accept ?? '') ? forPages : fallback);
  };
};
