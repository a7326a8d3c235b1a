// The paths that the app mounts for the pages, which load when used, are those of the loaded pages.
import { expect, it } from 'vitest';
import { routePathOf } from '../../src/http/mount.ts';
import { pages } from '../../src/pages/index.ts';
import { pages as loaded } from '../../src/pages/surface.ts';

it('mounts exactly the paths of the loaded pages', () => {
  const routesOf = (surface: typeof pages): string[] =>
    surface.endpoints.map((each) => `${each.method} ${routePathOf(surface, each)}`).sort();
  expect(routesOf(pages)).toEqual(routesOf(loaded));
});
