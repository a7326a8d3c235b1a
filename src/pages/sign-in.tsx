// Signing in and out.
import type { Context } from 'hono';
import { readIdentifier } from '../core/index.ts';
import { anyone, findPrincipal } from '../http/auth/auth.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { logIn } from '../http/auth/session-actions.ts';
import { credentials } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { form, formWith, type Refusal, toRefusal, typedOf } from './form.ts';
import { readKept } from './kept.ts';
import { showProfile } from './profile-form.tsx';
import { visitor } from './session.tsx';
import { showSignIn } from './sign-in-form.tsx';

/**
 * The pages that send people here, by their paths: nothing that a browser could take for another site, and nothing
 * of a dialect, where to be sent to can mean to be logged out.
 */
const OWN_PATH =
  /^\/(?:activity|admin(?:\/users\/\d{1,15}(?:\/delete)?)?|delete|devices|email|export|password|picture|profile|username|verify-email)$/;

const WRONG = { field: 'password', text: 'The name or the password is not right.', status: 401 } as const;

const ownPath = (to: string | undefined): string => (to !== undefined && OWN_PATH.test(to) ? to : '/');

const showForm = endpoint({
  method: 'GET',
  path: '/sign-in',
  auth: visitor,
  handle: (c) => {
    if (findPrincipal(c)) return c.redirect('/', 303);
    const to = c.req.query('to');
    return showSignIn(c, formWith({}), to !== undefined && OWN_PATH.test(to) ? { to } : {});
  },
});

/** Shows the form again, with where to go on to and what was kept. */
const showAgain = (c: Context<AppEnv>, { status, faults }: Refusal): Response => {
  const typed = typedOf(c);
  return showSignIn(c, formWith(typed, faults), {
    status,
    to: ownPath(typed['to']),
    kept: typed['kept'] ?? null,
  });
};

const submit = endpoint({
  method: 'POST',
  path: '/sign-in',
  auth: anyone,
  limit: 'login',
  body: form(credentials, { show: (c, faults) => showAgain(c, { status: 400, faults }) }),
  handle: async (c) => {
    const { identifier, password } = c.req.valid('json');
    const loggedIn = await logIn(c, readIdentifier(identifier), password, 'cookie');
    if (!loggedIn.ok) return showAgain(c, toRefusal(c, loggedIn.error, WRONG));
    const { to, kept } = typedOf(c);
    if (kept === undefined || ownPath(to) !== '/profile') return c.redirect(ownPath(to), 303);
    return showProfile(c, formWith(readKept(kept)), { unsaved: true, account: loggedIn.value.account });
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
