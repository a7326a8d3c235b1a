// Signing in and out.
import type { Context } from 'hono';
import { readIdentifier } from '../core/index.ts';
import { anyone, findPrincipal } from '../http/auth/auth.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { signIn as signInWith } from '../http/auth/session-actions.ts';
import { credentials } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { continueAfterSignIn } from './after-sign-in.ts';
import { goToDestination, readTo } from './destination.ts';
import { goOn } from './done.ts';
import { form, formWith, type Refusal, toRefusal, typedOf } from './form.ts';
import { showSecondStep } from './security/second-step.tsx';
import { visitor } from './session.tsx';
import { showSignIn } from './sign-in-form.tsx';

const WRONG = { field: 'password', text: 'Wrong username, email or password.', status: 401 } as const;

const showForm = endpoint({
  method: 'GET',
  path: '/sign-in',
  auth: visitor,
  handle: (c) => {
    const to = readTo(c.req.query('to'));
    return findPrincipal(c) ? goToDestination(c, to) : showSignIn(c, formWith({}), { to });
  },
});

/** Shows the form again, with the page to continue at and what was kept. */
const showAgain = (c: Context<AppEnv>, { status, errors }: Refusal): Response => {
  const typed = typedOf(c);
  return showSignIn(c, formWith(typed, errors), {
    status,
    to: readTo(typed['to']),
    kept: typed['kept'] ?? null,
  });
};

const submit = endpoint({
  method: 'POST',
  path: '/sign-in',
  auth: anyone,
  limit: 'login',
  body: form(credentials, { show: (c, errors) => showAgain(c, { status: 400, errors }) }),
  handle: async (c) => {
    const { identifier, password } = c.req.valid('json');
    const signedIn = await signInWith(c, readIdentifier(identifier), password, {
      open: 'cookie',
      // App passwords are for clients that can only send a password. With one, nobody gets the owner's session here.
      takesAppPasswords: false,
    });
    if (!signedIn.ok) return showAgain(c, toRefusal(c, signedIn.error, WRONG));
    if (!('secondFactor' in signedIn.value)) return continueAfterSignIn(c, signedIn.value.account);
    return showSecondStep(c, signedIn.value.secondFactor);
  },
});

const signOut = endpoint({
  method: 'POST',
  path: '/sign-out',
  auth: visitor,
  handle: async (c) => {
    const principal = findPrincipal(c);
    if (principal) await c.var.core.sessions.logOut(principal, c.var.client);
    clearSessionCookie(c);
    return goOn(c, '/sign-in', 'signed-out');
  },
});

export const signIn = [showForm, submit, signOut];
