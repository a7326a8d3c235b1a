// How an email changes: at once, or pending until the new address is proven.
import { emailKey } from '../identity.ts';
import type { NoticeKind } from '../mail/kinds.ts';
import type { Account } from '../model.ts';
import type { users } from '../store/schema.ts';

export interface EmailChange {
  type: 'email_changed' | 'email_change_requested';
  values: Partial<typeof users.$inferInsert>;
  /** The new address, if it is to be proven before it counts. */
  pending?: { address: string; key: string };
  /** The mail that tells the owner, to the address as it was; null if another mail does, or none can. */
  notice: NoticeKind | null;
}

/**
 * What a new email changes in an account. It is pending until the mail to it proves it. It takes effect at once if this
 * deployment sends no mail, or if only the spelling of the address changes.
 */
export const changeOfEmail = (account: Account, email: string, sendsMail: boolean): EmailChange => {
  const key = emailKey(email);
  const isSame = key === emailKey(account.email);
  if (sendsMail && !isSame)
    return {
      type: 'email_change_requested',
      values: { pendingEmail: email },
      pending: { address: email, key },
      notice: null,
    };
  return {
    type: 'email_changed',
    // Another spelling of a proven address stays proven.
    // A few mail servers take another spelling for another mailbox.
    notice: isSame && email !== account.email ? 'email_respelled' : null,
    values: { email, emailKey: key, pendingEmail: null, ...(isSame ? {} : { emailVerifiedAtMs: null }) },
  };
};
