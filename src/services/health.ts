// The health check.
import * as z from 'zod/mini';
import { anyone } from '../http/auth/auth.ts';
import { named } from '../http/docs.ts';
import { endpoint } from '../http/endpoint.ts';
import { send } from '../http/respond.ts';

const word = () => z.enum(['ok', 'failing']);
const healthAnswer = () =>
  named('Health', z.strictObject({ status: word(), d1: word(), kv: word(), mail: z.enum(['on', 'off']) }));

const wordFor = (isUp: boolean): 'ok' | 'failing' => (isUp ? 'ok' : 'failing');

export const health = endpoint({
  method: 'GET',
  path: '/health',
  auth: anyone,
  handle: async (c) => {
    const { d1, kv } = await c.var.core.checkHealth();
    const isUp = d1 && kv;
    const mail = c.var.core.mail.settings ? 'on' : 'off';
    const body = { status: wordFor(isUp), d1: wordFor(d1), kv: wordFor(kv), mail };
    return send(c, { status: isUp ? 200 : 503, body });
  },
  docs: DOCS && {
    id: 'health',
    summary: 'Whether D1 and KV answer, and whether the service sends mail',
    successes: [
      {
        status: 200,
        description: 'Both do.',
        schema: healthAnswer,
        example: { status: 'ok', d1: 'ok', kv: 'ok', mail: 'on' },
      },
      {
        status: 503,
        description: 'One does not.',
        schema: healthAnswer,
        example: { status: 'failing', d1: 'ok', kv: 'failing', mail: 'on' },
      },
    ],
  },
});
