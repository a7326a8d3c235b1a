// Every dialect that is served. docs/architecture.md says how to add one.
import type { Dialect } from '../http/endpoint.ts';
import { account, misspeltAccount } from './account.ts';
import { auth } from './auth.ts';
import { conjugator } from './conjugator.ts';
import { id } from './id/index.ts';
import { userV1 } from './user-v1.ts';
import { users } from './users.ts';

export const dialects: readonly Dialect[] = [id, users, userV1, conjugator, account, misspeltAccount, auth];
