// The exports of the RPC entrypoint.
export { createRpc } from './accounts.ts';
export type { AccountsService, AccountView, SignedIn } from './types.ts';
