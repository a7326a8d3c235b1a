// `id`: Latchkey's own dialect, the one that a new client should use.
import { Hono } from 'hono';
import type { AppEnv } from '../../http/context.ts';
import type { Dialect } from '../../http/endpoint.ts';
import { admin } from './admin.ts';
import { me } from './me.ts';
import { problem } from './problem.ts';
import { sessions } from './sessions.ts';

const routes = new Hono<AppEnv>().route('/', me).route('/', sessions).route('/', admin);

/** For Hono's typed client: `hc<IdRoutes>('https://accounts.example.com/id')`. */
export type IdRoutes = typeof routes;

export const id: Dialect = { name: 'id', basePath: '/id', endpoints: [], usesCookie: true, routes, problem };
