// The claims about an account that an app receives, by the scopes that the user agreed to.
// @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
import { type Account, displayName } from '../model.ts';

/** The claims of the scopes; `sub` is always included. */
export const claimsOf = (account: Account, sub: string, scopes: readonly string[]) => ({
  sub,
  ...(scopes.includes('email') && {
    email: account.email,
    email_verified: account.emailVerifiedAtMs !== null,
  }),
  ...(scopes.includes('profile') && {
    name: displayName(account),
    ...(account.firstName !== '' && { given_name: account.firstName }),
    ...(account.lastName !== '' && { family_name: account.lastName }),
    ...(account.username !== null && { preferred_username: account.username }),
    locale: account.locale,
    updated_at: Math.floor(account.updatedAtMs / 1000),
  }),
});
