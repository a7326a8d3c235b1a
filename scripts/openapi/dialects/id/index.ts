// How `id` is described.
import { id as dialect } from '../../../../src/dialects/id/index.ts';
import type { DescribedDialect } from '../../types.ts';
import { admins } from './admins.ts';
import { owners } from './owners.ts';
import { problem } from './schemas.ts';

export const id: DescribedDialect = {
  dialect,
  title: 'id',
  description:
    'Latchkey’s own, the one that a new client should use: JSON in camelCase, RFC 9457 problem details with stable ' +
    'codes, a cookie or a token.',
  hasSlash: false,
  refusalSchemas: () => [problem],
  code: 'code',
  operations: { ...owners, ...admins },
};
