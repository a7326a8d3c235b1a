// How 004 `auth` is described.
import { auth as dialect } from '../../../src/dialects/auth.ts';
import { describeSurface } from '../routes.ts';

export const auth = describeSurface(dialect);
