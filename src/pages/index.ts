// The account page: what people see in a browser, rendered here, without a script.
import { Hono } from 'hono';
import type { AppEnv } from '../http/context.ts';
import type { SurfaceDefinition } from '../http/endpoint.ts';
import { activity } from './activity.tsx';
import { adminUser } from './admin-user.tsx';
import { adminUsers } from './admin-users.tsx';
import { data } from './data.tsx';
import { devices } from './devices.tsx';
import { names } from './names.tsx';
import { overview } from './overview.tsx';
import { password } from './password.tsx';
import { problem, sendPage } from './problem.tsx';
import { profile } from './profile.tsx';
import { signIn } from './sign-in.tsx';
import { signUp } from './sign-up.tsx';

const parts = [
  overview,
  signIn,
  signUp,
  profile,
  password,
  names,
  devices,
  activity,
  data,
  adminUsers,
  adminUser,
];

const routes = new Hono<AppEnv>();
for (const part of parts) routes.route('/', part);

/** Mounted like a dialect, and worded as HTML. */
export const pages: SurfaceDefinition = {
  name: 'pages',
  basePath: '',
  endpoints: [],
  usesCookie: true,
  routes,
  problem,
  send: sendPage,
};
