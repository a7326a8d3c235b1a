// The kinds of mail, and how long a notice stays useful.

/** Mails that carry a link or a code. */
const PROOF_MAILS = ['verify_email', 'reset_password', 'change_email', 'email_changed', 'sign_in'] as const;

/** Notices. Their links do nothing by themselves. */
const NOTICES = [
  'password_changed',
  'password_reset',
  'username_changed',
  'email_respelled',
  'factor_added',
  'factor_renamed',
  'factor_removed',
  'factors_removed',
  'recovery_codes_renewed',
  'recovery_code_used',
  'app_password_added',
  'app_password_removed',
  'app_allowed',
  'new_device',
  'account_deleted',
  'account_disabled',
  'admin_granted',
  'admin_revoked',
] as const;

export type ProofMailKind = (typeof PROOF_MAILS)[number];
export type NoticeKind = (typeof NOTICES)[number];
export type MailKind = ProofMailKind | NoticeKind;

const MAILS: readonly string[] = [...PROOF_MAILS, ...NOTICES];
export const isMailKind = (text: string): text is MailKind => MAILS.includes(text);

/** A notice that could not be delivered for a day is given up. */
export const NOTICE_SECONDS = 24 * 60 * 60;
