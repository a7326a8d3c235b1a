// How `id` is described.
import { id as dialect } from '../../../src/dialects/id/index.ts';
import { describeSurface } from '../routes.ts';

export const id = describeSurface(dialect);
