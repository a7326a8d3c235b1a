// How 000 `users` is described.
import { users as dialect } from '../../../src/dialects/users.ts';
import { describeSurface } from '../routes.ts';

export const users = describeSurface(dialect);
