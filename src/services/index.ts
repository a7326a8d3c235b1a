// Endpoints at the root. The first service words the refusals of unknown paths.
import type { SurfaceDefinition } from '../http/endpoint.ts';
import { oidc } from './oidc.ts';
import { service } from './service.ts';

export const services: readonly [SurfaceDefinition, ...SurfaceDefinition[]] = [service, oidc];
