// Loads the module that verifies imported hashes when an isolate first meets one.

/** The module that scripts/build.ts makes, beside the Worker's main one; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './verify.ts' : './lazy-foreign.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadForeign = (): Promise<typeof import('./verify.ts')> => import(/* @vite-ignore */ MODULE);
