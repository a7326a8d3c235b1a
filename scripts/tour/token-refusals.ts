// The two token errors that all endpoints with a token share, in `conjugator` and `account`.
import type { Expected } from './compare.ts';

/** The example of the document: a well-formed unknown token. */
export const NOBODYS_TOKEN = '2427f839b8a07d89147375921f75444094d38c05';

/** A 401 tells how to authenticate. RFC 9110, section 11.6.1 */
const refused = (detail: string): Expected => ({
  status: 401,
  headers: { 'www-authenticate': 'Token' },
  body: { detail },
});

export const MISSING_TOKEN = refused('Authentication credentials were not provided.');
export const INVALID_TOKEN = refused('Invalid token.');

/** The Authorization header with a token; with the unknown token if the tour has none. */
export const withToken = (token: unknown): Record<string, string> => ({
  authorization: `Token ${typeof token === 'string' ? token : NOBODYS_TOKEN}`,
});
