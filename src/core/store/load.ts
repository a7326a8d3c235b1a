// Loads the clean-up when the schedule runs it. No request needs it.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './clean-up.ts' : './lazy-clean-up.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadCleanUp = (): Promise<typeof import('./clean-up.ts')> => import(/* @vite-ignore */ MODULE);
