// What is loaded by itself, as one module of the Worker: see load.ts and scripts/build.ts.
export { createAccessTokens } from './access-tokens.ts';
export { answerUrl } from './authorization-request.ts';
export { createProvider } from './provider.ts';
