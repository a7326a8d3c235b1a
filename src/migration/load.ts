// Loads what asks the old service, once an isolate meets a name that is unknown here: most deployments never do.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './module.ts' : './lazy-migration.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadMigration = (): Promise<typeof import('./module.ts')> => import(/* @vite-ignore */ MODULE);
