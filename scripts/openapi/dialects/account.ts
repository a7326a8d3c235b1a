// How 003 `account` is described.
import {
  account as accountSurface,
  misspeltAccount as misspeltAccountSurface,
} from '../../../src/dialects/account.ts';
import { describeSurface } from '../routes.ts';

export const account = describeSurface(accountSurface);
export const misspeltAccount = describeSurface(misspeltAccountSurface);
