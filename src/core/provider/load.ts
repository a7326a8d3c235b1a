// Loads the module that signs tokens for other servers when an isolate first needs it.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './module.ts' : './lazy-provider.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadProvider = (): Promise<typeof import('./module.ts')> => import(/* @vite-ignore */ MODULE);
