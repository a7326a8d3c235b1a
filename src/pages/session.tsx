// Who is signed in, for pages: by the cookie alone, asked of the primary, so that a page shows what was changed.
import type { Context, MiddlewareHandler } from 'hono';
import type { Principal } from '../core/index.ts';
import { readSessionCookie, setSessionCookie } from '../http/auth/cookies.ts';
import { isCrossSite } from '../http/auth/same-site.ts';
import type { AppEnv } from '../http/context.ts';
import { respondProblem } from '../http/respond.ts';
import { formWith, readTyped, type Typed } from './form.ts';
import { keepProfile } from './kept.ts';
import { showSignIn } from './sign-in-form.tsx';

/** Finds who is signed in and remembers it for the page; null where nobody is. */
export const findPrincipal = async (c: Context<AppEnv>): Promise<Principal | null> => {
  const cookie = readSessionCookie(c);
  const principal =
    cookie === null ? null : await c.var.core.sessions.authenticate(cookie, 'cookie', 'primary');
  if (!principal || cookie === null) return null;
  if (principal.extended) setSessionCookie(c, cookie);
  c.set('principal', principal);
  return principal;
};

/** Lets only those in who are signed in; what changes something must come from a page of ours. */
export const signedIn: MiddlewareHandler<AppEnv> = async (c, next) => {
  const isChange = c.req.method === 'POST';
  if (isChange && isCrossSite(c)) return respondProblem(c, { reason: 'cross_site' });
  if (await findPrincipal(c)) return next();
  if (!isChange) return c.redirect(`/sign-in?to=${encodeURIComponent(c.req.path)}`, 303);
  const typed = await readTyped(c);
  return typed instanceof Response ? typed : askAgain(c, typed);
};

/** Lets only admins in; after `signedIn`. */
export const adminsOnly: MiddlewareHandler<AppEnv> = async (c, next) =>
  c.var.principal.account.isAdmin ? next() : respondProblem(c, { reason: 'forbidden' });

/** The session ended while a form was filled in: nothing is done, and what was typed is kept. */
export const askAgain = (c: Context<AppEnv>, typed: Typed): Response => {
  const [, page = ''] = c.req.path.split('/');
  const text = 'Your session has ended, so nothing was changed. Sign in to go on.';
  const form = formWith({}, [{ field: null, text }]);
  return showSignIn(c, form, { status: 401, to: `/${page}`, kept: keepProfile(typed) });
};
