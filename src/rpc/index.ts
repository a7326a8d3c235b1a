// The door of what other Workers may ask.
export { createRpc } from './accounts.ts';
export type { AccountsService, AccountView, SignedIn } from './types.ts';
