// What happened to an account, in words.
import type { EventView } from '../core/index.ts';

const WORDS: Readonly<Record<string, string>> = {
  registered: 'Account made',
  login: 'Signed in',
  login_refused: 'Password refused',
  logout: 'Signed out',
  profile_changed: 'Profile changed',
  picture_changed: 'Picture changed',
  password_changed: 'Password changed',
  email_changed: 'Email changed',
  username_changed: 'Username changed',
  session_ended: 'A session ended',
  sessions_ended: 'Other sessions ended',
  disabled: 'Account disabled',
  enabled: 'Account enabled',
  admin_granted: 'Made an admin',
  admin_revoked: 'No admin any more',
  deleted: 'Account deleted',
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
  app_password_added: 'App password added',
  app_password_removed: 'App password removed',
};

export const eventWords = ({ type, actorId }: EventView): string =>
  `${(Object.hasOwn(WORDS, type) && WORDS[type]) || type}${actorId === null ? '' : ', by an admin'}`;
