// The parameters of the paths of pages.
import type { PathParameter } from '../http/endpoint.ts';
import { accountId } from '../http/path-parameters.ts';

/** No account has a longer number. */
export const accountOfPage: PathParameter = { ...accountId, pattern: '[0-9]{1,15}' };
export const factorOfPage: PathParameter = {
  ...accountOfPage,
  description: 'The id of a passkey, an authenticator app or an app password.',
};
