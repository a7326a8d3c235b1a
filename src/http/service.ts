// What belongs to no dialect: the health check, and the refusals of unknown paths.
import { Hono } from 'hono';
import type { AppEnv, Dialect } from './context.ts';
import { sharedReply } from './drf.ts';
import { send } from './respond.ts';

const word = (isUp: boolean): string => (isUp ? 'ok' : 'failing');

const routes = new Hono<AppEnv>().get('/health', async (c) => {
  const { d1, kv } = await c.var.core.checkHealth();
  const isUp = d1 && kv;
  const body = { status: word(isUp), d1: word(d1), kv: word(kv) };
  return send(c, { status: isUp ? 200 : 503, body });
});

/** Outside every dialect refusals have the plainest of the dialects' shapes. */
export const service: Dialect = {
  name: 'service',
  basePath: '',
  usesCookie: false,
  routes,
  problem(problem) {
    switch (problem.reason) {
      // None of these arises here: no route takes a body or credentials.
      case 'fields':
      case 'not_an_object':
      case 'taken':
      case 'wrong_credentials':
      case 'credentials':
        return sharedReply({ reason: 'internal_error' });
      default:
        return sharedReply(problem);
    }
  },
};
