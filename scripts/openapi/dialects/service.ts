// How the health check is described, which belongs to no dialect.
import * as z from 'zod';
import { service as dialect } from '../../../src/http/service.ts';
import * as drf from '../drf.ts';
import type { DescribedDialect } from '../types.ts';

const word = z.enum(['ok', 'failing']);
const health = z.strictObject({ status: word, d1: word, kv: word }).meta({ id: 'Health' });

export const service: DescribedDialect = {
  dialect,
  title: 'service',
  description: 'What belongs to no dialect.',
  hasSlash: false,
  refusalSchemas: drf.refusals,
  operations: {
    'GET /health': {
      id: 'health',
      summary: 'Whether D1 and KV answer',
      successes: [
        {
          status: 200,
          description: 'Both do.',
          schema: health,
          example: { status: 'ok', d1: 'ok', kv: 'ok' },
        },
        {
          status: 503,
          description: 'One does not.',
          schema: health,
          example: { status: 'failing', d1: 'ok', kv: 'failing' },
        },
      ],
    },
  },
};
