// `id`: Latchkey's own dialect, for new clients.
import type { Dialect, RoutesOf } from '../../http/endpoint.ts';
import { admin } from './admin.ts';
import { problemDetails } from './answers.ts';
import { email } from './email.ts';
import { factors } from './factors.ts';
import { forwardAuthentication } from './forward-auth.ts';
import { login } from './login.ts';
import { me } from './me.ts';
import { problem } from './problem.ts';
import { secondFactor } from './second-factor.ts';
import { sessions } from './sessions.ts';
import { tokens } from './tokens.ts';

const endpoints = [
  ...login,
  ...secondFactor,
  ...me,
  ...email,
  ...factors,
  ...sessions,
  ...tokens,
  ...forwardAuthentication,
  ...admin,
] as const;

/** For Hono's typed client: `hc<IdRoutes>('https://accounts.example.com/id')`. */
export type IdRoutes = RoutesOf<typeof endpoints>;

export const id: Dialect = {
  name: 'id',
  basePath: '/id',
  endpoints,
  problem,
  docs: DOCS && {
    title: 'id',
    description:
      'Latchkey’s own, the one that a new client should use: JSON in camelCase, RFC 9457 problem details with stable ' +
      'codes, a cookie or a token.',
    hasSlash: false,
    refusalSchemas: () => [problemDetails],
    code: 'code',
  },
};
