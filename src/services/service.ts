// Endpoints at the root, and the refusals of unknown paths.
import * as drf from '../http/drf.ts';
import type { SurfaceDefinition } from '../http/endpoint.ts';
import { discovery } from './discovery.ts';
import { health } from './health.ts';
import { publicKeys } from './public-keys.ts';
import { relatedOrigins } from './webauthn.ts';

/** Outside every dialect, refusals have the shape of DRF's `detail`. */
export const service: SurfaceDefinition = {
  name: 'service',
  basePath: '',
  endpoints: [health, publicKeys, ...discovery, relatedOrigins],
  docs: DOCS && {
    title: 'service',
    description: 'Endpoints outside the dialects.',
    hasSlash: false,
    refusalSchemas: drf.refusalSchemas,
  },
  problem(problem) {
    switch (problem.reason) {
      // These do not arise: no endpoint here takes a body or credentials.
      case 'fields':
      case 'not_an_object':
      case 'taken':
      case 'wrong_credentials':
      case 'credentials':
        return drf.sharedReply({ reason: 'internal_error' });
      default:
        return drf.sharedReply(problem);
    }
  },
};
