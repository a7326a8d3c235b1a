// The door of what other Workers may ask.
export { type AccountView, createRpc, type SignedIn } from './accounts.ts';
