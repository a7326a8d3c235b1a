// Where a browser continues after signing in: at the page that was requested, with what was typed there.
import type { Context } from 'hono';
import type { Account } from '../core/index.ts';
import type { AppEnv } from '../http/context.ts';
import { formWith, typedOf } from './form.ts';
import { readKept } from './kept.ts';
import { ownPath } from './own-path.ts';
import { showProfile } from './profile-form.tsx';

/** Continues at the page that the form names, or shows what was typed into the profile before the session ended. */
export const arrive = (c: Context<AppEnv>, account: Account): Response => {
  const { to, kept } = typedOf(c);
  if (kept === undefined || ownPath(to) !== '/profile') return c.redirect(ownPath(to), 303);
  return showProfile(c, formWith(readKept(kept)), { unsaved: true, account });
};
