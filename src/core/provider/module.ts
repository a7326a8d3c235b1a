// What is loaded by itself, as one module of the Worker: see load.ts and scripts/build.ts.
export { createAccessTokens } from './access-tokens.ts';
