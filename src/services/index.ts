// What stands at the root beside the dialects. The first one words the refusals of unknown paths.
import type { SurfaceDefinition } from '../http/endpoint.ts';
import { service } from './service.ts';

export const services: readonly [SurfaceDefinition, ...SurfaceDefinition[]] = [service];
