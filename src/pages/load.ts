// Loads the pages, once an isolate is asked for one: clients of the APIs never are.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './surface.ts' : './lazy-pages.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadPages = (): Promise<typeof import('./surface.ts')> => import(/* @vite-ignore */ MODULE);
