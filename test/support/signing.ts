// The bindings of a deployment that signs access tokens.
import type { Env } from '../../src/env.ts';
import { API, ISSUER, KEYS } from './signing-keys.ts';
import { testEnv } from './worker.ts';

export { API, ISSUER, KEYS } from './signing-keys.ts';

/** The bindings of the test pool with SIGNING_KEYS. */
export const signingEnv = (settings: Partial<Env> = {}, base: Env = testEnv): Env => ({
  ...base,
  PUBLIC_URL: ISSUER,
  SIGNING_KEYS: JSON.stringify(KEYS),
  ACCESS_TOKEN_AUDIENCES: [API, 'urn:second'],
  ...settings,
});
