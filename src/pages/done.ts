// What a page says after a change: a one-time cookie carries a code, never a text and never in a URL.
import type { Context } from 'hono';
import { setDoneCookie } from '../http/auth/cookies.ts';
import type { AppEnv } from '../http/context.ts';

const MESSAGES = {
  'account-deleted': 'Your account is deleted.',
  'admin-granted': 'This account is an admin now.',
  'admin-revoked': 'This account is not an admin any more.',
  disabled: 'This account is disabled. All its devices are signed out.',
  'app-removed': 'The app is removed. Its tokens have ended.',
  'app-withdrawn': 'That app no longer knows who you are. To use it again, it has to ask you.',
  'app-password-revoked': 'The app password is revoked. Every session that it opened has ended.',
  'codes-on': 'The authenticator app is on.',
  'email-changed': 'Your email is changed.',
  'email-pending': 'We sent a mail to your new address. Your email changes when you confirm it there.',
  'email-verified': 'Your email address is confirmed.',
  'email-withdrawn': 'Your account keeps its email address.',
  enabled: 'This account can sign in again.',
  'factor-gone': 'It was removed already.',
  'factor-removed': 'It is removed.',
  'factor-there': 'You have an authenticator app already. Remove it first.',
  'factors-removed': 'The second factors and app passwords are removed. All sessions have ended.',
  'no-admin-any-more': 'You are not an admin any more.',
  'others-ended': 'All other devices are signed out.',
  'passkey-added': 'Your passkey is added.',
  'passkey-renamed': 'Your passkey is renamed.',
  'password-changed': 'Your password is changed. All other devices are signed out.',
  'password-reset': 'Your new password is set. Sign in with it.',
  'picture-changed': 'Your picture is changed.',
  'profile-changed': 'Your profile is saved.',
  'reset-sent': 'If there is an account of that name, we sent a mail with a link to its address.',
  'session-ended': 'That device is signed out.',
  'session-gone': 'That device was signed out already.',
  'sessions-ended': 'All devices of this account are signed out.',
  'signed-out': 'You are signed out.',
  'signed-up': 'Welcome. This is your account.',
  'start-again': 'This took too long. Start again.',
  'user-deleted': 'The account is deleted.',
  'user-reset-sent': 'The owner gets a mail with a link that sets a new password.',
  'user-verification-sent': 'The owner gets a mail with a link that confirms the address.',
  'user-verified': 'The email address of this account is confirmed.',
  'username-changed': 'Your username is changed.',
  'verification-sent':
    'We sent you a mail with a link and a code. If none arrives, look in your spam folder.',
} as const;

export type Done = keyof typeof MESSAGES;

const isDone = (code: string): code is Done => Object.hasOwn(MESSAGES, code);

/** The changes after which people are offered a passkey. Never in the middle of signing in. */
const OFFERS: ReadonlySet<string> = new Set<Done>(['signed-up']);

/** Whether the page with the message offers a passkey too. */
export const offersPasskey = (code: string | undefined): boolean => code !== undefined && OFFERS.has(code);

/** The sentence for a code; null if there is none. */
export const doneMessage = (code: string | undefined): string | null =>
  code !== undefined && isDone(code) ? MESSAGES[code] : null;

/** Redirects to a page that says what was done. 303, so that the browser uses GET. */
export const goOn = (c: Context<AppEnv>, path: string, done: Done): Response => {
  setDoneCookie(c, done);
  return c.redirect(path, 303);
};
