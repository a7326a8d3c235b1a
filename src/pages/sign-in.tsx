// Signing in and out.
import { Hono } from 'hono';
import { readIdentifier } from '../core/index.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { guard } from '../http/auth/flood-guard.ts';
import { isCrossSite } from '../http/auth/same-site.ts';
import { logIn } from '../http/auth/session-actions.ts';
import { credentials } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { respondProblem } from '../http/respond.ts';
import { goOn } from './done.ts';
import { check, formWith, readTyped, toRefusal } from './form.ts';
import { readKept } from './kept.ts';
import { showProfile } from './profile-form.tsx';
import { findPrincipal } from './session.tsx';
import { showSignIn } from './sign-in-form.tsx';

/**
 * The pages that send people here, by their paths: nothing that a browser could take for another site, and nothing
 * of a dialect, where to be sent to can mean to be logged out.
 */
const OWN_PATH =
  /^\/(?:activity|admin(?:\/users\/\d{1,15}(?:\/delete)?)?|delete|devices|email|export|password|picture|profile|username)$/;

const WRONG = { field: 'password', text: 'The name or the password is not right.', status: 401 } as const;

export const signIn = new Hono<AppEnv>()
  .get('/sign-in', async (c) => {
    if (await findPrincipal(c)) return c.redirect('/', 303);
    const to = c.req.query('to');
    return showSignIn(c, formWith({}), to !== undefined && OWN_PATH.test(to) ? { to } : {});
  })
  .post('/sign-in', guard('login'), async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const to = OWN_PATH.test(typed['to'] ?? '') ? (typed['to'] ?? '/') : '/';
    const kept = typed['kept'] ?? null;
    const checked = check(credentials, typed);
    if (!checked.ok) return showSignIn(c, formWith(typed, checked.faults), { status: 400, to, kept });
    const { identifier, password } = checked.data;
    const loggedIn = await logIn(c, readIdentifier(identifier), password, 'cookie');
    if (!loggedIn.ok) {
      const { status, faults } = toRefusal(c, loggedIn.error, WRONG);
      return showSignIn(c, formWith(typed, faults), { status, to, kept });
    }
    if (kept === null || to !== '/profile') return c.redirect(to, 303);
    return showProfile(c, formWith(readKept(kept)), { unsaved: true });
  })
  .post('/sign-out', async (c) => {
    if (isCrossSite(c)) return respondProblem(c, { reason: 'cross_site' });
    const principal = await findPrincipal(c);
    if (principal) await c.var.core.sessions.logOut(principal, c.var.client);
    clearSessionCookie(c);
    return goOn(c, '/sign-in', 'signed-out');
  });
