// Loads the module of the pages when an isolate first needs it.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './surface.ts' : './lazy-pages.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadPages = (): Promise<typeof import('./surface.ts')> => import(/* @vite-ignore */ MODULE);
