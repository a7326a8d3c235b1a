// Path parameters that several endpoints share.
import type { PathParameter } from './endpoint.ts';

/** At most fifteen digits, which JavaScript represents exactly. No account has a longer id. */
export const accountId: PathParameter = {
  pattern: '[0-9]+',
  description: 'The id of an account.',
  schema: { type: 'integer', minimum: 0 },
  example: 5,
};

/** A SHA-256 in hex. It names a session, and opens nothing. */
export const sessionId: PathParameter = {
  pattern: '[0-9a-f]{64}',
  description: 'The id of a session.',
  schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  example: '3c9909afec25354d551dae21590bb26e38d53f2173b8d3dc3eee4c047e7ab1c1',
};
