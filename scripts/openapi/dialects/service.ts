// How the health check is described, which belongs to no dialect.
import { service as surface } from '../../../src/services/health.ts';
import { describeSurface } from '../routes.ts';

export const service = describeSurface(surface);
