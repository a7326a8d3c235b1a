// The account page, rendered here. Only passkeys need a script. Loaded when a page is first requested: see index.ts.
import type { Context, Next } from 'hono';
import type { AppEnv, Surface } from '../http/context.ts';
import type { SurfaceDefinition } from '../http/endpoint.ts';
import { inTurn } from '../http/mount.ts';
import type { Problem } from '../http/problem.ts';
import { respondProblem } from '../http/respond.ts';
import { accent } from './accent.ts';
import { activity } from './activity.tsx';
import { adminApps } from './admin-apps.tsx';
import { adminUser } from './admin-user.tsx';
import { adminUsers } from './admin-users.tsx';
import { changeEmail } from './change-email.tsx';
import { data } from './data.tsx';
import { devices } from './devices.tsx';
import { names } from './names.tsx';
import { oidc } from './oidc.tsx';
import { overview } from './overview.tsx';
import { password } from './password.tsx';
import { problem, sendPage } from './problem.tsx';
import { profile } from './profile.tsx';
import { resetPassword } from './reset-password.tsx';
import { adminFactors } from './security/admin-factors.tsx';
import { appPasswords } from './security/app-passwords.tsx';
import { codes } from './security/codes.tsx';
import { confirmation } from './security/confirm.tsx';
import { securityPage } from './security/page.tsx';
import { passkeys } from './security/passkeys.tsx';
import { recoveryCodes } from './security/recovery-codes.tsx';
import { secondStep } from './security/second-step.tsx';
import { askToConfirm, onAnonymous } from './session.tsx';
import { signIn } from './sign-in.tsx';
import { signInCode } from './sign-in-code.tsx';
import { signUp } from './sign-up.tsx';
import { verifyEmail } from './verify-email.tsx';

/** Refusals as HTML; anonymous visitors are sent to sign in. */
export const pages: SurfaceDefinition = {
  name: 'pages',
  basePath: '',
  endpoints: [
    ...overview,
    ...signIn,
    ...signInCode,
    ...signUp,
    ...secondStep,
    ...confirmation,
    ...securityPage,
    ...passkeys,
    ...codes,
    ...recoveryCodes,
    ...appPasswords,
    ...profile,
    ...password,
    ...names,
    ...verifyEmail,
    ...changeEmail,
    ...resetPassword,
    ...devices,
    ...activity,
    ...data,
    ...oidc,
    ...adminUsers,
    ...adminUser,
    ...adminApps,
    ...accent,
    ...adminFactors,
  ],
  problem,
  send: sendPage,
  onAnonymous,
  onStale: askToConfirm,
  isForPeople: true,
};

const surface: Surface = { ...pages, usesCookie: true };

const handlers = new Map(pages.endpoints.map((each) => [`${each.method} ${each.path}`, inTurn(each)]));

/** Runs the endpoint of a method and path. */
export const handle = (c: Context<AppEnv>, next: Next, name: string) => {
  const handler = handlers.get(name);
  if (!handler) throw new Error(`No page is at ${name}.`);
  c.set('surface', surface);
  return handler(c, next);
};

/** Refuses on a page of its own. */
export const refuse = (c: Context<AppEnv>, refused: Problem): Response | Promise<Response> => {
  c.set('surface', surface);
  return respondProblem(c, refused);
};
