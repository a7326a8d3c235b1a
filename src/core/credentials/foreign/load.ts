// Loads what verifies foreign hashes, once an isolate has met one: most never do, and none needs it to start.

/** The module that scripts/build.ts makes, beside the Worker's main one; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './verify.ts' : './lazy-foreign.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadForeign = (): Promise<typeof import('./verify.ts')> => import(/* @vite-ignore */ MODULE);
