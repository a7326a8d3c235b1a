// The response headers that clients may want to read.
import type { HeaderName, JsonObject } from './types.ts';

const text = (description: string, example: string): JsonObject => ({
  description,
  schema: { type: 'string' },
  example,
});

/** By name. Operations reference them. */
export const headers: Readonly<Record<HeaderName, JsonObject>> = {
  'Content-Disposition': text('A name for the file.', 'attachment; filename="latchkey-account-5.json"'),
  Link: text(
    'The next page, where there is one (RFC 8288).',
    '<https://accounts.example.com/id/events?limit=100&after=41>; rel="next"',
  ),
  Location: text(
    'The account that has this email, or the page to go on to.',
    'http://testserver/api/accounts/123/',
  ),
  'Remote-Email': text('The email address, percent-encoded; empty if there is none.', 'mary@example.com'),
  'Remote-Email-Verified': text('`true` if the address is proven, otherwise `false`.', 'true'),
  'Remote-Groups': text('`users`, and `admin` for admins, with a comma between.', 'admin,users'),
  'Remote-Name': text('The name to show, percent-encoded.', 'Zo%C3%AB Jones'),
  'Remote-Sub': text('The account, for ever: no other one gets this id.', 'd078dd371faef8e90f837bb16fa56f17'),
  'Remote-User': text('The username; without one the proven email address, or the `sub`.', 'mary'),
  'Retry-After': {
    description: 'The seconds after which a further try makes sense.',
    schema: { type: 'integer', minimum: 0 },
    example: 60,
  },
  'Set-Cookie': text(
    'The session, `sessionid`, where the dialect knows it, and the mark of a known device, `device`.',
    'sessionid=…; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Lax',
  ),
  'WWW-Authenticate': text('How to log in.', 'Token'),
  'X-Request-Id': {
    description: 'Names the request; the log has the same.',
    schema: { type: 'string', format: 'uuid' },
    example: '1f6d2f3e-6c1d-4a0e-9a55-2d4c3b1a0f77',
  },
};
