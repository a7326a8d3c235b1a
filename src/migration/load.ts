// Loads the module for the old service when an isolate first meets an unknown name. Most deployments never do.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './module.ts' : './lazy-migration.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadMigration = (): Promise<typeof import('./module.ts')> => import(/* @vite-ignore */ MODULE);
