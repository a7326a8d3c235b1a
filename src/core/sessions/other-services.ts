// What a session must be before it counts at other services: for their apps, their servers and their Workers.
import { err, ok, type Reauthenticate, type Result, type UnverifiedEmail } from '../errors.ts';
import type { Policy, Principal } from '../model.ts';

/**
 * Whether REQUIRE_VERIFIED_EMAIL keeps the account out for now. The session of a registration is good here, as the
 * dialects' documents say, so that its owner can prove the address. Another service would take it for a login.
 */
export const mustVerifyEmail = (
  { requiresVerifiedEmail }: Pick<Policy, 'requiresVerifiedEmail'>,
  { emailVerifiedAtMs }: Pick<Principal['account'], 'emailVerifiedAtMs'>,
): boolean => requiresVerifiedEmail && emailVerifiedAtMs === null;

/**
 * Whether a session may sign its account in to an app, or get a token for another server. Refuses `unverified_email`
 * for an address that must be proven first, and `reauthenticate` for a session of an app password: that is for the one
 * client that can ask for nothing else, and would open every app without the second factor.
 */
export const checkForOtherServices = (
  policy: Pick<Policy, 'requiresVerifiedEmail'>,
  { account, session }: Pick<Principal, 'account' | 'session'>,
): Result<null, UnverifiedEmail | Reauthenticate> => {
  if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' });
  return mustVerifyEmail(policy, account) ? err({ reason: 'unverified_email' }) : ok(null);
};
