// What is loaded by itself, as one module of the Worker: see load.ts and scripts/build.ts.
export { createChallenges } from './challenges.ts';
export { createFactorManagement } from './manage.ts';
export { createSealing } from './sealing.ts';
export { verifyAssertion } from './webauthn/verify.ts';
