// Loads what second factors need, once an isolate has met one: most logins never do.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './module.ts' : './lazy-factors.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadFactors = (): Promise<typeof import('./module.ts')> => import(/* @vite-ignore */ MODULE);
