// How 001 `user-v1` is described.
import { userV1 as dialect } from '../../../src/dialects/user-v1.ts';
import { describeSurface } from '../routes.ts';

export const userV1 = describeSurface(dialect);
