// The parameter of the paths of admins' pages.
import type { PathParameter } from '../http/endpoint.ts';
import { accountId } from '../http/path-parameters.ts';

/** A longer number is no account's. */
export const accountOfPage: PathParameter = { ...accountId, pattern: '[0-9]{1,15}' };
