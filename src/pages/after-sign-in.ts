// Continues after signing in: at the requested page, with what was entered there before the session ended.
import type { Context } from 'hono';
import type { Account } from '../core/index.ts';
import type { AppEnv } from '../http/context.ts';
import { goToDestination } from './destination.ts';
import { formWith, typedOf } from './form.ts';
import { showProfile } from './profile-form.tsx';
import { readUnsavedProfile } from './unsaved-profile.ts';

/** Continues at the destination of the form, or shows the unsaved profile. */
export const continueAfterSignIn = async (c: Context<AppEnv>, account: Account): Promise<Response> => {
  const { to, kept } = typedOf(c);
  if (kept === undefined || to !== '/profile') return goToDestination(c, to);
  return showProfile(c, formWith(readUnsavedProfile(kept)), { unsaved: true, account });
};
