// The two refusals that every endpoint with a token shares, in `conjugator` and `account`.
import type { Expected } from './compare.ts';

/** The document's own example: well-formed, and nobody's. */
export const NOBODYS_TOKEN = '2427f839b8a07d89147375921f75444094d38c05';

/** RFC 9110, section 11.6.1: a 401 says how to authenticate. */
const refused = (detail: string): Expected => ({
  status: 401,
  headers: { 'www-authenticate': 'Token' },
  body: { detail },
});

export const MISSING_TOKEN = refused('Authentication credentials were not provided.');
export const INVALID_TOKEN = refused('Invalid token.');

/** The header that carries a token; nobody's where the tour has none. */
export const withToken = (token: unknown): Record<string, string> => ({
  authorization: `Token ${typeof token === 'string' ? token : NOBODYS_TOKEN}`,
});
