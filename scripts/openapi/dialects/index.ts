// Every dialect that is described, in the order in which readers find them.
import type { DescribedDialect } from '../types.ts';
import { account, misspeltAccount } from './account.ts';
import { auth } from './auth.ts';
import { conjugator } from './conjugator.ts';
import { id } from './id.ts';
import { service } from './service.ts';
import { userV1 } from './user-v1.ts';
import { users } from './users.ts';

export const described: readonly DescribedDialect[] = [
  id,
  users,
  userV1,
  conjugator,
  account,
  misspeltAccount,
  auth,
  service,
];
