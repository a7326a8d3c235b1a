// Loads the module that writes and sends mails when an isolate first has one to send. No request waits for it.

/** The module that scripts/build.ts makes; where the source itself runs, its source. */
const MODULE = import.meta.url?.endsWith('.ts') ? './send.ts' : './lazy-mail.js';

/** A name that no bundler can read: it would put the module into the main one. */
export const loadSending = (): Promise<typeof import('./send.ts')> => import(/* @vite-ignore */ MODULE);
