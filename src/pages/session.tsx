// The `auth` values of pages, and the redirect to sign in.
import type { Context } from 'hono';
import type { RequiredAuth } from '../http/auth/auth.ts';
import type { AppEnv } from '../http/context.ts';
import { readTo, withTo } from './destination.ts';
import { formWith, readTyped, type Typed } from './form.ts';
import { ownPath, pageOf } from './own-path.ts';
import { showSignIn } from './sign-in-form.tsx';
import { writeUnsavedProfile } from './unsaved-profile.ts';

/** By the cookie alone; the primary is read, so that a page shows what was just changed. */
export const owner = { via: ['cookie'], reads: 'primary' } satisfies RequiredAuth;
export const visitor = { ...owner, optional: true } satisfies RequiredAuth;
/** For what a stolen session must not do: the owner has authenticated in the last ten minutes. */
export const recentOwner = { ...owner, recent: true } satisfies RequiredAuth;
export const admins = { ...recentOwner, role: 'admin' } satisfies RequiredAuth;

/** Redirects to the sign-in page, and back afterwards; a form that was filled in is kept. */
export const onAnonymous = async (c: Context<AppEnv>): Promise<Response> => {
  if (c.req.method !== 'POST') {
    // A user who is about to confirm continues there: signing in is the more recent proof.
    const to = c.req.path === '/confirm' ? readTo(c.req.query('to')) : c.req.path;
    return c.redirect(withTo('/sign-in', to), 303);
  }
  const typed = await readTyped(c);
  return typed instanceof Response ? typed : askAgain(c, typed);
};

/** Redirects to the confirmation page, and back afterwards; a form that was filled in is lost. */
export const askToConfirm = (c: Context<AppEnv>): Response => {
  const { pathname, search } = new URL(c.req.url);
  const page = c.req.method === 'GET' ? ownPath(pageOf(pathname) + search) : pageOf(pathname);
  return c.redirect(`/confirm?to=${encodeURIComponent(page)}`, 303);
};

/** The session ended while a form was filled in: nothing is done, and what was typed is kept. */
export const askAgain = (c: Context<AppEnv>, typed: Typed): Response => {
  const [, page = ''] = c.req.path.split('/');
  const text = 'Your session has ended, so nothing was changed. Sign in to go on.';
  const form = formWith({}, [{ field: null, text }]);
  return showSignIn(c, form, { status: 401, to: `/${page}`, kept: writeUnsavedProfile(typed) });
};
