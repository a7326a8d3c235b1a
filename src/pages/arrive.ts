// Where a browser continues after signing in: at the page that was requested, with what was typed there.
import type { Context } from 'hono';
import type { Account } from '../core/index.ts';
import type { AppEnv } from '../http/context.ts';
import { goToDestination } from './destination.ts';
import { formWith, typedOf } from './form.ts';
import { readKept } from './kept.ts';
import { showProfile } from './profile-form.tsx';

/** Continues where the form says, or shows what was typed into the profile before the session ended. */
export const arrive = async (c: Context<AppEnv>, account: Account): Promise<Response> => {
  const { to, kept } = typedOf(c);
  if (kept === undefined || to !== '/profile') return goToDestination(c, to);
  return showProfile(c, formWith(readKept(kept)), { unsaved: true, account });
};
