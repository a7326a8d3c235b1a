// Loads the module that tells webhooks and apps what happened, when an isolate first has something to tell.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './module.ts' : './lazy-webhooks.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadWebhooks = (): Promise<typeof import('./module.ts')> => import(/* @vite-ignore */ MODULE);
