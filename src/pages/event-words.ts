// A sentence for each event of the audit log.
import type { EventView } from '../core/index.ts';

const WORDS: Readonly<Record<string, string>> = {
  registered: 'Account created',
  login: 'Signed in',
  login_refused: 'Password refused',
  logout: 'Signed out',
  profile_changed: 'Profile changed',
  picture_changed: 'Picture changed',
  password_changed: 'Password changed',
  email_changed: 'Email changed',
  username_changed: 'Username changed',
  session_ended: 'A device signed out',
  sessions_ended: 'Other devices signed out',
  disabled: 'Account disabled',
  enabled: 'Account enabled',
  admin_granted: 'Made an admin',
  admin_revoked: 'Admin role removed',
  deleted: 'Account deleted',
  reauthenticated: 'Confirmed that it was you',
  passkey_added: 'Passkey added',
  factor_renamed: 'Passkey renamed',
  passkey_removed: 'Passkey removed',
  passkey_counter: 'A passkey counted backwards: there may be a copy of it',
  totp_added: 'Authenticator app added',
  totp_removed: 'Authenticator app removed',
  recovery_codes_renewed: 'New recovery codes made',
  recovery_code_used: 'Recovery code used',
  factor_refused: 'Code or passkey refused',
  factors_removed: 'Passkeys and codes removed',
  app_allowed: 'App allowed to know who you are',
  app_registered: 'App registered',
  app_secret_renewed: 'Secret of an app renewed',
  app_removed: 'App removed',
  app_withdrawn: 'Access of an app removed',
  app_password_added: 'App password added',
  app_password_removed: 'App password removed',
  email_verified: 'Email address confirmed',
  email_change_requested: 'New email address asked for',
  email_change_withdrawn: 'New email address withdrawn',
  email_change_undone: 'Change of email address undone',
  password_reset_requested: 'New password asked for by mail',
  password_reset: 'Password reset by mail',
  login_code_requested: 'Sign-in code asked for',
  mail_undeliverable: 'A mail could not be delivered',
  mail_given_up: 'A mail could not be sent in time',
};

export const eventWords = ({ type, actorId }: EventView): string =>
  `${(Object.hasOwn(WORDS, type) && WORDS[type]) || type}${actorId === null ? '' : ', by an admin'}`;

/** Whether the event is a refusal: a wrong password, code or passkey. */
export const isRefusal = ({ type }: Pick<EventView, 'type'>): boolean => type.endsWith('_refused');
