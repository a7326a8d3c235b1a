// The parameters of the paths of pages.
import type { PathParameter } from '../http/endpoint.ts';
import { accountId } from '../http/path-parameters.ts';

/** No account has a longer number. */
export const accountOfPage: PathParameter = { ...accountId, pattern: '[0-9]{1,15}' };
/** The id of a registered app. */
export const appOfPage: PathParameter = {
  pattern: '[A-Za-z0-9_-]{1,200}',
  description: 'The client id of a registered app.',
  schema: { type: 'string' },
  example: 'bXkgYXBwIGlk',
};

export const factorOfPage: PathParameter = {
  ...accountOfPage,
  description: 'The id of a passkey, an authenticator app or an app password.',
};
